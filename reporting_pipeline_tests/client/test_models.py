"""Answers are frozen, and those of a later server are read."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from pydantic import TypeAdapter, ValidationError

from reporting_pipeline.client import models, words


def test_an_answer_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        models.TakenBack(taken_back_count=1).taken_back_count = 2


def test_fields_and_words_of_a_later_server_are_read() -> None:
    answer = dict.fromkeys(models.ReportAnswer.model_fields)
    later = {"state": "postponed", "report_id": str(UUID(int=1)), "report_path": "/", "priority": 7}

    found = models.ReportAnswer.model_validate_json(json.dumps({**answer, **later}))

    assert str(found.state) == "postponed"
    assert not hasattr(found, "priority")


def test_a_word_is_no_number() -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(words.ReportState).validate_python(7)


def test_times_have_a_zone() -> None:
    question = models.ReplayQuestion(since=datetime(2026, 2, 28, tzinfo=UTC))

    assert question.model_dump(mode="json")["since"] == "2026-02-28T00:00:00Z"
