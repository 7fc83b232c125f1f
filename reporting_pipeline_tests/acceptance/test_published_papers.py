"""The published files of the shipped papers have the figures of the oracle, row by row."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZipFile, is_zipfile

import pytest

from reporting_pipeline.domain.period import Period
from reporting_pipeline.report_definitions.files import STARTER_SET, read_folder
from reporting_pipeline.store import open_store
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.acceptance.shipped_papers import (
    BRIDGE,
    SETTLEMENT,
    STATEMENTS,
    Months,
    ShippedPaper,
    months_of,
    shipped,
)
from reporting_pipeline_tests.books import read_paper
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.papers import Figures, Key, Paper, Settlements
from reporting_pipeline_tests.sample_reports import ReportGenerator, define

# Every file takes a tenth of a second; all months are compared before a release.
_EVERY = 9


@pytest.mark.parametrize("paper", [*STATEMENTS, BRIDGE], ids=lambda paper: paper.slug)
def test_a_published_paper_has_the_rows_of_the_oracle_and_no_others(
    clean_pipeline: Pipeline, clean_books: Books, paper: ShippedPaper, tmp_path: Path
) -> None:
    months = months_of(clean_books)[::_EVERY]
    names = {row["id"]: row["name"] for row in clean_books["ticketing.events"].values()}
    expected = _by_name(paper, paper.expected(clean_books, months), names)
    generator = ReportGenerator(
        warehouse=clean_pipeline.warehouse, store=open_store(str(tmp_path / "store"))
    )

    found = _published(generator, paper, months)

    assert expected
    assert found == expected


def test_a_published_settlement_has_the_lines_of_the_oracle(
    clean_pipeline: Pipeline, clean_books: Books, tmp_path: Path
) -> None:
    generator = ReportGenerator(
        warehouse=clean_pipeline.warehouse, store=open_store(str(tmp_path / "store"))
    )
    oracle, compared = Settlements(clean_books), 0
    for row in read_paper("event_settlement")[::_EVERY]:
        day = date.fromisoformat(row["date"])
        period = Period(first=None, end=day + timedelta(days=1), event_id=UUID(row["event_id"]))
        definition = define(
            generator.warehouse, _shape("event-settlement"), UUID(row["organization_id"])
        )
        report = generator.generate_one(definition, period)
        assert report.status == "ready", report.failure_message
        path = Path(generator.store.location(report.storage_path or ""))
        _, (_, lines), *_ = _blocks("event-settlement", path)
        found = [each["amount_minor"] for each in lines if each["currency"] == row["currency"]]
        figures = oracle.figures(row["event_id"], row["organization_id"], row["currency"], day)
        expected = [sign * figures.get(name, 0) for name, sign in SETTLEMENT]
        assert found == expected or (not found and not any(expected))
        compared += bool(found)
    assert compared > 20


@cache
def _shape(slug: str) -> Mapping[str, Any]:
    """A shipped definition that is published as JSON Lines."""
    [declared] = [each for each in read_folder(STARTER_SET) if each.slug == slug]
    return declared.model_dump(mode="json", exclude_none=True) | {"formats": ["jsonl"]}


def _published(generator: ReportGenerator, paper: ShippedPaper, months: Months) -> Paper:
    """The figures of the published files, by organisation, the paper's key and month."""
    key = _named(paper)
    found: dict[Key, Figures] = defaultdict(lambda: defaultdict(int))
    for organization, month in months:
        definition = define(generator.warehouse, _shape(paper.slug), UUID(organization))
        report = generator.generate_one(definition, month)
        assert (report.status, report.is_provisional) == ("ready", False), report.failure_message
        missing = set(paper.columns)
        path = Path(generator.store.location(report.storage_path or ""))
        for columns, rows in _blocks(paper.slug, path):
            taken = missing.intersection(columns)
            for row in rows if taken else ():
                name = (organization, *(row[each] for each in key), month.token)
                for column in taken:
                    figure, sign = paper.columns[column]
                    found[name][figure] += sign * int(row[column])
            missing -= taken
    return _not_zero(found)


def _blocks(slug: str, path: Path) -> Iterator[tuple[list[str], list[dict[str, Any]]]]:
    """The columns of each block of a published JSON Lines file, and its rows."""
    config = shipped(slug)
    for part, block in zip(config.parts, config.blocks or (None,), strict=True):
        if block is None:
            assert not is_zipfile(path)
            content = path.read_bytes()
        else:
            with ZipFile(path) as archive:
                content = archive.read(f"{block.name}.jsonl")
        names = [each.name for each in part.columns]
        rows = [json.loads(line, parse_float=Decimal).values() for line in content.splitlines()]
        yield names, [dict(zip(names, row, strict=True)) for row in rows]


def _named(paper: ShippedPaper) -> tuple[str, ...]:
    """The paper's key as a person reads it: the name of an event in place of its id."""
    return tuple("event_name" if each == "event_id" else each for each in paper.key)


def _by_name(paper: ShippedPaper, expected: Paper, names: Mapping[str, str]) -> Paper:
    found: dict[Key, Figures] = defaultdict(lambda: defaultdict(int))
    for key, figures in expected.items():
        parts = [
            _event_name(part, names) if name == "event_id" else part
            for name, part in zip(paper.key, key[1:-1], strict=True)
        ]
        for figure, minor in figures.items():
            found[(key[0], *parts, key[-1])][figure] += minor
    return _not_zero(found)


def _event_name(event: str | None, names: Mapping[str, str]) -> str | None:
    """The name in a report: none of an event that Ticketing does not know."""
    return names.get(event) if event else "(no single event)"


def _not_zero(paper: Mapping[Key, Figures]) -> Paper:
    kept = {
        key: {name: minor for name, minor in figures.items() if minor}
        for key, figures in paper.items()
    }
    return {key: figures for key, figures in kept.items() if figures}
