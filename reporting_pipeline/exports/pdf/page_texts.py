"""The texts on the pages: cells, header and footer, facts, totals and the proof.

The writer puts them on the pages, the reader compares the pages with them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

from babel import Locale

from reporting_pipeline.domain.period import Period
from reporting_pipeline.exports.canonical_rows import CanonicalRow
from reporting_pipeline.exports.manifest import ColumnPart, Manifest, TotalPart
from reporting_pipeline.exports.pdf.visible_text import visible_text
from reporting_pipeline.exports.presentation import (
    count_for_people,
    date_for_people,
    local_text,
    money_for_people,
    rate_for_people,
    ratio_for_people,
)
from reporting_pipeline.registry.columns import ColumnType, Unit

TERMS_TITLE = "Terms"
SIGNATURES_TITLE = "Signatures"
LINES_TO_SIGN = ("Name", "Place and date", "Signature")
"""What each party fills in, from above to below."""

_BOOLEANS = {"true": "yes", "false": "no"}
_MAX_REASONS = 6


class ColumnStyle(StrEnum):
    """The alignment and type of a column; the names are classes of the style sheet."""

    FIGURE = "figure"
    TEXT = "text"
    SHORT = "short"
    ID = "id"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellTexts:
    """Turns canonical rows into the texts of their cells.

    Attributes:
        currency: The name of the column with the currency of a row's money; None: no money.
        time_zone: An IANA name; instants are shown in it.
    """

    columns: tuple[ColumnPart, ...]
    currency: str | None
    locale: str
    time_zone: str

    @classmethod
    def of(cls, manifest: Manifest, currency: str | None) -> "CellTexts":
        """The texts of a report."""
        return cls(
            columns=manifest.columns,
            currency=currency,
            locale=manifest.locale,
            time_zone=manifest.time_zone,
        )

    def rows(self, canonical: Iterable[CanonicalRow]) -> Iterator[tuple[str, ...]]:
        """The texts of each row; empty for null."""
        names = [column.name for column in self.columns]
        place = names.index(self.currency) if self.currency is not None else None
        for values in canonical:
            currency = values[place] if place is not None else None
            yield tuple(
                self.text(column, value, currency)
                for column, value in zip(self.columns, values, strict=True)
            )

    def text(self, column: ColumnPart, value: str | None, currency: str | None) -> str:
        """The text of one value; `currency` is that of its row."""
        text = value or ""
        match column.type if value is not None else None:
            case ColumnType.BIGINT:
                is_money = column.unit == Unit.MINOR
                code = currency if is_money else None
                text = _number_text(text, code, self.locale, is_money=is_money)
            case ColumnType.RATIO:
                of_people = ratio_for_people if column.kind == "ratio" else rate_for_people
                text = of_people(Decimal(text), self.locale)
            case ColumnType.DATE:
                text = _day_text(text, self.locale)
            case ColumnType.INSTANT:
                text = local_text(datetime.fromisoformat(text), self.time_zone)
            case ColumnType.BOOLEAN:
                text = _BOOLEANS[text]
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalRow:
    """A row of totals: a label over the first `span` columns, then a text for each other column."""

    label: str
    span: int
    cells: tuple[str, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """The text of each cell."""
        return ((self.label,) if self.span else ()) + self.cells


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofPart:
    """One part of the proof page; the first cell of each line names the others."""

    title: str
    lines: tuple[tuple[str, ...], ...]
    is_digest: bool = False


def style_of(column: ColumnPart) -> ColumnStyle:
    """The alignment and type of a column."""
    match column.type:
        case ColumnType.BIGINT | ColumnType.RATIO:
            return ColumnStyle.FIGURE
        case ColumnType.UUID | ColumnType.UUIDS:
            return ColumnStyle.ID
        case ColumnType.TEXT:
            return ColumnStyle.TEXT
        case _:
            return ColumnStyle.SHORT


def frame_text(manifest: Manifest, page: int, page_count: int) -> str:
    """The text around a page's content, in reading order: banner, footer and page number."""
    banner = "PROVISIONAL " if manifest.is_provisional else ""
    title, organization = manifest.definition.name, manifest.organization.name
    return (
        f"{banner}{visible_text(title)}, version {manifest.definition.version} · "
        f"{visible_text(organization)} · {period_text(manifest)} Page {page} of {page_count}"
    )


