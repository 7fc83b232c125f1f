"""An aggregate of a BI tool gives the figure of the report with the same rows."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.sql import SQL, Composed, Identifier

from reporting_pipeline.domain.period import Period
from reporting_pipeline.registry.bi_views import BI_SCHEMA
from reporting_pipeline.semantic_models.postgres_sql import aggregate
from reporting_pipeline.semantic_models.semantic_model import (
    Rule,
    SemanticModel,
    semantic_models,
)
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.semantic_models.report_figures import (
    WHOLE,
    groups_of,
    in_reports,
    report_rows,
)

MODELS = {each.name: each for each in semantic_models()}
BREAKS = MODELS["reconciliation_breaks"]
REPORTED = [each for each in semantic_models() if in_reports(each) and each.day is not None]


@pytest.fixture(scope="module")
def connection(clean_pipeline: Pipeline) -> Iterator[psycopg.Connection]:
    with warehouse_connection(clean_pipeline.warehouse) as connection:
        yield connection


@pytest.fixture(scope="module")
def organization_ids(connection: psycopg.Connection) -> list[UUID]:
    rows = connection.execute("select distinct organization_id from reporting_bi.sales_daily")
    return [organization_id for (organization_id,) in rows]


@pytest.mark.parametrize("model", REPORTED, ids=lambda each: each.name)
def test_each_measure_is_that_of_the_report(
    model: SemanticModel, connection: psycopg.Connection, organization_ids: list[UUID]
) -> None:
    for organization_id in organization_ids:
        expected = report_rows(connection, model, organization_id)

        found = _grouped(connection, model, groups_of(model), organization_id, WHOLE)

        assert expected
        assert found == expected


def test_a_balance_is_read_as_of_the_last_day_that_is_asked_for(
    connection: psycopg.Connection, organization_ids: list[UUID]
) -> None:
    model = MODELS["event_summary"]
    rows = connection.execute(
        "select organization_id, min(date), max(date) from reporting_bi.event_summary group by 1"
    ).fetchall()
    for organization_id, first, last in rows:
        as_of = Period(first=date(2020, 1, 1), end=first + (last - first) / 2)

        found = _grouped(connection, model, ("currency",), organization_id, as_of)

        assert found == report_rows(connection, model, organization_id, as_of)


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda each: each.name)
def test_no_measure_is_added_over_what_must_stay_apart(
    model: SemanticModel, connection: psycopg.Connection
) -> None:
    for measure in model.measures:
        for name in measure.single:
            values = connection.execute(
                SQL("select count(distinct {}) from {}").format(
                    Identifier(name), Identifier(BI_SCHEMA, model.name)
                )
            ).fetchone()
            if values is not None and values[0] > 1:
                assert _value(connection, model, measure.name) is None


def test_rows_with_and_without_a_jurisdiction_are_not_of_one_jurisdiction(
    connection: psycopg.Connection,
) -> None:
    model = MODELS["tax_daily"]
    expression = aggregate(model, model.measure("taxable_minor"))
    statement = (
        f"select {expression} from (values ('EUR', cast(null as text), 5), ('EUR', {{}}, 7))"  # noqa: S608
        " as rows (currency, tax_jurisdiction, taxable_minor)"
    )

    mixed = connection.execute(statement.format("'DE'").encode()).fetchone()
    unknown = connection.execute(statement.format("null").encode()).fetchone()

    assert (mixed, unknown) == ((None,), (12,))


def test_breaks_are_summed_within_one_day(connection: psycopg.Connection) -> None:
    statement = (
        "select {} from (values (date '2025-05-01', 'EUR', 5), (date {}, 'EUR', 7))"
        " as rows (date, currency, difference_minor)"
    )
    expression = aggregate(BREAKS, BREAKS.measure("difference_minor"))

    of_one_day = connection.execute(statement.format(expression, "'2025-05-01'").encode())
    of_two_days = connection.execute(statement.format(expression, "'2025-05-02'").encode())

    assert of_one_day.fetchall() == [(12,)]
    assert of_two_days.fetchall() == [(None,)]


def test_events_are_counted_once(connection: psycopg.Connection) -> None:
    for model in MODELS.values():
        if any(each.rule is Rule.DISTINCT for each in model.measures):
            statement = SQL("select count(*) from (select distinct event_id from {} where {})")
            place = Identifier(BI_SCHEMA, model.name)
            counted = connection.execute(
                statement.format(place, SQL("event_id is not null"))
            ).fetchone()
            assert counted == (_value(connection, model, "event_count"),)


def _value(connection: psycopg.Connection, model: SemanticModel, name: str) -> object:
    expression = aggregate(model, model.measure(name))
    [(value,)] = connection.execute(
        f"select {expression} from reporting_bi.{model.name}".encode()  # noqa: S608
    ).fetchall()
    return value


def _grouped(
    connection: psycopg.Connection,
    model: SemanticModel,
    group: tuple[str, ...],
    organization_id: UUID,
    period: Period,
) -> dict[tuple[object, ...], dict[str, Any]]:
    measures = in_reports(model)
    keys = SQL(", ").join(map(Identifier, group))
    figures = SQL(", ").join(SQL(aggregate(model, each)) for each in measures)
    statement: Composed = SQL(
        "select {}, {} from {} where organization_id = %s and date >= %s and date < %s group by {}"
    ).format(keys, figures, Identifier(BI_SCHEMA, model.name), keys)
    rows = connection.execute(statement, [organization_id, period.first, period.end]).fetchall()
    return {
        tuple(row[: len(group)]): {
            each.name: value for each, value in zip(measures, row[len(group) :], strict=True)
        }
        for row in rows
    }
