"""restatement_changes: what differs between an edition of a report and the edition before."""

from reporting_pipeline.registry.columns import ColumnType, attribute, key
from reporting_pipeline.registry.datasets.dataset import Dataset

_REPORTS = "generated_reports"
_EDITIONS = "generated_report_editions"
_ROWS = "restated_rows"

RESTATEMENT_CHANGES = Dataset(
    name="restatement_changes",
    title="Restatement changes",
    grain="One row per added row, removed row or changed value, between two editions of a report.",
    description=(
        "Why a report reads otherwise than before. A period takes the reports whose first day lies "
        "in it, whenever they were restated. The rows are those of the catalogue, not of a report "
        "table."
    ),
    schema="catalogue",
    relation="restatement_changes",
    columns=(
        key(
            "organization_id",
            ColumnType.UUID,
            "Organisation of the report.",
            f"{_REPORTS}.organization_id",
        ),
        key(
            "definition_id",
            ColumnType.UUID,
            "Definition of the report.",
            f"{_REPORTS}.definition_id",
        ),
        attribute(
            "slug",
            ColumnType.TEXT,
            "Name of the definition in paths.",
            "report_definitions.slug",
        ),
        key(
            "period_token",
            ColumnType.TEXT,
            "The report's period, as paths name it.",
            f"{_REPORTS}.period",
        ),
        key("format", ColumnType.TEXT, "Format of the report's file.", f"{_REPORTS}.format"),
        key(
            "edition",
            ColumnType.BIGINT,
            "Number of the edition that differs.",
            f"{_EDITIONS}.edition",
        ),
        attribute(
            "former_edition",
            ColumnType.BIGINT,
            "Number of the edition before.",
            f"{_EDITIONS}.edition",
        ),
        key(
            "position",
            ColumnType.BIGINT,
            "Number of the difference between the two editions.",
            f"{_ROWS}.position",
        ),
        attribute(
            "change",
            ColumnType.TEXT,
            "Whether a row was added or removed, or a value of it changed.",
            f"{_ROWS}.change",
            values=("added", "removed", "changed"),
        ),
        attribute(
            "cause",
            ColumnType.TEXT,
            "Why the edition was made: late row, correction, definition, logic version or seal.",
            f"{_EDITIONS}.causes",
        ),
        attribute(
            "row_key",
            ColumnType.TEXT,
            "The row that differs: the values of its key.",
            f"{_ROWS}.row_key",
        ),
        attribute(
            "column_name",
            ColumnType.TEXT,
            "The column whose value changed; null where a whole row came or went.",
            f"{_ROWS}.column_name",
            nullable=True,
        ),
        attribute(
            "former_value",
            ColumnType.TEXT,
            "The value in the edition before, in canonical form; null where there was none.",
            f"{_ROWS}.former_value",
            nullable=True,
        ),
        attribute(
            "new_value",
            ColumnType.TEXT,
            "The value in this edition, in canonical form; null where there is none.",
            f"{_ROWS}.new_value",
            nullable=True,
        ),
        attribute(
            "date",
            ColumnType.DATE,
            "First report day of the report's period.",
            f"{_REPORTS}.period_first",
            f"{_REPORTS}.period_end",
        ),
    ),
    rests_on=(),
)