def language_tag(locale: str) -> str:
    """The language of a report's texts, with its script where it matters: zh-Hans-CN for zh_CN."""
    parsed = Locale.parse(locale)
    script = parsed.script or {"zh_CN": "Hans", "zh_SG": "Hans", "zh": "Hans"}.get(locale)
    return "-".join(filter(None, (parsed.language, script, parsed.territory)))


def facts_of(manifest: Manifest) -> list[tuple[str, Sequence[str]]]:
    """The facts above the table: a name, and its values one below the other."""
    definition = manifest.definition
    facts: list[tuple[str, Sequence[str]]] = [
        ("Period", [period_text(manifest)]),
        *event_facts(manifest),
        *([("Time zone", [manifest.time_zone])] if manifest.shows_instants else []),
        ("Definition", [definition.name, f"version {definition.version} ({definition.slug})"]),
        ("Filters", list(manifest.filters) or ["none"]),
        ("Rows", [count_for_people(manifest.row_count, manifest.locale)]),
    ]
    return facts


def facts_of_block(manifest: Manifest) -> list[tuple[str, Sequence[str]]]:
    """The facts above the table of a block."""
    return [
        ("Filters", list(manifest.filters) or ["none"]),
        ("Rows", [count_for_people(manifest.row_count, manifest.locale)]),
    ]


def event_facts(manifest: Manifest) -> list[tuple[str, list[str]]]:
    """The facts of the event of a report over one; none of any other report."""
    event = manifest.event
    if event is None:
        return []
    place = ", ".join(each for each in (event.venue, event.city) if each)
    return [
        ("Event", [event.name]),
        ("Date", [f"{event.start} to {event.end}"]),
        *([("Venue", [place])] if place else []),
        ("Status", [event.status.replace("_", " ")]),
    ]


def closing_texts(manifest: Manifest) -> list[str]:
    """The texts between the last rows and the proof, in reading order: terms, lines to sign."""
    texts = [TERMS_TITLE] if manifest.terms else []
    for each in manifest.terms:
        texts += [each.term, each.meaning]
    if manifest.signatures:
        texts += [SIGNATURES_TITLE, *manifest.signatures]
        texts += [line for line in LINES_TO_SIGN for _ in manifest.signatures]
    return texts


def period_text(manifest: Manifest) -> str:
    """The report days in ISO 8601, because the words around them are not the locale's."""
    period = manifest.period
    return str(Period(first=period.first, end=period.end, event_id=period.event_id))


def provisional_reasons(manifest: Manifest) -> list[str]:
    """The reasons why figures are not final, each once with its days; at most the first six."""
    days: dict[str, list[str]] = {}
    for seal in manifest.seals:
        if seal.state != "final":
            last = date.fromordinal(seal.end.toordinal() - 1)
            span = str(seal.first) if seal.first == last else f"{seal.first} to {last}"
            for reason in seal.reasons or (f"the days are {seal.state}",):
                days.setdefault(reason, []).append(span)
    reasons = [f"{', '.join(spans)}: {reason}" for reason, spans in days.items()]
    if len(reasons) > _MAX_REASONS:
        reasons[_MAX_REASONS:] = [f"and {len(reasons) - _MAX_REASONS} more, told by the proof"]
    return reasons


def total_rows(manifest: Manifest, texts: CellTexts) -> list[TotalRow]:
    """The rows of totals below the table, one per currency, in the order of the manifest.

    Each total is under its column. A label has a row of its own if no column is free for it.
    """
    width = len(texts.columns)
    summed = {name for total in manifest.totals for name in total.texts}
    span = next((i for i, column in enumerate(texts.columns) if column.name in summed), width)
    rows = []
    for total in manifest.totals:
        label = f"Total {total.currency}" if total.currency else "Total"
        if span == 0:
            rows.append(TotalRow(label=label, span=width, cells=()))
        cells = tuple(_total_text(texts, column, total) for column in texts.columns[span:])
        rows.append(TotalRow(label=label if span else "", span=span, cells=cells))
    return rows


