"""A warehouse restored from its dump gives the same tables and the same files."""

import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import URL

from reporting_pipeline.embedded.postgres import Postgres
from reporting_pipeline.store.folder import FolderStore
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.acceptance.pipelines import Pipeline, assert_same
from reporting_pipeline_tests.sample_reports import REVENUE, ReportGenerator, define, one_day

DAY = one_day(date(2025, 9, 10))


@pytest.fixture
def restored(
    season_pipeline: Pipeline, postgres: Postgres, empty_database_url: URL, tmp_path: Path
) -> Pipeline:
    """The season's pipeline with a warehouse that was restored from its dump."""
    dump = tmp_path / "warehouse.dump"
    programs = postgres.install.bin
    before, after = conninfo(season_pipeline.warehouse), conninfo(empty_database_url)
    options = ("--enable-row-security", "--format=custom", f"--file={dump}")
    _run(programs / "pg_dump", *options, before)
    _run(programs / "pg_restore", "--no-owner", "--exit-on-error", f"--dbname={after}", str(dump))
    return replace(season_pipeline, warehouse=empty_database_url)


def _run(program: Path, *arguments: str) -> None:
    subprocess.run([program, *arguments], check=True)  # noqa: S603 - PostgreSQL's own


def test_a_restored_warehouse_continues_and_generates_a_lost_file_again(
    season_pipeline: Pipeline, restored: Pipeline, tmp_path: Path
) -> None:
    lost = ReportGenerator(season_pipeline.warehouse, FolderStore(tmp_path / "lost"))
    made_again = ReportGenerator(restored.warehouse, FolderStore(tmp_path / "again"))

    assert restored.land().new_count == 0
    former, again = (
        generator.generate_one(define(generator.warehouse, REVENUE), DAY)
        for generator in (lost, made_again)
    )

    assert_same(season_pipeline.tables(), restored.tables())
    assert former.edition == again.edition == 1
    assert lost.file(former.storage_path) == made_again.file(again.storage_path)
