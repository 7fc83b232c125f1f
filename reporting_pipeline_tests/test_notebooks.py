"""Reports in notebooks: Arrow types, money that stays within its currency, rows that are proven."""

import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from reporting_pipeline import read_report
from reporting_pipeline.errors import CurrenciesDiffer, FileUnreadable
from reporting_pipeline.exports.formats import FORMATS
from reporting_pipeline.exports.manifest import MANIFEST_SUFFIX
from reporting_pipeline.notebooks import Money, MoneyArray
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline_tests.architecture.repository import DOCS
from reporting_pipeline_tests.exports.documents import EVERY_TYPE, ROWS, document

_TABULAR = [each for each in ReportFormat if each is not ReportFormat.PDF]
_DTYPES = {
    "event_id": "string[pyarrow]",
    "date": "date32[day][pyarrow]",
    "sold_at": "timestamp[us, tz=UTC][pyarrow]",
    "currency": "string[pyarrow]",
    "gross_minor": "money",
    "sold_count": "int64[pyarrow]",
    "attendance_rate": "decimal128(12, 6)[pyarrow]",
    "is_final": "bool[pyarrow]",
    "name": "string[pyarrow]",
    "proof_ids": "string[pyarrow]",
}


def written(folder: Path, format_: ReportFormat) -> Path:
    """A report with every type of column, with its manifest beside it."""
    report = document(folder, EVERY_TYPE, ROWS)
    target = folder / f"report.{format_}"
    FORMATS[format_].write(report, target)
    manifest = target.with_name(target.name + MANIFEST_SUFFIX)
    manifest.write_text(report.manifest.to_json(), encoding="utf-8")
    return target


@pytest.fixture
def report(tmp_path: Path) -> pd.DataFrame:
    return read_report(written(tmp_path, ReportFormat.PARQUET))


@pytest.mark.parametrize("format_", _TABULAR)
def test_every_format_gives_the_same_frame(tmp_path: Path, format_: ReportFormat) -> None:
    frame = read_report(written(tmp_path, format_))

    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == _DTYPES
    assert len(frame) == len(ROWS)
    first = frame.iloc[0]
    assert first["date"] == date(2026, 10, 25)
    assert first["sold_at"] == datetime(2026, 10, 24, 23, 59, 59, tzinfo=UTC)
    assert first["gross_minor"] == Money(123456, "EUR")
    assert first["attendance_rate"] == Decimal("0.333333")
    assert bool(first["is_final"]) is True
    assert frame["gross_minor"].money.minor.tolist() == [
        pd.NA if row[4] is None else int(row[4]) for row in ROWS
    ]
    assert frame["gross_minor"].isna().tolist() == [row[4] is None for row in ROWS]
    assert frame.attrs["is_provisional"] is False


def test_the_sum_over_currencies_is_refused(report: pd.DataFrame) -> None:
    with pytest.raises(CurrenciesDiffer, match="sum would mix the currencies EUR, JPY, KWD, XXY"):
        report["gross_minor"].sum()
    with pytest.raises(CurrenciesDiffer):
        report[["gross_minor"]].sum()
    with pytest.raises(CurrenciesDiffer):
        report["gross_minor"].max()
    with pytest.raises(CurrenciesDiffer):
        report.sort_values("gross_minor")


def test_groups_that_mix_currencies_are_refused(report: pd.DataFrame) -> None:
    with pytest.raises(CurrenciesDiffer) as caught:
        report.groupby("event_id")["gross_minor"].sum()
    assert "would mix the currencies EUR, JPY, KWD, XXY" in str(caught.value.__cause__)
    with pytest.raises(CurrenciesDiffer):
        report.pivot_table(index="event_id", values="gross_minor", aggfunc="sum")


def test_the_sum_within_a_currency_is_exact(report: pd.DataFrame) -> None:
    of_euro = report[(report["currency"] == "EUR").fillna(False)]

    assert of_euro["gross_minor"].sum() == Money(123456 - 2**63, "EUR")
    sums = report.groupby("currency")["gross_minor"].sum()
    assert sums["JPY"] == Money(-5, "JPY")
    assert sums["XXY"] == Money(2**63 - 1, "XXY")
    assert str(sums.dtype) == "money"
    large = pd.Series(MoneyArray([2**63 - 1, 2**63 - 1], ["EUR", "EUR"]))
    assert large.sum() == Money(2**64 - 2, "EUR")


