"""Each schema of the API has its class in the client, with the same fields, words and types."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from reporting_pipeline.client import models, words
from reporting_pipeline.serving.api.routes.notices import Kind
from reporting_pipeline_tests.client.api_document import api_document

SCHEMAS: dict[str, Any] = api_document()["components"]["schemas"]
# The server judges lengths and patterns. Pages and lists are generic classes of the client, which
# have no titles and texts of their own.
IGNORED = {"title", "pattern", "maxLength", "minLength", "maxItems", "minItems"}
GENERIC = ("Page", "Listing")


def plain(schema: Any, defs: dict[str, Any], *, is_described: bool = True) -> Any:
    """A schema with each reference replaced by what it refers to."""
    if isinstance(schema, list):
        return [plain(each, defs, is_described=is_described) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        beside = {each: text for each, text in schema.items() if each == "description"}
        if "properties" in defs[name]:
            return {"class": name, **beside}
        return {**plain(defs[name], defs, is_described=False), **beside}
    if "properties" in schema:
        return {
            "description": schema.get("description") if is_described else None,
            "required": sorted(schema.get("required", [])),
            "fields": {
                name: plain(each, defs, is_described=is_described)
                for name, each in schema["properties"].items()
            },
        }
    left = IGNORED if is_described else IGNORED | {"description"}
    return {
        name: plain(each, defs, is_described=is_described)
        for name, each in schema.items()
        if name not in left and (name, each) != ("default", None)
    }


def of_client(model: type[BaseModel], *, is_described: bool) -> Any:
    schema = model.model_json_schema(ref_template="#/$defs/{model}")
    return plain(schema, schema.get("$defs", {}), is_described=is_described)


@pytest.mark.parametrize("name", [name for name in SCHEMAS if "properties" in SCHEMAS[name]])
def test_the_class_of_a_schema_has_its_fields_and_texts(name: str) -> None:
    model = getattr(models, name)
    is_described = not model.__name__.startswith(GENERIC)

    expected = plain(SCHEMAS[name], SCHEMAS, is_described=is_described)

    assert of_client(model, is_described=is_described) == expected


def test_kinds_of_notices_are_those_of_the_server_and_reset() -> None:
    of_server = TypeAdapter(Kind).json_schema()["enum"]

    assert TypeAdapter(words.NoticeKind).json_schema()["enum"] == [*of_server, "reset"]


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
