"""The texts on the pages: cells, totals, header, footer with proof, terms and lines to sign.

The writer puts them on the pages, the reader compares the pages with them.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

from babel import Locale

from reporting_pipeline.exports.canonical_rows import CanonicalRow
from reporting_pipeline.exports.manifest import BlockPart, ColumnPart, Manifest, TotalPart
from reporting_pipeline.exports.pdf.visible_text import visible_text
from reporting_pipeline.exports.presentation import (
    count_for_people,
    date_for_people,
    local_text,
    money_for_people,
    rate_for_people,
    ratio_for_people,
)
from reporting_pipeline.exports.report_heading import (
    PAGE_NUMBER,
    accepted_break_text,
    event_facts,
    period_text,
    provisional_texts,
)
from reporting_pipeline.exports.shown_words import shown_word
from reporting_pipeline.languages import shown_finding, translated
from reporting_pipeline.registry.columns import ColumnType, Unit

FILTERS = "Filters"
TERMS_TITLE = "Terms"
BREAKS_TITLE = "Accepted breaks"
SIGNATURES_TITLE = "Signatures"
LINES_TO_SIGN = ("Name", "Place and date", "Signature")
"""The lines that each party fills in, from left to right."""

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
        zone: Instants are shown in it.
    """

    columns: tuple[ColumnPart, ...]
    currency: str | None
    locale: str
    zone: tzinfo

    @classmethod
    def of(cls, manifest: Manifest, currency: str | None) -> "CellTexts":
        """The texts of a report."""
        return cls(
            columns=manifest.columns,
            currency=currency,
            locale=manifest.locale,
            zone=manifest.zone,
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
            case ColumnType.TEXT | ColumnType.BOOLEAN if column.words:
                text = shown_word(text, column.words)
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
                text = local_text(datetime.fromisoformat(text), self.zone)
            case ColumnType.BOOLEAN:
                text = translated(_BOOLEANS[text], self.locale)
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
    locale = manifest.locale
    banner = f"{provisional_texts(manifest)[0]} " if manifest.is_provisional else ""
    number = translated(PAGE_NUMBER, locale, page=page, pages=page_count)
    return f"{banner}{visible_text(footer_text(manifest))} {proof_text(manifest)} {number}"


def footer_text(manifest: Manifest) -> str:
    """The identity of the report, at the foot of each page."""
    name, organization = manifest.definition.name, manifest.organization.name
    return f"{name}, {version_text(manifest)} · {organization} · {period_text(manifest)}"


def version_text(manifest: Manifest) -> str:
    """The version of the report's definition, in words."""
    return translated("version {number}", manifest.locale, number=manifest.definition.version)


def proof_text(manifest: Manifest) -> str:
    """The short proof, at the foot of each page: the digest of the attached manifest.

    The manifest has everything else: the digest of the rows, the totals, the seals and the sources.
    """
    return translated(
        "{count} rows · SHA-256 of the attached manifest {digest} · to verify: "
        "reporting verify FILE",
        manifest.locale,
        count=count_for_people(manifest.row_count, manifest.locale),
        digest=hashlib.sha256(manifest.within_file().to_json().encode()).hexdigest(),
    )


def language_tag(locale: str) -> str:
    """The language of a report's texts, with its script where it matters: zh-Hans-CN for zh_CN."""
    parsed = Locale.parse(locale)
    script = parsed.script or {"zh_CN": "Hans", "zh_SG": "Hans", "zh": "Hans"}.get(locale)
    return "-".join(filter(None, (parsed.language, script, parsed.territory)))


def opening_texts(manifest: Manifest, notes: Iterable[str]) -> list[str]:
    """The texts before the first rows or the first block, in reading order."""
    texts = [manifest.definition.name, manifest.organization.name]
    if manifest.is_provisional:
        texts += [" ".join(provisional_texts(manifest)), *provisional_reasons(manifest)]
    for name, value in facts_of(manifest):
        texts += [name, value]
    return [*texts, *notes]


def block_texts(block: BlockPart, manifest: Manifest) -> list[str]:
    """The texts before the rows of a block; `manifest` is its own."""
    return [block.title, *block_notes(manifest)]


def block_notes(manifest: Manifest) -> list[str]:
    """The sentences below the title of a block; `manifest` is its own."""
    filters = _filters_of(manifest)
    return [f"{translated(FILTERS, manifest.locale)}: {filters}"] if filters else []


def facts_of(manifest: Manifest) -> list[tuple[str, str]]:
    """The facts in the header: name and value."""
    filters = "" if manifest.blocks else _filters_of(manifest)
    facts = [
        *event_facts(manifest),
        ("Period", period_text(manifest)),
        *([("Time zone", manifest.time_zone)] if manifest.shows_instants else []),
        *([(FILTERS, filters)] if filters else []),
    ]
    return [(translated(name, manifest.locale), value) for name, value in facts]


def _filters_of(manifest: Manifest) -> str:
    """The filters of the rows, without that of the event, which is in the header."""
    event = manifest.event
    of_event = translated("Event is {name}", manifest.locale, name=event.name) if event else None
    return "; ".join(each for each in manifest.filters if each != of_event)


def closing_texts(manifest: Manifest) -> list[str]:
    """The texts after the last rows, in reading order: terms, accepted breaks, lines to sign."""
    locale = manifest.locale
    texts = [translated(TERMS_TITLE, locale)] if manifest.terms else []
    for each in manifest.terms:
        texts += [each.term, each.meaning]
    if manifest.accepted_breaks:
        texts.append(translated(BREAKS_TITLE, locale))
        texts += [text for line in break_lines(manifest) for text in line]
    if manifest.signatures:
        texts.append(translated(SIGNATURES_TITLE, locale))
        for party in manifest.signatures:
            texts += [party, *(translated(line, locale) for line in LINES_TO_SIGN)]
    return texts


def break_lines(manifest: Manifest) -> list[tuple[str, str]]:
    """The breaks that a person has accepted: each, and who accepted it, when and why."""
    return [
        (
            accepted_break_text(each, manifest.locale),
            f"{each.accepted_by}, {each.accepted_at}: {each.reason}",
        )
        for each in manifest.accepted_breaks
    ]


def provisional_reasons(manifest: Manifest) -> list[str]:
    """The reasons why figures are not final, each once with its days; at most the first six."""
    days: dict[str, list[str]] = {}
    locale = manifest.locale
    for seal in manifest.seals:
        if seal.state != "final":
            last = date.fromordinal(seal.end.toordinal() - 1)
            span = translated("{first} to {last}", locale, first=seal.first, last=last)
            span = str(seal.first) if seal.first == last else span
            for reason in seal.reasons or (f"the days are {seal.state}",):
                days.setdefault(shown_finding(reason, locale), []).append(span)
    reasons = [f"{', '.join(spans)}: {reason}" for reason, spans in days.items()]
    if len(reasons) > _MAX_REASONS:
        more = "and {count} more, in the attached manifest"
        count = len(reasons) - _MAX_REASONS
        reasons[_MAX_REASONS:] = [translated(more, locale, count=count)]
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
        label = f"{translated('Total', manifest.locale)} {total.currency or ''}".rstrip()
        if span == 0:
            rows.append(TotalRow(label=label, span=width, cells=()))
        cells = tuple(_total_text(texts, column, total) for column in texts.columns[span:])
        rows.append(TotalRow(label=label if span else "", span=span, cells=cells))
    return rows


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
