"""An asset of report files whose reports are generated in shares, each by one worker.

    plan     how many reports are due? -> the number of shares
    share    "share 2 of 7": the reports whose names have that remainder, generated and listed
    end      the lists of all shares -> the metadata of the partitions, as of an undivided asset

A step gets its number and nothing else, so it can be repeated on any machine: a worker that was
killed leaves reports, each of which exists whole or not at all, and the worker that gets the step
again gives the same reports the same bytes. The lists of the shares are metadata of their outputs,
which all machines read from Dagster's storage.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
from pydantic import TypeAdapter

from reporting_pipeline.due.batch import ReportLine, report_lines
from reporting_pipeline.due.due_reports import DueReport, ReportChoice
from reporting_pipeline.due.stale_reports import ReportName, name_of
from reporting_pipeline.orchestration.assets.export_results import BatchSummary, show_summaries
from reporting_pipeline.orchestration.assets.steps import (
    FILE_KINDS,
    REPORTING_TEAM,
    RETRIES,
    step_failures,
)
from reporting_pipeline.orchestration.instance.dynamic_steps import BEFORE, first_each_last
from reporting_pipeline.orchestration.partitions import partition_keys_of
from reporting_pipeline.orchestration.resources import Reports

_RESULT = "result"
_LINES, _REBUILT = "lines", "rebuilt"
_MAX_SHARES = 10_000
_LISTS = TypeAdapter(dict[str, list[ReportLine]])


@dataclass(frozen=True, slots=True)
class Share:
    """One of several shares of the reports that are due."""

    number: int
    count: int

    @classmethod
    def all_of(cls, report_count: int, *, batch_reports: int) -> "list[Share]":
        """The shares of so many reports: at least one, which says so if nothing is due."""
        count = min(max(1, -(-report_count // batch_reports)), _MAX_SHARES)
        return [cls(number, count) for number in range(count)]

    @classmethod
    def of_key(cls, key: str) -> "Share":
        """The share with this `key`."""
        number, _, count = key.partition("_of_")
        return cls(int(number), int(count))

    @property
    def key(self) -> str:
        """Its name in the keys of steps."""
        return f"{self.number}_of_{self.count}"

    def has(self, due: DueReport) -> bool:
        """True for the reports of this share: each report is in one, whatever else is due."""
        name = " ".join(map(str, name_of(due.request)))
        return (
            int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) % self.count == self.number
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The reports that a run generates.

    Attributes:
        partition_of: The partition of a report, for the metadata.
    """

    reports: Sequence[DueReport]
    choice: ReportChoice
    partition_of: Callable[[DueReport], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesAsset:
    """An asset of report files.

    Attributes:
        deps: The assets that it is made of, with their partition mappings.
        config: The config of a run, which is that of each step.
        due: Reads the reports of a run; called in each step.
        are_events: Its partitions are events.
    """

    name: str
    description: str
    partitions: dg.PartitionsDefinition[Any]
    deps: Sequence[dg.AssetDep]
    config: type[dg.Config]
    due: Callable[[dg.AssetExecutionContext, Any, Reports], Due]
    are_events: bool

    def due_in(self, context: dg.OpExecutionContext) -> Due:
        """The reports of a step's run."""
        config = self.config(**context.op_config)
        return self.due(dg.AssetExecutionContext.get(), config, context.resources.reports)


def shared_out(asset: FilesAsset, *, batch_reports: int) -> dg.AssetsDefinition:
    """The asset as three kinds of steps: plan, shares and end."""
    inputs = {f"dep_{n}": dep for n, dep in enumerate(asset.deps)}
    defined = dg.AssetsDefinition.from_graph(
        _graph(asset, list(inputs), batch_reports),
        keys_by_input_name={name: dep.asset_key for name, dep in inputs.items()},
        keys_by_output_name={_RESULT: dg.AssetKey(asset.name)},
        partitions_def=asset.partitions,
        partition_mappings={
            name: dep.partition_mapping for name, dep in inputs.items() if dep.partition_mapping
        },
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name="exports",
        descriptions_by_output_name={_RESULT: asset.description},
        owners_by_output_name={_RESULT: [REPORTING_TEAM]},
    )
    return defined.map_asset_specs(lambda spec: spec.replace_attributes(kinds=set(FILE_KINDS)))


def _graph(asset: FilesAsset, inputs: Sequence[str], batch_reports: int) -> dg.GraphDefinition:
    """The steps; the graph has the config of the asset, and passes it to each of them."""
    plan, share, end = _plan(asset, inputs, batch_reports), _share(asset), _end(asset)

    def config_of_each(config: Any) -> Mapping[str, Any]:
        return {step.name: {"config": dict(config)} for step in (plan, share, end)}

    return dg.GraphDefinition(
        name=asset.name,
        node_defs=[plan, share, end],
        dependencies=first_each_last(plan, share, end),
        input_mappings=[
            dg.InputMapping(
                graph_input_name=name, mapped_node_name=plan.name, mapped_node_input_name=name
            )
            for name in inputs
        ],
        output_mappings=[
            dg.OutputMapping(
                graph_output_name=_RESULT,
                mapped_node_name=end.name,
                mapped_node_output_name=_RESULT,
            )
        ],
        config=dg.ConfigMapping(config_of_each, config_schema=_schema(asset)),
    )


def _schema(asset: FilesAsset) -> Any:
    return asset.config.to_config_schema().as_field()


def _plan(asset: FilesAsset, inputs: Sequence[str], batch_reports: int) -> dg.OpDefinition:
    @dg.op(
        name=f"{asset.name}_plan",
        description="Counts the reports that are due, and divides them into shares.",
        ins={name: dg.In(dg.Nothing) for name in inputs},
        out=dg.DynamicOut(dg.Nothing),
        config_schema=_schema(asset),
        required_resource_keys={"reports"},
        retry_policy=RETRIES,
    )
    def plan(context: dg.OpExecutionContext) -> Iterator[dg.DynamicOutput[None]]:
        with step_failures():
            # Read before any report begins, so that each is read after their rebuild.
            rebuilt = context.resources.reports.rebuilt_and_sealed()
            report_count = len(asset.due_in(context).reports)
        shares = Share.all_of(report_count, batch_reports=batch_reports)
        context.log.info("%s reports are due, in %s shares", report_count, len(shares))
        for share in shares:
            metadata = {} if share.number else {_REBUILT: dg.MetadataValue.json(list(rebuilt))}
            yield dg.DynamicOutput(None, mapping_key=share.key, metadata=metadata)

    return plan


def _share(asset: FilesAsset) -> dg.OpDefinition:
    @dg.op(
        name=f"{asset.name}_share",
        description="Generates the reports of one share.",
        ins={BEFORE: dg.In(dg.Nothing)},
        out=dg.Out(dg.Nothing),
        config_schema=_schema(asset),
        required_resource_keys={"reports"},
        retry_policy=RETRIES,
    )
    def generate(context: dg.OpExecutionContext) -> None:
        own = Share.of_key(str(context.get_mapping_key()))
        lists: dict[str, list[ReportLine]] = {}
        with step_failures():
            due = asset.due_in(context)
            chosen = [each for each in due.reports if own.has(each)]
            for result in context.resources.reports.generate_share(chosen, due.choice):
                lists.setdefault(due.partition_of(result.due), []).extend(report_lines(result))
        may_pass = [line for lines in lists.values() for line in lines if line.is_retryable]
        if may_pass and context.retry_number < RETRIES.max_retries:
            raise dg.Failure(description=f"{len(may_pass)} files failed: {may_pass[0].reason}")
        dumped = _LISTS.dump_python(lists, mode="json", exclude_defaults=True)
        context.add_output_metadata({_LINES: dg.MetadataValue.json(dumped)})

    return generate


def _end(asset: FilesAsset) -> dg.OpDefinition:
    @dg.op(
        name=f"{asset.name}_end",
        description="Shows the files of all shares, by partition.",
        ins={BEFORE: dg.In(dg.Nothing)},
        out=dg.Out(dg.Nothing),
        config_schema=_schema(asset),
        required_resource_keys={"reports"},
    )
    def end(context: dg.OpExecutionContext) -> None:
        reports: Reports = context.resources.reports
        of_asset = dg.AssetExecutionContext.get()
        lists: dict[str, list[ReportLine]] = {key: [] for key in partition_keys_of(of_asset)}
        rebuilt: list[int] = []
        for found in _outputs(context, asset.name):
            rebuilt += found.get(_REBUILT, [])
            for key, lines in _LISTS.validate_python(found.get(_LINES, {})).items():
                lists[key] += lines
        generated = _generated([line for lines in lists.values() for line in lines])
        summaries = {key: _summary(lines) for key, lines in lists.items()}
        with step_failures():
            if not context.op_config.get("format"):  # the other formats still need them
                reports.forget_if_generated(rebuilt, generated)
            show_summaries(of_asset, reports, summaries, are_events=asset.are_events)

    return end


def _outputs(context: dg.OpExecutionContext, asset_name: str) -> Iterator[Mapping[str, Any]]:
    """The metadata of the outputs of the other steps, each once.

    A repeated step has two outputs, of which the newer counts. A run that repeats a failed one has
    the outputs of that one.
    """
    newest: dict[tuple[str, str | None], Mapping[str, Any]] = {}
    for run_id in filter(None, (context.run.parent_run_id, context.run_id)):
        for entry in context.instance.all_logs(run_id, of_type={dg.DagsterEventType.STEP_OUTPUT}):
            event = entry.get_dagster_event()
            if (event.step_key or "").startswith(f"{asset_name}."):
                output = event.step_output_data
                metadata = {
                    name: value.value
                    for name, value in output.metadata.items()
                    if isinstance(value, dg.JsonMetadataValue)
                }
                newest[event.step_key or "", output.mapping_key] = metadata
    yield from newest.values()


def _summary(lines: Sequence[ReportLine]) -> BatchSummary:
    summary = BatchSummary()
    summary.add_lines(sorted(lines, key=lambda line: (line.period, line.slug)))
    return summary


def _generated(lines: Sequence[ReportLine]) -> set[ReportName]:
    """The reports of which no file failed."""
    names = [(line.organization_id, line.slug, line.period) for line in lines]
    failed = {name for name, line in zip(names, lines, strict=True) if line.status == "failed"}
    return {*names} - failed
