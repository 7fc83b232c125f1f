"""Compares the parts of a manifest with each other and with the registry, without the file.

A forger changes one thing and forgets another: the name of the period beside its days, the stamp
beside the seals, a unit beside the column's name. What nothing here and nothing in the file can
contradict is in `unproven`.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from reporting_pipeline.domain.file_names import file_stem
from reporting_pipeline.errors import UnknownDataset
from reporting_pipeline.exports.format import Format
from reporting_pipeline.exports.manifest import ColumnPart, Manifest, TotalPart, WatermarkPart
from reporting_pipeline.exports.verify.difference import Difference, DifferenceKind
from reporting_pipeline.languages import LANGUAGES, translated
from reporting_pipeline.registry.columns import Column, ColumnKind, ColumnType, Unit
from reporting_pipeline.registry.datasets import dataset
from reporting_pipeline.registry.report_tables import LOGIC_VERSION
from reporting_pipeline.report_definitions.definition import Category

_FINAL = "final"
_NEVER = "never"
_PROFILES = ("machine", "spreadsheet")
_ZONE = re.compile(r"[A-Z][A-Za-z0-9_+-]*(?:/[A-Z][A-Za-z0-9_+-]*){0,2}")
_MILLION = 1_000_000
# A zone that is ahead of UTC ends its day on the day before; a day of grace beside it.
_TWO_DAYS = timedelta(days=2)


def manifest_differences(manifest: Manifest, format_: Format) -> Iterator[Difference]:
    """The parts of a manifest that contradict each other, or what this version knows."""
    for problem in _problems(manifest, format_):
        yield Difference(kind=DifferenceKind.MANIFEST, message=f"its manifest says {problem}")


def differing_fields(one: Manifest, other: Manifest) -> list[str]:
    """The names of the fields in which two manifests differ."""
    return [name for name in Manifest.model_fields if getattr(one, name) != getattr(other, name)]


def columns_with_total(manifest: Manifest) -> list[str]:
    """The columns that always have a total: the measures that may be summed over all rows."""
    known = _registered(manifest)
    return [
        each.name
        for each in manifest.columns
        if each.name in known
        and known[each.name].kind is ColumnKind.MEASURE
        and not known[each.name].not_over
    ]


def _problems(manifest: Manifest, format_: Format) -> Iterator[str]:
    yield from _period_problems(manifest)
    yield from _file_problems(manifest, format_)
    yield from _setting_problems(manifest)
    yield from _dataset_problems(manifest)
    yield from _seal_problems(manifest)
    yield from _watermark_problems(manifest)
    for part in manifest.parts:
        yield from _column_problems(part)
        yield from _word_problems(part)
        yield from _total_problems(part)


def _period_problems(manifest: Manifest) -> Iterator[str]:
    part = manifest.period
    token = part.period.token
    if token != part.token:
        yield f"the period {part.token!r}, and its days are those of {token!r}"
    if manifest.event is not None and part.event_id is None:
        yield f"the event {manifest.event.name!r}, and its period is of no event"


def _file_problems(manifest: Manifest, format_: Format) -> Iterator[str]:
    if manifest.file is None:
        return
    if manifest.file.format != format_.name:
        yield f"the format {manifest.file.format}, and the file is {format_.title}"
    is_archive = bool(manifest.blocks) and format_.archives_blocks
    expected = manifest.file_name(format_.name, is_archive=is_archive)
    if manifest.file.name != expected:
        yield f"the file name {manifest.file.name!r}; a file of this report is {expected!r}"
    download = manifest.file.download_name
    if download is not None and not _is_download_name(manifest, download, expected):
        yield f"the name for downloads {download!r}, which no file of this report has"


def _is_download_name(manifest: Manifest, name: str, file_name: str) -> bool:
    """True if a file can have this own name: it is safe, and has the period, stamp and suffix.

    The name is fixed; the language of the report may have been another one.
    """
    period = manifest.period.period
    for language in LANGUAGES:
        in_language = manifest.model_copy(update={"locale": language})
        ending = in_language.download_name("", file_name)
        stem = name.removesuffix(ending)
        if name.endswith(ending) and stem == file_stem([stem]):
            return any(period.words_with(translated("to", each)) in stem for each in LANGUAGES)
    return False


def _setting_problems(manifest: Manifest) -> Iterator[str]:
    if not 1 <= manifest.logic_version <= LOGIC_VERSION:
        yield (
            f"version {manifest.logic_version} of the report numbers; this program knows 1 to "
            f"{LOGIC_VERSION}"
        )
    if manifest.definition.version < 1:
        yield f"version {manifest.definition.version} of the definition; versions begin at 1"
    if manifest.definition.category not in list(Category):
        yield f"the category {manifest.definition.category!r}, which does not exist"
    # Another machine may know zones that this one does not.
    if not _ZONE.fullmatch(manifest.time_zone):
        yield f"the time zone {manifest.time_zone!r}, which is not the name of one"
    if not _is_locale(manifest.locale):
        yield f"the locale {manifest.locale!r}, which does not exist"
    if manifest.csv_profile not in _PROFILES:
        yield f"the CSV profile {manifest.csv_profile!r}, which does not exist"


def _is_locale(name: str) -> bool:
    from babel.core import Locale, UnknownLocaleError

    try:
        Locale.parse(name)
    except (UnknownLocaleError, ValueError):
        return False
    return True


def _dataset_problems(manifest: Manifest) -> Iterator[str]:
    names = dict.fromkeys(part.definition.dataset for part in manifest.parts)
    if (listed := ", ".join(names)) != manifest.definition.dataset:
        yield f"the dataset {manifest.definition.dataset!r}, and its blocks are of {listed}"
    for name in names:
        try:
            dataset(name)
        except UnknownDataset as error:
            yield error.message


def _seal_problems(manifest: Manifest) -> Iterator[str]:
    seals, period = manifest.seals, manifest.period
    if any(each.end <= each.first for each in seals):
        yield "a seal without a day"
    elif any(former.end != each.first for former, each in pairwise(seals)):
        yield "seals that leave out days, or have days twice"
    elif seals and (seals[-1].end != period.end or not _begins(manifest)):
        yield (
            f"seals of the days from {seals[0].first} until before {seals[-1].end}; those of "
            f"{period.token} are {period.text}"
        )
    open_seals = [each for each in seals if each.state != _FINAL]
    if manifest.is_provisional and not open_seals:
        yield "that the report is provisional, and every seal is final"
    if open_seals and not manifest.is_provisional:
        yield f"that the report is final, and the seal of {open_seals[0].first} is not"
    if not seals and _needs_seals(manifest):
        yield "no seal, and its figures depend on sealed days"


def _begins(manifest: Manifest) -> bool:
    """True if the seals begin as the period does.

    Those of a balance begin with the first row of its history, before or within the period.
    """
    first = manifest.period.first
    return first is None or manifest.seals[0].first == first or _has_balances(manifest)


def _has_balances(manifest: Manifest) -> bool:
    for part in manifest.parts:
        try:
            columns = dataset(part.definition.dataset).columns
        except UnknownDataset:
            return True
        if any(each.kind is ColumnKind.BALANCE for each in columns):
            return True
    return False


def _needs_seals(manifest: Manifest) -> bool:
    for part in manifest.parts:
        try:
            if dataset(part.definition.dataset).depends_on:
                return True
        except UnknownDataset:
            continue
    return False


def _watermark_problems(manifest: Manifest) -> Iterator[str]:
    domains = [each.domain for each in manifest.watermarks]
    if len(set(domains)) != len(domains):
        yield "a source twice"
    if manifest.seals and not manifest.watermarks:
        yield "no source, and its days are sealed"
    last_sealed = max((each.end for each in manifest.seals if each.state == _FINAL), default=None)
    for each in manifest.watermarks:
        complete = _complete_through(each)
        if complete is None:
            yield f"{each.complete_through!r} of the source {each.domain}, which is no instant"
        elif last_sealed is not None and complete < last_sealed - _TWO_DAYS:
            yield (
                f"final seals of days before {last_sealed}, and that the source {each.domain} is "
                f"complete through {each.complete_through}"
            )


def _complete_through(part: WatermarkPart) -> date | None:
    """The day of a watermark; the first of all days for `never`, None for what is no instant."""
    if part.complete_through == _NEVER:
        return date.min
    try:
        return datetime.strptime(part.complete_through, "%Y-%m-%dT%H:%M:%S%z").date()
    except ValueError:
        return None


def _column_problems(manifest: Manifest) -> Iterator[str]:
    known = _registered(manifest)
    names = [each.name for each in manifest.columns]
    if len(set(names)) != len(names):
        yield "a column twice"
    for name in manifest.row_key:
        if name not in names:
            yield f"a row key with {name!r}, which is no column of the report"
    for each in manifest.columns:
        found = f"type {each.type}, unit {each.unit}, kind {each.kind}"
        if each.name in known:
            column = known[each.name]
            expected = f"type {column.type}, unit {column.unit}, kind {column.kind_in_files}"
            if found != expected:
                yield f"{found} of column {each.name!r}, which has {expected}"
        elif not _is_possible(each):
            yield f"{found} of column {each.name!r}, which no column of that name can have"


def _word_problems(manifest: Manifest) -> Iterator[str]:
    for each in manifest.columns:
        if each.words and each.type not in {ColumnType.TEXT, ColumnType.BOOLEAN}:
            yield f"words in place of the figures of column {each.name!r}"


def _is_possible(column: ColumnPart) -> bool:
    """True if a column that a definition made can be like this: its unit ends its name."""
    unit = next((each for each in Unit if column.name.endswith(f"_{each}")), None)
    return (
        column.unit == unit and column.type in list(ColumnType) and column.kind in list(ColumnKind)
    )


def _total_problems(manifest: Manifest) -> Iterator[str]:
    names = {each.name for each in manifest.columns}
    known = _registered(manifest)
    currencies = [each.currency for each in manifest.totals]
    if len(set(currencies)) != len(currencies):
        yield "the totals of one currency twice"
    for total in manifest.totals:
        for name in total.texts:
            if name not in names:
                yield f"a total of {name!r}, which is no column of the report"
        for name, found in total.ratios.items():
            expected = _ratio(known[name], total) if name in known else found
            if expected != found:
                yield f"{found} for all rows in column {name!r}; its totals give {expected}"


def _ratio(column: Column, total: TotalPart) -> str | None:
    """The ratio of all rows from the totals of its parts; the given one where it has not all."""
    parts = (*column.numerator, *column.denominator)
    if not parts or any(name not in total.values for name in parts):
        return total.ratios.get(column.name)
    dividend, divisor = (
        sum(total.values[name] for name in names)
        for names in (column.numerator, column.denominator)
    )
    if divisor <= 0:
        return None
    scale = 1 if column.unit is Unit.MINOR else _MILLION
    rounded = (abs(dividend) * scale * 2 + divisor) // (divisor * 2)
    signed = -rounded if dividend < 0 else rounded
    return str(signed) if scale == 1 else f"{Decimal(signed) / _MILLION:.6f}"


def _registered(manifest: Manifest) -> dict[str, Column]:
    """The columns of the manifest's dataset, by name.

    None if this program does not know the dataset, or knows it only as it became later.
    """
    if manifest.logic_version != LOGIC_VERSION:
        return {}
    try:
        return {each.name: each for each in dataset(manifest.definition.dataset).columns}
    except UnknownDataset:
        return {}
