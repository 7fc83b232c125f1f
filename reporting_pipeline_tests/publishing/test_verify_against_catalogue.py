"""An untouched file is as published after an update of a library, however it is rendered now."""

from pathlib import Path

import pytest

from reporting_pipeline.exports.pdf import page_texts
from reporting_pipeline.exports.verify.difference import Word
from reporting_pipeline.publishing import verify_against_catalogue
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.store import open_store
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.publishing.test_verify_against_warehouse import (
    WEEK,
    published,
    verified,
)
from reporting_pipeline_tests.sample_reports import ReportGenerator


def test_an_untouched_file_that_is_rendered_differently_is_as_published(
    season_pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = ReportGenerator(
        warehouse=season_pipeline.warehouse, store=open_store(str(tmp_path / "store"))
    )
    path = published(generator, WEEK, ReportFormat.PDF, tmp_path)
    monkeypatch.setattr(page_texts, "_day_text", lambda text, locale: f"{text} {locale}")
    assert verified(generator, path).word is not Word.AS_PUBLISHED
    monkeypatch.setattr(verify_against_catalogue, "made_with", lambda *_, **__: {"CLDR": "99"})

    found = verified(generator, path)

    assert found.word is Word.AS_PUBLISHED
    assert any("renders it differently: " in each.value for each in found.proofs)
    path.write_bytes(path.read_bytes() + b"%")
    assert verified(generator, path).word is Word.DIFFERENT
