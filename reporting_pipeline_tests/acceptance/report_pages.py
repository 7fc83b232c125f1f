"""The pages of the shipped reports, `docs/reports/<slug>.md`: their form and their examples.

An example is a line `Organisation, period:` and, below it, a table of the report's rows as people
read them. The line may also name an event, and how many rows are shown:

    Lindenhof Konzerte GmbH, `2025-09`:
    Lindenhof Konzerte GmbH, Seewiesen Open Air 2025, `2025-08-24`, the first 8 rows:
"""

import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg import Connection
from sqlalchemy import URL

from reporting_pipeline.domain.period import Period
from reporting_pipeline.exports.canonical_rows import parse_lines
from reporting_pipeline.exports.pdf.page_texts import CellTexts, total_rows
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.publishing.snapshot import (
    ReportRequest,
    platform_snapshot,
    read_report,
    report_state,
)
from reporting_pipeline.registry.datasets import dataset
from reporting_pipeline.report_definitions.definition import (
    DeclaredDefinition,
    ReportDefinition,
)
from reporting_pipeline.report_definitions.derived_columns import with_derived_columns
from reporting_pipeline.report_definitions.files import STARTER_SET, read_folder
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.architecture.repository import DOCS

REPORT_PAGES = DOCS / "reports"
STARTER = {each.slug: each for each in read_folder(STARTER_SET)}

Table = list[tuple[str, ...]]

_EXAMPLE = re.compile(
    r"^(?P<organization>[^,\n|]+)(?:, (?P<event>[^\n|`]+))?, `(?P<days>[0-9_-]+)`"
    r"(?:, the first (?P<row_count>[0-9]+) rows)?:\n(?:\n(?P<table>(?:\|[^\n]*\n)+))?",
    re.MULTILINE,
)
_CELL = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"\|(?:-+:?\|)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Rows of one report, or of a block of it, for one organisation and period.

    Attributes:
        block: The title of the block; None of a report without blocks.
        event: The name of the event, of a report of one event.
        days: The period without its event: 2025-09.
        row_count: How many rows are shown; None for all.
        table: The rows of the page: headings, rows and totals.
    """

    block: str | None
    organization: str
    event: str | None
    days: str
    row_count: int | None
    table: Table


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """A page: its text, and the sections by their headings."""

    path: Path
    text: str

    @classmethod
    def read(cls, path: Path) -> "ReportPage":
        """The page of a file."""
        return cls(path=path, text=path.read_text(encoding="utf-8"))

    @property
    def title(self) -> str:
        """The first heading."""
        return self.text.splitlines()[0].removeprefix("# ")

    @property
    def sections(self) -> dict[str, str]:
        """Heading -> text below it, in order; the text above the first has an empty heading."""
        parts = re.split(r"^## (.+)\n", self.text, flags=re.MULTILINE)
        return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}

    @property
    def meanings(self) -> Table:
        """The lines of the table of lines, without its head: heading or row, and meaning."""
        return table_of(self.sections["Lines"])[1:]

    @property
    def examples(self) -> list[Example]:
        """The examples, in order."""
        return [example for example, _ in _examples(self.text)]


def headings_of(definition: DeclaredDefinition) -> dict[str | None, list[str]]:
    """Title of each block, or None -> its headings, in order."""
    config = definition.config
    titles: list[str | None] = [each.title for each in config.blocks]
    found: dict[str | None, list[str]] = {}
    for title, part in zip(titles or [None], config.parts, strict=True):
        source = with_derived_columns(dataset(part.dataset), part)
        found[title] = [each.label or source.column(each.name).title for each in part.columns]
    return found


def rows_of_example(warehouse: URL, slug: str, example: Example) -> Table:
    """The rows of the report as people read them: headings, rows and totals."""
    with (
        warehouse_connection(warehouse) as connection,
        platform_snapshot(connection),
        tempfile.TemporaryDirectory() as folder,
    ):
        request = _request(connection, slug, example)
        state = report_state(connection, request, delay_seconds=7200)
        document = read_report(
            connection,
            request,
            state,
            is_provisional=False,
            spool_path=Path(folder) / "rows.csv",
        )
        parts = dict(zip(headings_of(STARTER[slug]), document.parts, strict=True))
        return _table(parts[example.block], example.row_count)


def with_new_examples(page: ReportPage, tables: Sequence[Table]) -> str:
    """The text of the page with these tables in place of those of its examples."""
    text = page.text
    for (_, found), table in reversed(list(zip(_examples(text), tables, strict=True))):
        head = found[0].split(":\n")[0]
        text = f"{text[: found.start()]}{head}:\n\n{_markdown(table)}{text[found.end() :]}"
    return text


def table_of(text: str) -> Table:
    """The cells of the lines of a table, without the line below its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [
        tuple(cell.strip().replace("\\|", "|") for cell in _CELL.split(line)[1:-1])
        for line in lines
        if not _RULE.fullmatch(line)
    ]


def _examples(text: str) -> Iterator[tuple[Example, re.Match[str]]]:
    begin = text.index("\n## Example\n")
    for found in _EXAMPLE.finditer(text, begin):
        titles = re.findall(r"^### (.+)$", text[begin : found.start()], re.MULTILINE)
        row_count = found["row_count"]
        yield (
            Example(
                block=titles[-1] if titles else None,
                organization=found["organization"],
                event=found["event"],
                days=found["days"],
                row_count=int(row_count) if row_count else None,
                table=table_of(found["table"] or ""),
            ),
            found,
        )


def _request(connection: Connection[Any], slug: str, example: Example) -> ReportRequest:
    declared = STARTER[slug]
    organization_id = _id_of(connection, "ticketing_organizations", example.organization)
    token = example.days
    if example.event is not None:
        event_id = _id_of(connection, "ticketing_events", example.event)
        token = f"event-{event_id}_{example.days}"
    definition = ReportDefinition(
        id=UUID(int=1),
        organization_id=organization_id,
        slug=slug,
        name=declared.name,
        category=declared.category,
        schedule=declared.schedule,
        status=declared.status,
        formats=declared.formats,
        version=1,
        config=declared.config,
    )
    return ReportRequest(definition=definition, period=Period.of_token(token))


def _id_of(connection: Connection[Any], table: str, name: str) -> UUID:
    statement = f"select id from landing.{table} where name = %s"  # noqa: S608 - our own names
    [(found,)] = connection.execute(statement.encode(), (name,)).fetchall()
    assert isinstance(found, UUID)
    return found


def _table(document: ReportDocument, row_count: int | None) -> Table:
    texts = CellTexts.of(document.manifest, document.currency)
    table = [tuple(column.header for column in document.columns)]
    canonical = parse_lines(document.rows.path.read_text(encoding="utf-8"))
    table += list(texts.rows(canonical))[:row_count]
    for total in total_rows(document.manifest, texts) if document.has_totals else ():
        empty = ("",) * (total.span - 1)
        table.append((total.label, *empty, *total.cells) if total.span else total.cells)
    return table


def _markdown(table: Table) -> str:
    head, *rows = [[cell.replace("|", "\\|") for cell in row] for row in table]
    sides = ["--:" if _is_figure(row[i] for row in rows) else "---" for i in range(len(head))]
    lines = ["| " + " | ".join(row) + " |" for row in (head, *rows)]
    return "\n".join([lines[0], f"|{'|'.join(sides)}|", *lines[1:]]) + "\n"


def _is_figure(texts: Iterator[str]) -> bool:
    shown = [text for text in texts if text]
    return bool(shown) and all(re.fullmatch(r"-?[0-9.,]+%?", text) for text in shown)
