"""The shorter ways through dbt give what dbt gives, and leave dbt as it was."""

from contextlib import nullcontext
from datetime import date
from types import SimpleNamespace

import pytest
from dbt import compilation
from dbt.artifacts.resources.v1.components import InjectedCTE
from dbt.compilation import inject_ctes_into_sql
from dbt.plugins.manager import PluginManager
from dbt_common.behavior_flags import BehaviorFlagRendered
from dbt_common.clients.jinja import MacroFuzzEnvironment
from dbt_common.events.base_types import EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.events.types import Note

from reporting_pipeline.building import dbt, dbt_shortcuts
from reporting_pipeline.building.dbt import parsed_project
from reporting_pipeline.building.dbt_shortcuts import shortcuts
from reporting_pipeline_tests.acceptance.pipelines import Pipeline

DAY = date(2025, 5, 2)


def test_every_model_compiles_to_the_same_sql(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = _compiled(pipeline)

    slow = SimpleNamespace(copy=parsed_project().deepcopy)
    monkeypatch.setattr(dbt, "shortcuts", nullcontext)
    monkeypatch.setattr(dbt, "_copies", lambda _: slow)

    assert len(ours) > 100
    assert ours == _compiled(pipeline)


def _compiled(pipeline: Pipeline) -> dict[str, str]:
    variables = '{"days": [["2025-05-02", "2025-05-03"]], "in_pipeline": true}'
    result = dbt._invoke_at(pipeline.warehouse, ["compile", "--vars", variables])
    assert result.success
    return {each.node.unique_id: each.node.compiled_code for each in result.result.results}


def test_a_build_leaves_the_parsed_project_as_it_was(pipeline: Pipeline) -> None:
    manifest = parsed_project()
    before, graph = manifest.to_dict(), repr(manifest.flat_graph)

    pipeline.build([DAY])

    assert manifest.to_dict() == before
    assert repr(manifest.flat_graph) == graph


def test_dbt_has_its_own_functions_before_and_after() -> None:
    places = [
        *((compilation, "inject_ctes_into_sql"), (PluginManager, "get_prefixed_modules")),
        *((BehaviorFlagRendered, "_default_source"), (MacroFuzzEnvironment, "compile")),
        (EventManager, "fire_event"),
    ]
    before = [vars(owner).get(name) for owner, name in places]

    with shortcuts():
        meanwhile = [vars(owner).get(name) for owner, name in places]

    assert [vars(owner).get(name) for owner, name in places] == before
    assert all(ours is not theirs for ours, theirs in zip(meanwhile, before, strict=True))


@pytest.mark.parametrize(
    ("level", "is_forced", "count"),
    [
        *((EventLevel.DEBUG, False, 0), (EventLevel.INFO, False, 0)),
        *((EventLevel.WARN, False, 1), (EventLevel.ERROR, False, 1), (EventLevel.INFO, True, 1)),
    ],
)
def test_an_event_that_can_become_an_error_is_fired(
    level: EventLevel, is_forced: bool, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fired: list[object] = []
    monkeypatch.setattr(EventManager, "fire_event", lambda *each, **_: fired.append(each))

    with shortcuts():
        EventManager().fire_event(Note(msg="seen"), level, force_warn_or_error_handling=is_forced)

    assert len(fired) == count


def test_a_model_gets_its_ephemeral_models_as_dbt_would_insert_them(
    monkeypatch: pytest.MonkeyPatch, pipeline: Pipeline
) -> None:
    ours = dbt_shortcuts.insert_ctes
    inserted: list[tuple[str, list[InjectedCTE]]] = [
        (sql, [InjectedCTE(id="a", sql=" a as (select 1)"), InjectedCTE(id="b", sql=" b as ()")])
        for sql in (
            "select 1",
            "\n-- with\nselect 1",
            "\n -- it's\n/* with */ WITH\n  c as (select 1) select * from c",
            "with recursive c as (select 1) select * from c",
            "with -- why\n c as (select 1) select * from (with d as (select 2) select * from d)",
            "select * from (with d as (select 2) select * from d)",
        )
    ]

    def both(sql: str, ctes: list[InjectedCTE]) -> str:
        inserted.append((sql, [*ctes]))
        return ours(sql, ctes)

    monkeypatch.setattr(dbt_shortcuts, "insert_ctes", both)
    pipeline.build([DAY])

    assert sum(bool(ctes) for _, ctes in inserted) > 12
    for sql, ctes in inserted:
        assert ours(sql, ctes) == inject_ctes_into_sql(sql, ctes)