def proof_parts(manifest: Manifest, texts: CellTexts) -> list[ProofPart]:
    """The parts of the proof page, in order; parts without lines are left out."""
    parts = [
        ProofPart(title="Rows", lines=_row_lines(manifest), is_digest=True),
        ProofPart(title="Control totals", lines=_total_lines(manifest, texts)),
        ProofPart(title="Report", lines=_report_lines(manifest)),
        ProofPart(
            title="Sources, complete through",
            lines=tuple((each.domain, each.complete_through) for each in manifest.watermarks),
        ),
        ProofPart(
            title="Seals of the report days",
            lines=tuple(
                (f"from {each.first}, before {each.end}", each.state, "; ".join(each.reasons))
                for each in manifest.seals
            ),
        ),
        ProofPart(
            title="Accepted breaks",
            lines=tuple(
                (str(each), f"{each.accepted_by}, {each.accepted_at}", each.reason)
                for each in manifest.accepted_breaks
            ),
        ),
    ]
    return [part for part in parts if part.lines]


def proof_parts_of_blocks(manifest: Manifest, texts: Sequence[CellTexts]) -> list[ProofPart]:
    """The parts of the proof page of a report of several blocks."""
    parts = proof_parts(manifest, texts[0])
    rows = list(_row_lines(manifest))
    totals: list[tuple[str, ...]] = []
    for block, of_block, texts_of_block in zip(manifest.blocks, manifest.parts, texts, strict=True):
        rows += [(f"{block.title}: {name}", value) for name, value in _row_lines(of_block)]
        totals += [
            (f"{block.title}: {name}", value)
            for name, value in _total_lines(of_block, texts_of_block)
        ]
    of_rows = ProofPart(title=parts[0].title, lines=tuple(rows), is_digest=True)
    of_totals = ProofPart(title="Control totals", lines=tuple(totals))
    return [of_rows, *([of_totals] if totals else []), *parts[1:]]


@lru_cache(maxsize=8192)
def _number_text(value: str, currency: str | None, locale: str, *, is_money: bool) -> str:
    if is_money:
        return money_for_people(int(value), currency, locale)
    return count_for_people(int(value), locale)


@lru_cache(maxsize=1024)
def _day_text(value: str, locale: str) -> str:
    return date_for_people(date.fromisoformat(value), locale)


def _total_text(texts: CellTexts, column: ColumnPart, total: TotalPart) -> str:
    value = total.texts.get(column.name)
    return "" if value is None else texts.text(column, value, total.currency)


def _row_lines(manifest: Manifest) -> tuple[tuple[str, ...], ...]:
    return (
        ("Number of rows", count_for_people(manifest.row_count, manifest.locale)),
        ("SHA-256 of the rows", manifest.rows_sha256),
    )


def _total_lines(manifest: Manifest, texts: CellTexts) -> tuple[tuple[str, ...], ...]:
    by_name = {column.name: column for column in reversed(manifest.columns)}
    return tuple(
        (total.currency or "Of no currency", " · ".join(_total_figures(total, by_name, texts)))
        for total in manifest.totals
    )


def _total_figures(
    total: TotalPart, by_name: Mapping[str, ColumnPart], texts: CellTexts
) -> Iterator[str]:
    for name, value in total.texts.items():
        column = by_name[name]
        yield f"{column.header} {texts.text(column, value, total.currency)}"


def _report_lines(manifest: Manifest) -> tuple[tuple[str, ...], ...]:
    definition, event_id = manifest.definition, manifest.period.event_id
    return (
        ("Definition", f"{definition.id}, version {definition.version}"),
        ("Dataset", definition.dataset),
        ("Report numbers", f"version {manifest.logic_version}"),
        ("Organisation", str(manifest.organization.id)),
        *((("Event", str(event_id)),) if event_id else ()),
        ("Period", manifest.period.token),
    )
