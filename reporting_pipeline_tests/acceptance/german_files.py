"""The texts that people see in report files, and the English words among them.

A word is English if it is in an English text of the program and in no German one. What the sources
call their own (events, venues, references) and what programs call their own (columns, datasets) is
left out: it is the same in every language.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pikepdf
import pypdfium2

from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.exports.xlsx.layout import CONTROL
from reporting_pipeline.languages import catalogue, findings, words_of
from reporting_pipeline.registry.datasets import DATASETS

_WORD = re.compile(r"[^\W\d_]{2,}")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{64}|reporting verify|UTC")
# English words that a text in code might have, whatever is in the catalogue; none is German.
_COMMON = frozenset(
    re.findall(
        "[a-z]+",
        """
        about above after all and any are before below between but by day days
        each event events false for from has have held how is its late less
        list more never none not note of other others page per period report reports
        row rows that the their these this to total true until up was were
        which with yes
        """,
    )
)
# The same in German, or a name of the formats and of the program.
_ALSO_GERMAN = frozenset({"all", "an", "manifest", "json", "event", "per", "so", "war", "was"})


def texts_of(path: Path) -> Iterator[str]:
    """Every text that a person sees in a file of a report."""
    match path.suffix:
        case ".xlsx":
            yield from _texts_of_workbook(path)
        case ".pdf":
            yield from _texts_of_pages(path)
        case ".zip":
            with ZipFile(path) as archive:
                for name in archive.namelist():
                    yield from _texts_of_table(archive.read(name))
        case _:
            yield from _texts_of_table(path.read_bytes())


def english_words(texts: Iterable[str], names: Iterable[str]) -> set[str]:
    """The English words in texts, without names that have no language."""
    found: set[str] = set()
    ordered = sorted(set(filter(None, names)), key=len, reverse=True)
    for text in texts:
        rest = _ID.sub(" ", text)
        for name in ordered:
            rest = rest.replace(name, " ") if name in rest else rest
        found |= {word for word in _WORD.findall(rest) if word.lower() in _english()}
    return found


def names_of_programs(manifest: Manifest) -> set[str]:
    """Names that are the same in every language: of the definition, its datasets and columns."""
    columns = [each for part in manifest.parts for each in part.columns]
    return {
        manifest.definition.slug,
        manifest.definition.dataset,
        manifest.period.token,
        manifest.time_zone,
        manifest.locale,
        *(each.name for each in manifest.blocks),
        *(name for each in columns for name in (each.name, each.type)),
    }


@cache
def _english() -> frozenset[str]:
    words = [words_of(name, "de_DE") for name in _columns()]
    pairs: list[Mapping[str, str]] = [catalogue("de"), findings("de"), *words]
    english = {word for each in pairs for text in each for word in _words(text)}
    german = {word for each in pairs for text in each.values() for word in _words(text)}
    return (frozenset(english) - german | _COMMON) - _ALSO_GERMAN


def _columns() -> set[str]:
    pseudo = {"category", "column_kind", "seal_state", "unit"}
    return {column.name for each in DATASETS for column in each.columns} | pseudo


def _words(text: str) -> Iterator[str]:
    plain = re.sub(r"\{[a-z_]+\}", " ", text)
    yield from (each.lower() for each in _WORD.findall(plain))


def _texts_of_workbook(path: Path) -> Iterator[str]:
    workbook = openpyxl.load_workbook(path)
    yield str(workbook.properties.title or "")
    for sheet in workbook:
        if sheet.title != CONTROL:  # a name that formulas refer to
            yield sheet.title
        for part in (sheet.oddHeader, sheet.oddFooter):
            yield from (each.text or "" for each in (part.left, part.center, part.right))
        for row in sheet.iter_rows(values_only=True):
            if row[0] != "Manifest JSON":
                yield from (each for each in row if isinstance(each, str) and each[:1] != "=")


def _texts_of_pages(path: Path) -> Iterator[str]:
    with pypdfium2.PdfDocument(path) as pages:
        for page in pages:
            text = page.get_textpage()
            yield text.get_text_bounded()
            text.close()
            page.close()
    with pikepdf.open(path) as pdf:
        yield str(pdf.docinfo.get("/Subject", ""))
        yield str(pdf.docinfo.get("/Title", ""))
        yield from (str(each.description) for each in pdf.attachments.values())


def _texts_of_table(content: bytes) -> Iterator[str]:
    text = content.decode("utf-8-sig")
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True):
        yield from row
