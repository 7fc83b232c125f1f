"""The OpenAPI document of the API, with what the framework does not write itself.

* The operation ids are the names of the routes.
* A parameter of a path, query or header is never null.
* The schemas of a report definition are those of the definitions themselves.
* Links say which value of an answer names the thing of another call: a program, a test or a reader
  can follow them.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from reporting_pipeline.report_definitions.json_schema import definition_schemas

_SCHEMAS = "#/components/schemas"
_REPORT = {"report_id": "$response.body#/id"}
_FIRST_REPORT = {"report_id": "$response.body#/items/0/id"}
_ASKED = {"report_id": "$response.body#/report_id"}
_EDITION = {
    "report_id": "$request.path.report_id",
    "edition": "$response.body#/items/0/edition",
}
_SLUG = {"slug": "$response.body#/items/0/slug"}
_SAME_SLUG = {"slug": "$request.path.slug"}
_MADE = {"slug": "$response.body#/document/slug"}
_WEBHOOK = {"webhook_id": "$response.body#/id"}
_FIRST_WEBHOOK = {"webhook_id": "$response.body#/items/0/id"}
_OF_REPORT = ("one_report", "download_file", "list_editions", "verify_file")
_OF_EDITION = ("download_edition", "edition_manifest", "edition_changes")
_OF_DEFINITION = ("one_definition", "compare_versions", "pause_definition", "archive_definition")
_OF_WEBHOOK = ("one_webhook", "pause_webhook", "list_messages", "replay_messages")
# Operation and status -> the operations that its answer leads to, with their parameters.
_LINKS: Mapping[tuple[str, str], list[tuple[tuple[str, ...], dict[str, str]]]] = MappingProxyType(
    {
        ("list_reports", "200"): [(_OF_REPORT, _FIRST_REPORT)],
        ("one_report", "200"): [(_OF_REPORT[1:], _REPORT)],
        ("ask_for_report", "200"): [(_OF_REPORT, _ASKED)],
        ("ask_for_report", "202"): [
            (("one_report",), _ASKED),
            (("one_request",), {"request_id": "$response.body#/request_id"}),
        ],
        ("one_request", "200"): [(("one_report", "download_file"), _ASKED)],
        ("list_editions", "200"): [(_OF_EDITION, _EDITION)],
        ("list_definitions", "200"): [(_OF_DEFINITION, _SLUG)],
        ("create_definition", "201"): [(_OF_DEFINITION, _MADE)],
        ("one_definition", "200"): [
            (("put_definition",), {**_SAME_SLUG, "if-match": "$response.header.ETag"}),
            (
                ("definition_version",),
                {**_SAME_SLUG, "version": "$response.body#/versions/0/version"},
            ),
        ],
        ("pause_definition", "200"): [(("resume_definition",), _SAME_SLUG)],
        ("list_datasets", "200"): [(("one_dataset",), {"name": "$response.body#/items/0/name"})],
        ("list_events", "200"): [
            (("one_event", "event_summary"), {"event_id": "$response.body#/items/0/id"})
        ],
        ("list_webhooks", "200"): [(_OF_WEBHOOK, _FIRST_WEBHOOK)],
        ("add_webhook", "201"): [((*_OF_WEBHOOK, "remove_webhook"), _WEBHOOK)],
        ("pause_webhook", "200"): [(("resume_webhook",), _WEBHOOK)],
    }
)


def operation_id(route: APIRoute) -> str:
    """The id of a route's operation: its name."""
    return route.name


class DescribedApi(FastAPI):
    """An application whose document is complete."""

    def openapi(self) -> dict[str, Any]:
        """The document; it is made once."""
        if self.openapi_schema is None:
            document = get_openapi(
                title=self.title,
                version=self.version,
                description=self.description,
                routes=self.routes,
            )
            document["components"]["schemas"].update(definition_schemas(_SCHEMAS))
            operations = dict(_operations(document))
            for each in operations.values():
                for parameter in each.get("parameters", ()):
                    parameter["schema"] = _without_null(parameter["schema"])
            _add_links(operations)
            self.openapi_schema = document
        return self.openapi_schema


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in document["paths"].values():
        for each in path.values():
            yield each["operationId"], each


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter that may be absent, but is no null."""
    kinds = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    return {**{name: value for name, value in schema.items() if name != "anyOf"}, **kinds[0]}


def _add_links(operations: Mapping[str, dict[str, Any]]) -> None:
    for (source, status), targets in _LINKS.items():
        answer = operations[source]["responses"][status]
        links = answer.setdefault("links", {})
        for names, found in targets:
            for name in names:
                place = {"organization_id": "$request.path.organization_id"}
                links[name] = {
                    "operationId": name,
                    "description": operations[name]["summary"],
                    "parameters": {**place, **found},
                }
