"""Audits published reports: their files in the store, and the errors on their days.

Publishing ensures both. The audit finds what went wrong afterwards: a file that was deleted or
changed in the store, or an error that was found on a day after its report was published.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from reporting_pipeline.catalogue.generated_reports import GeneratedReport
from reporting_pipeline.catalogue.stored_files import FindingKind
from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.publishing.gate import Subject
from reporting_pipeline.publishing.stored_file import look_at
from reporting_pipeline.registry.datasets import dataset
from reporting_pipeline.registry.report_tables import RECONCILIATION_BREAKS
from reporting_pipeline.store.object_store import ObjectStore

# The errors themselves, not the gate's decision on them: an audit does not repeat what it audits.
_ERRORS = """
    select date, message
    from reporting.seal_objections
    where
        (organization_id = %(organization_id)s or organization_id is null)
        and report_table = any(%(tables)s)
        and date >= %(first)s and date < %(end)s
    order by date, position
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFault:
    """A fault of one published report."""

    report: GeneratedReport
    fault: str


def stored_file_faults(
    connection: Connection[Any],
    store: ObjectStore,
    reports: Iterable[GeneratedReport],
    now: datetime,
) -> Iterator[AuditFault]:
    """The reports whose file is not in the store, or has other bytes than the catalogue says.

    Raises:
        StoreError: The store cannot be read.
    """
    for report in reports:
        found = look_at(connection, store, report, now, is_read=True)
        if found is not None:
            fault = "the file is not in the store"
            if found.finding is not FindingKind.GONE:
                fault = f"the file has {found.found}, and the catalogue {found.expected}"
            yield AuditFault(report=report, fault=f"{fault}: generate the report again")


def held_day_faults(
    connection: Connection[Any], reports: Iterable[GeneratedReport]
) -> Iterator[AuditFault]:
    """The reports without the stamp PROVISIONAL that are published over held days.

    A report whose status is `held` is left out: its former edition is known to be out of date.
    """
    for report in reports:
        manifest = report.current_manifest()
        if manifest is None or report.status != "ready" or report.is_provisional:
            continue
        reasons = [*_held_when_published(manifest), *_errors_now(connection, manifest)]
        if reasons:
            yield AuditFault(report=report, fault="; ".join(dict.fromkeys(reasons)))


def _held_when_published(manifest: Manifest) -> Iterator[str]:
    for seal in manifest.seals:
        if seal.state == "held":
            yield f"{seal.first} was held when it was published: {'; '.join(seal.reasons)}"


def _errors_now(connection: Connection[Any], manifest: Manifest) -> Iterator[str]:
    if manifest.seals:
        names = [part.definition.dataset for part in manifest.parts]
        tables = {table for name in names for table in dataset(name).depends_on}
        if Subject.of(manifest.definition.category, names).is_reconciled:
            tables.add(RECONCILIATION_BREAKS.name)
        bound = {
            "organization_id": manifest.organization.id,
            "tables": sorted(tables),
            "first": manifest.seals[0].first,
            "end": manifest.seals[-1].end,
        }
        for day, message in connection.execute(_ERRORS, bound):
            yield f"{day}: {message}"
