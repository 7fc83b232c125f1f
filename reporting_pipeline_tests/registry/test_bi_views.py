"""A column that BI tools read stays, with its name and type."""

from collections import Counter
from hashlib import sha256

from reporting_pipeline.registry.bi_views import bi_version, bi_views, promised_columns
from reporting_pipeline.registry.datasets import dataset
from reporting_pipeline.registry.report_tables import REPORT_TABLES

# The columns of each version. To add columns: append them to their views in bi_views.csv with the
# next version in `since`, and add that version here. A number here never changes.
_COLUMNS_OF_VERSIONS = {1: 675}
_DIGEST_OF_VERSION_1 = "cc01cc53d8f383b0"


def test_no_column_disappears_or_changes_its_type() -> None:
    found = Counter(each.since for each in promised_columns())

    assert found == _COLUMNS_OF_VERSIONS, (
        "a column of reporting_bi came or went without a version: BI tools read these columns, so"
        " keep them; to add one, append it to its view with the next version in `since`"
    )
    assert _digest() == _DIGEST_OF_VERSION_1, (
        "a column of version 1 of reporting_bi has another name or type: keep the former one in"
        " bi_views.csv, and give what is new a new name"
    )


def test_a_new_column_stands_behind_those_of_former_versions() -> None:
    for view in bi_views():
        versions = [each.since for each in promised_columns() if each.view == view.name]
        assert versions == sorted(versions)
    assert bi_version() == max(_COLUMNS_OF_VERSIONS)


def test_every_report_table_has_a_view() -> None:
    views = {each.name for each in bi_views()}

    assert {table.name.removeprefix("report_") for table in REPORT_TABLES} <= views


def test_a_name_means_one_thing_in_all_views() -> None:
    meanings: dict[str, set[object]] = {}
    for view in bi_views():
        for column in view.columns:
            meanings.setdefault(column.name, set()).add((column.type, column.unit, column.label))

    assert [name for name, found in meanings.items() if len(found) > 1] == []


def test_views_have_the_descriptions_of_the_datasets() -> None:
    for view in bi_views():
        source = {each.name: each.description for each in dataset(view.name).columns}
        assert all(each.description == source[each.name] for each in view.columns)


def _digest() -> str:
    lines = sorted(
        f"{each.view}.{each.column} {each.type}" for each in promised_columns() if each.since == 1
    )
    return sha256("\n".join(lines).encode()).hexdigest()[:16]
