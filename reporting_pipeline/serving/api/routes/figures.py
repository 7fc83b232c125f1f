"""`/figures`: the figures of an organisation for a dashboard, as of a day."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from reporting_pipeline.errors import CallInvalid
from reporting_pipeline.publishing.day_figures import DayFigure, day_figures
from reporting_pipeline.serving.api.answers import ApiModel, ReportDay, tagged
from reporting_pipeline.serving.api.callers import Viewer
from reporting_pipeline.serving.api.context import Api

router = APIRouter(prefix="/figures", tags=["events"])


class Figure(ApiModel):
    """One figure over all events."""

    dataset: str = Field(description="`GET .../datasets/NAME` describes it.")
    name: str = Field(description="The column of the dataset.")
    currency: str | None = Field(description="Amounts of several currencies are never summed.")
    value: int = Field(description="Money in minor units.")


class Figures(ApiModel):
    """The figures of a report day; the day may not be final yet."""

    as_of: date
    items: list[Figure]


@router.get(
    "/{as_of}", summary="The figures as of a day", name="day_figures", response_model=Figures
)
def figures(
    caller: Viewer,
    api: Api,
    request: Request,
    as_of: Annotated[ReportDay, Path(description="A report day, such as 2026-02-28.")],
) -> Response:
    """Money of the day, and tickets, admissions and money up to its end, by currency."""
    if as_of == date.max:
        message = f"{as_of} is the last day that there is: name an earlier one"
        raise CallInvalid(message)
    found = day_figures(api.settings.warehouse_url(), caller.organization_id, as_of)
    return tagged(request, Figures(as_of=as_of, items=list(map(_shown, found))))


def _shown(each: DayFigure) -> Figure:
    return Figure(dataset=each.dataset, name=each.name, currency=each.currency, value=each.value)
