"""The form of a declared definition as JSON Schema, for programs that write definitions."""

from typing import Any

from reporting_pipeline.report_definitions.definition import DeclaredDefinition

NAME = "DeclaredDefinition"


def definition_schemas(place: str) -> dict[str, Any]:
    """The schema of a declared definition under `NAME`, and those of its parts.

    It says the form only: a dataset's columns and what contradicts what are checked later, with
    better words.

    Args:
        place: Where the schemas are kept in a document, such as `#/components/schemas`.
    """
    schema = DeclaredDefinition.model_json_schema(ref_template=f"{place}/{{model}}")
    schemas: dict[str, Any] = schema.pop("$defs")
    for part, field in (("ColumnChoice", "name"), ("SortKey", "column"), ("PeriodRule", "rule")):
        found = schemas[part]
        bare = {**found["properties"][field], "description": f"Only the {field}."}
        schemas[part] = {"anyOf": [bare, found], "description": found["description"]}
    for each in (schema, *schemas.values()):
        _count_items(each)
    config = schemas["ReportConfig"]
    config["anyOf"] = [
        {"required": ["dataset", "columns"], "properties": {"blocks": {"maxItems": 0}}},
        {"required": ["blocks"], "properties": {"blocks": {"minItems": 1}}},
    ]
    config["required"] = ["period"]
    for text in (schema["properties"]["name"], *_labels(schemas)):
        text.setdefault("pattern", r"\S")
    return {NAME: schema, **schemas}


def _count_items(schema: dict[str, Any]) -> None:
    """Give lists their limits as numbers of items; the library writes those of a text."""
    for field in schema.get("properties", {}).values():
        for limit in ("min", "max"):
            if field.get("type") == "array" and f"{limit}Length" in field:
                field[f"{limit}Items"] = field.pop(f"{limit}Length")


def _labels(schemas: dict[str, Any]) -> list[dict[str, Any]]:
    """The schemas of texts for people, which are never empty."""
    terms, block = schemas["TermChoice"]["properties"], schemas["BlockConfig"]["properties"]
    signatures = schemas["ReportConfig"]["properties"]["signatures"]["items"]
    return [terms["term"], terms["meaning"], block["title"], signatures]
