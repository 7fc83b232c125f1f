"""`/previews`: the first rows and the totals of a definition that is not saved."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from reporting_pipeline.publishing.preview import PlainValue, PreviewBlock, preview
from reporting_pipeline.registry.columns import ColumnKind, ColumnType, Unit
from reporting_pipeline.report_definitions.compile import ReportColumn
from reporting_pipeline.serving.api.answers import ApiModel, PeriodToken, report_period
from reporting_pipeline.serving.api.callers import Editor
from reporting_pipeline.serving.api.context import Api
from reporting_pipeline.serving.api.definition_bodies import DOCUMENT, Document, declared_in

router = APIRouter(prefix="/previews", tags=["definitions"])

MAX_ROWS = 100
_TIMEOUT_SECONDS = 10


class PreviewColumn(ApiModel):
    """A column of the report."""

    name: str
    header: str = Field(description="As in files for people.")
    type: ColumnType
    kind: ColumnKind
    unit: Unit | None


class PreviewTotal(ApiModel):
    """The totals of one currency, of all rows of the period."""

    currency: str | None = Field(description="Null: of rows without a currency.")
    values: dict[str, int] = Field(description="By column; money in minor units.")
    ratios: dict[str, str] = Field(description="By column; computed from the totals.")


class ShownBlock(ApiModel):
    """One block; a definition without blocks has one."""

    name: str | None = Field(description="Of the block; null without blocks.")
    columns: list[PreviewColumn]
    rows: list[dict[str, PlainValue]] = Field(description="The first rows, by column.")
    totals: list[PreviewTotal]


class Preview(ApiModel):
    """What a report of the definition would show now; its days may not be final yet."""

    period: str
    blocks: list[ShownBlock]


@router.post("", summary="Preview a definition", response_model=Preview, openapi_extra=DOCUMENT)
def preview_definition(
    caller: Editor,
    api: Api,
    document: Document,
    *,
    period: Annotated[
        PeriodToken, Query(description="2026-02-28, 2026-02 or event-<id>_2026-02-28.")
    ],
    limit: Annotated[int, Query(ge=1, le=MAX_ROWS, description="The most rows of a block.")] = 20,
) -> Preview:
    """The first rows and the totals; nothing is saved, and no seal is asked for."""
    found = preview(
        api.settings.warehouse_url(),
        declared_in(document, caller.organization_id).as_version(1),
        report_period(period),
        row_limit=limit,
        timeout_seconds=_TIMEOUT_SECONDS,
    )
    return Preview(period=period, blocks=list(map(_shown, found)))


def _shown(block: PreviewBlock) -> ShownBlock:
    return ShownBlock(
        name=block.name,
        columns=list(map(_column, block.columns)),
        rows=[dict(each) for each in block.rows],
        totals=[
            PreviewTotal(currency=each.currency, values=each.values, ratios=each.ratios)
            for each in block.totals
        ],
    )


def _column(each: ReportColumn) -> PreviewColumn:
    return PreviewColumn(
        name=each.name,
        header=each.header,
        type=each.column.type,
        kind=each.column.kind,
        unit=each.column.unit,
    )
