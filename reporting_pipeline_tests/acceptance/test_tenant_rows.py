"""A reader gets the rows that the owner gets with a condition on the organisation: none is lost."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from psycopg import sql
from sqlalchemy import URL

from reporting_pipeline.registry.datasets import DATASETS, Dataset
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline.warehouse.tenancy import tenant_session
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.acceptance.two_organizations import two_organizations
from reporting_pipeline_tests.books import BOOKS


@pytest.fixture(params=["two organisations", "faults"])
def filled(request: pytest.FixtureRequest, pipeline: Pipeline) -> Pipeline:
    """Books whose organisations refer to each other, or with every fault; built and sealed."""
    if request.param == "faults":
        load_dump(BOOKS / "faults" / "dump", pipeline.sources)
    else:
        pipeline.arrive(two_organizations())
    pipeline.land()
    pipeline.build_all()
    pipeline.seal_all()
    return pipeline


def test_every_dataset_has_the_same_rows_for_the_reader(filled: Pipeline) -> None:
    row_count = 0
    for organization_id in _organizations(filled.warehouse):
        of_owner = _rows(filled.warehouse, organization_id, is_reader=False)
        of_reader = _rows(filled.warehouse, organization_id, is_reader=True)
        for name, rows in of_owner.items():
            assert of_reader[name] == rows, f"{name} of {organization_id}"
            row_count += len(rows)
    assert row_count > 100


def _organizations(url: URL) -> Sequence[UUID]:
    with warehouse_connection(url) as connection:
        found = connection.execute("select id from landing.ticketing_organizations order by id")
        return [each for (each,) in found]


def _rows(url: URL, organization_id: UUID, *, is_reader: bool) -> dict[str, list[str]]:
    session = tenant_session(url, organization_id) if is_reader else warehouse_connection(url)
    with session as connection:
        return {
            each.name: [
                row
                for (row,) in connection.execute(_query(each), {"organization": organization_id})
            ]
            for each in DATASETS
        }


def _query(dataset: Dataset) -> sql.Composed:
    statement = (
        "select rows::text from {} as rows where organization_id = %(organization)s order by 1"
    )
    return sql.SQL(statement).format(sql.Identifier(dataset.schema, dataset.relation))