def test_rows_are_added_within_their_currency() -> None:
    gross = pd.Series(MoneyArray([100, 7, None], ["EUR", "JPY", None]))
    fees = pd.Series(MoneyArray([10, 2, 3], ["EUR", "JPY", "EUR"]))
    others = pd.Series(MoneyArray([10, 2, 3], ["EUR", "EUR", "EUR"]))

    assert (gross - fees).tolist() == [Money(90, "EUR"), Money(5, "JPY"), pd.NA]
    assert (gross + -fees).tolist() == (gross - fees).tolist()
    with pytest.raises(CurrenciesDiffer, match="row 1 has 7 JPY on one side and 2 EUR"):
        gross + others


@pytest.mark.parametrize("operation", ["gross + 1", "gross * 2", "1 - gross", "gross.sum() + 1"])
def test_money_and_plain_numbers_do_not_mix(operation: str) -> None:
    names = {"gross": pd.Series(MoneyArray([100], ["EUR"]))}

    with pytest.raises(TypeError):
        eval(operation, names)  # noqa: S307 - ours


@pytest.mark.parametrize("statistic", ["mean", "std", "prod"])
def test_statistics_without_a_meaning_are_refused(statistic: str) -> None:
    gross = pd.Series(MoneyArray([100, 200], ["EUR", "EUR"]))

    with pytest.raises(TypeError, match=f"money has no {statistic}"):
        getattr(gross, statistic)()


def test_money_survives_what_notebooks_do(report: pd.DataFrame) -> None:
    twice = pd.concat([report, report], ignore_index=True)
    joined = report.merge(report[["currency", "gross_minor"]], on="currency", suffixes=("", "_2"))

    assert str(twice["gross_minor"].dtype) == str(joined["gross_minor_2"].dtype) == "money"
    assert twice["gross_minor"].nunique() == len({row[3:5] for row in ROWS if row[4]})
    assert "123456 EUR" in report.to_string()
    assert str(report["gross_minor"].shift(1).dtype) == "money"
    assert str(report["gross_minor"].money.minor.dtype) == "int64[pyarrow]"
    with pytest.raises(AttributeError, match="only columns of money"):
        _ = report["sold_count"].money


def test_a_report_without_rows_has_its_columns(tmp_path: Path) -> None:
    report = document(tmp_path, EVERY_TYPE, ())
    FORMATS[ReportFormat.PARQUET].write(report, tmp_path / "empty.parquet")

    frame = read_report(tmp_path / "empty.parquet")

    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == _DTYPES
    assert len(frame) == 0


def test_changed_rows_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, ReportFormat.CSV)
    path.write_bytes(path.read_bytes().replace(b"123456", b"123457"))

    with pytest.raises(FileUnreadable, match="are not those of its manifest"):
        read_report(path)


def test_a_file_without_a_manifest_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, ReportFormat.JSONL)
    manifest = path.with_name(path.name + MANIFEST_SUFFIX)
    manifest.rename(tmp_path / "elsewhere.json")

    with pytest.raises(FileUnreadable, match="pass its path or address as `manifest`"):
        read_report(path)
    assert len(read_report(path, tmp_path / "elsewhere.json")) == len(ROWS)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of a web server with the files of the test's folder."""
    handler = partial(_Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: Any) -> None:
        """Nothing."""


def test_a_download_link_is_read(tmp_path: Path, server: str) -> None:
    written(tmp_path, ReportFormat.CSV)
    written_inside = tmp_path / "inside"
    written_inside.mkdir()
    path = written(written_inside, ReportFormat.XLSX)
    path.with_name(path.name + MANIFEST_SUFFIX).unlink()

    assert len(read_report(f"{server}/inside/report.xlsx?signature=secret")) == len(ROWS)
    manifest = f"{server}/report.csv{MANIFEST_SUFFIX}?signature=secret"
    assert len(read_report(f"{server}/report.csv?signature=secret", manifest)) == len(ROWS)
    with pytest.raises(FileUnreadable, match="404") as caught:
        read_report(f"{server}/missing.csv?signature=secret")
    assert "secret" not in str(caught.value)


def test_a_file_address_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, ReportFormat.CSV)

    assert len(read_report(path.as_uri())) == len(ROWS)


def test_the_example_of_the_page_runs(tmp_path: Path) -> None:
    section = (DOCS / "reports.md").read_text("utf-8").partition("## In a notebook")[2]
    example = section.partition("```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {"path": written(tmp_path, ReportFormat.PARQUET)}

    exec(example, names)  # noqa: S102 - ours

    assert names["gross"]["JPY"] == Money(-5, "JPY")
    assert str(names["minor"].dtype) == "int64[pyarrow]"


def test_the_package_alone_imports_no_library() -> None:
    script = (
        "import sys, reporting_pipeline; print(sorted({'pandas', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
