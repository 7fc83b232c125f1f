"""Each schema of the API has its class in the client, with the same fields, words and types."""

from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from reporting_pipeline.client import models, words
from reporting_pipeline.report_definitions.json_schema import definition_schemas
from reporting_pipeline.serving.api.routes.notices import Kind
from reporting_pipeline_tests.architecture.api_document import api_document

SCHEMAS: dict[str, Any] = api_document()["components"]["schemas"]
# The server judges lengths and patterns. Pages and lists are generic classes of the client, which
# have no titles and texts of their own.
IGNORED = {"title", "pattern", "maxLength", "minLength", "maxItems", "minItems"}
GENERIC = ("Page", "Listing")
# A definition is a document of its own, which the client passes on as it is.
OF_DEFINITIONS = definition_schemas("#").keys()
CLASSES = [name for name in SCHEMAS if "properties" in SCHEMAS[name] and name not in OF_DEFINITIONS]


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


@pytest.mark.parametrize("name", CLASSES)
def test_the_class_of_a_schema_has_its_fields_and_texts(name: str) -> None:
    model = getattr(models, name)
    is_described = not model.__name__.startswith(GENERIC)

    expected = plain(SCHEMAS[name], SCHEMAS, is_described=is_described)

    assert of_client(model, is_described=is_described) == expected


def test_kinds_of_notices_are_those_of_the_server_and_reset() -> None:
    of_server = TypeAdapter(Kind).json_schema()["enum"]

    assert TypeAdapter(words.NoticeKind).json_schema()["enum"] == [*of_server, "reset"]
