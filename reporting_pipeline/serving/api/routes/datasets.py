"""`/datasets`: what reports are made of, and the columns that a definition may name."""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import Field

from reporting_pipeline.registry.columns import Column, ColumnKind, ColumnType, Unit
from reporting_pipeline.registry.datasets import DATASETS, Dataset, dataset
from reporting_pipeline.serving.api.answers import ApiModel, tagged
from reporting_pipeline.serving.api.callers import Viewer

router = APIRouter(prefix="/datasets", tags=["datasets"])


class DatasetColumn(ApiModel):
    """A column of a dataset."""

    name: str = Field(description="The name in definitions.")
    title: str = Field(description="The heading, unless a definition gives another.")
    type: ColumnType
    kind: ColumnKind = Field(
        description="Measures are summed, balances are the last of a period, ratios are computed."
    )
    unit: Unit | None = Field(description="Of a figure; `minor`: minor units of the currency.")
    description: str
    is_nullable: bool
    values: list[str] = Field(description="All values it may have; empty: there are many.")
    not_over: list[str] = Field(description="Columns over whose values it is not summed.")
    numerator: list[str] = Field(description="Of a ratio: the columns whose sum is divided.")
    denominator: list[str] = Field(description="Of a ratio: the columns whose sum divides.")
    names: str | None = Field(description="Of a name: the id column that it names.")


class DatasetLine(ApiModel):
    """A dataset in the list."""

    name: str = Field(description="The name in definitions.")
    title: str
    grain: str = Field(description="What one row represents.")
    description: str
    day_column: str | None = Field(
        description="The column that a period selects by; null: its rows belong to no day."
    )
    column_count: int


class OneDataset(DatasetLine):
    """A dataset with its columns, in reading order."""

    columns: list[DatasetColumn]


class DatasetList(ApiModel):
    """All datasets."""

    items: list[DatasetLine]


@router.get("", summary="List the datasets", response_model=DatasetList)
async def list_datasets(caller: Viewer, request: Request) -> Response:  # noqa: ARG001 - the role
    """The same for every organisation; no rows of any."""
    items = [DatasetLine(**_described(each)) for each in DATASETS]
    return tagged(request, DatasetList(items=items))


@router.get("/{name}", summary="One dataset with its columns", response_model=OneDataset)
async def one_dataset(
    caller: Viewer,  # noqa: ARG001 - the role
    request: Request,
    name: str,
) -> Response:
    """The columns, with what a definition may do with each of them."""
    found = dataset(name)
    columns = list(map(_column, found.columns))
    return tagged(request, OneDataset(**_described(found), columns=columns))


def _described(each: Dataset) -> dict[str, Any]:
    return {
        "name": each.name,
        "title": each.title,
        "grain": each.grain,
        "description": each.description,
        "day_column": each.day_column,
        "column_count": len(each.columns),
    }


def _column(column: Column) -> DatasetColumn:
    return DatasetColumn(
        name=column.name,
        title=column.title,
        type=column.type,
        kind=column.kind,
        unit=column.unit,
        description=column.description,
        is_nullable=column.nullable,
        values=list(column.values),
        not_over=list(column.not_over),
        numerator=list(column.numerator),
        denominator=list(column.denominator),
        names=column.names,
    )
