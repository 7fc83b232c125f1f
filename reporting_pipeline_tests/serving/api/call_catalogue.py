"""One call of each operation of the API, with the places at which it can name another organisation.

A value with `$` is a thing of an organisation: `$report` is a report of it. An attack replaces it
with that of another organisation. A value with `@` belongs to nobody: `@day` is a day. The value
`^slug` is that of the path.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from reporting_pipeline_tests.sample_reports import ATTENDANCE


class Outcome(StrEnum):
    """How an attack is answered. Anything of another organisation is no outcome."""

    NOT_FOUND = "404"
    REFUSED = "422"
    CHANGED = "412"
    NO_ROWS = "0 rows"
    OWN = "own"
    SAME = "same for all"


ORGANIZATION, MEMORY, TAG, MATCH, CURSOR = (
    *("path `organization_id`", "memory", "`If-None-Match`", "header `If-Match`"),
    "query `cursor`",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call of an operation, as an organisation makes it for itself.

    Attributes:
        operation: The operation's id in the OpenAPI document.
        shows: What the answer has; None if it has no thing of the organisation.
        is_tagged: The answer has an entity tag.
        is_list: `query["cursor"]` of another organisation is tried.
        is_remembered: Memory is asked before the warehouse.
        is_conflict: The organisation itself is answered with 409.
        outcomes: Of the places whose outcome is not the usual one.
    """

    operation: str
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    shows: str | None = None
    is_tagged: bool = False
    is_list: bool = False
    is_remembered: bool = False
    is_conflict: bool = False
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)

    def places(self) -> dict[str, Outcome]:
        """Each place at which another organisation can be named, and the outcome."""
        found = {ORGANIZATION: Outcome.NOT_FOUND}
        found |= {f"path `{name}`": Outcome.NOT_FOUND for name in _things(self.path)}
        found |= {f"query `{name}`": Outcome.NO_ROWS for name in _things(self.query)}
        found |= {f"header `{name}`": Outcome.OWN for name in _things(self.headers)}
        found |= {f"body `{name}`": Outcome.NOT_FOUND for name in _things(self.body or {})}
        if self.is_list:
            found[CURSOR] = Outcome.REFUSED
        if self.is_tagged:
            found[TAG] = Outcome.OWN
        if self.is_remembered:
            found[MEMORY] = Outcome.NOT_FOUND
        return found | dict(self.outcomes)


def _things(part: Mapping[str, Any]) -> list[str]:
    return [name for name, value in part.items() if "$" in str(value)]


_REPORT = {"report_id": "$report"}
_EDITION = {"report_id": "$report", "edition": "2"}
_SLUG = {"slug": "$slug"}
_SPARE = {"slug": "$spare_slug"}
_EVENT = {"event_id": "$event"}
_WEBHOOK = {"webhook_id": "$webhook"}
_DOCUMENT = {**ATTENDANCE, "organization_id": "$organization"}
_QUESTION = {"definition": "$slug", "period": "@day", "format": "csv"}
_CONFIG: Final[dict[str, Any]] = dict(ATTENDANCE["config"])  # type: ignore[call-overload]
_ONE_EVENT = {"column": "event_id", "operator": "=", "value": "$event"}
OF_EVENT: Final = {
    **ATTENDANCE,
    "slug": "of-event",
    "schedule": "post_event",
    "config": {**_CONFIG, "period": "event_to_date"},
}
_OWN_BODY = {"body `organization_id`": Outcome.REFUSED}
_PAGE = {"limit": "1"}

CALLS: Final = (
    Call(
        operation="list_reports", query=_PAGE, shows="$organization", is_tagged=True, is_list=True
    ),
    Call(operation="list_reports", query={"definition": "$slug"}, shows="$report"),
    Call(operation="list_reports", query={"event_id": "$event"}, shows="$event_report"),
    Call(operation="ask_for_report", body=_QUESTION, shows="$report", is_remembered=True),
    Call(
        operation="ask_for_report",
        body={"definition": "of-event", "period": "event-${event}_@day", "format": "csv"},
        shows="$event_report",
        outcomes={"body `period`": Outcome.REFUSED},
    ),
    Call(
        operation="ask_for_report",
        headers={"Idempotency-Key": "$key"},
        body={**_QUESTION, "definition": "@slug"},
        shows="$report",
    ),
    Call(operation="one_report", path=_REPORT, shows="$report", is_tagged=True),
    Call(
        operation="list_requests", query=_PAGE, shows="$organization", is_tagged=True, is_list=True
    ),
    Call(
        operation="one_request", path={"request_id": "$request"}, shows="$request", is_tagged=True
    ),
    Call(
        operation="download_file",
        path=_REPORT,
        shows="$event",
        is_tagged=True,
        is_remembered=True,
        outcomes={"signed link": Outcome.NOT_FOUND},
    ),
    Call(operation="list_editions", path=_REPORT, shows="$digest", is_tagged=True),
    Call(
        operation="download_edition",
        path=_EDITION,
        shows="$event",
        is_tagged=True,
        is_remembered=True,
        outcomes={"signed link": Outcome.NOT_FOUND},
    ),
    Call(operation="edition_manifest", path=_EDITION, shows="$digest"),
    Call(
        operation="edition_changes",
        path=_EDITION,
        query=_PAGE,
        shows="$event",
        is_tagged=True,
        is_list=True,
    ),
    Call(operation="verify_file", path=_REPORT, shows="$digest"),
    Call(operation="list_definitions", query=_PAGE, shows="$word", is_tagged=True, is_list=True),
    Call(operation="one_definition", path=_SLUG, shows="$word", is_tagged=True),
    Call(
        operation="definition_version",
        path={**_SLUG, "version": "1"},
        shows="$word",
        is_tagged=True,
    ),
    Call(
        operation="compare_versions",
        path=_SLUG,
        query={"from": "1", "to": "2"},
        shows="$word",
        is_tagged=True,
    ),
    Call(operation="list_datasets", is_tagged=True, outcomes={TAG: Outcome.SAME}),
    Call(
        operation="one_dataset",
        path={"name": "attendance_daily"},
        is_tagged=True,
        outcomes={TAG: Outcome.SAME},
    ),
    Call(operation="list_events", query=_PAGE, shows="$word", is_tagged=True, is_list=True),
    Call(operation="one_event", path=_EVENT, shows="$word", is_tagged=True),
    Call(
        operation="event_summary",
        path={**_EVENT, "as_of": "2026-12-31"},
        shows="$event",
        is_tagged=True,
        is_remembered=True,
    ),
    Call(operation="day_figures", path={"as_of": "2026-12-31"}, shows="$figure", is_tagged=True),
    Call(
        operation="follow_notices",
        headers={"Last-Event-ID": "$notice"},
        outcomes={"topic": Outcome.OWN},
    ),
    Call(operation="list_open_breaks", query=_PAGE, shows="$order", is_tagged=True, is_list=True),
    Call(
        operation="list_accepted_breaks",
        query=_PAGE,
        shows="$word",
        is_tagged=True,
        is_list=True,
    ),
    Call(operation="list_open_alerts", query=_PAGE, shows="$word", is_tagged=True, is_list=True),
    Call(operation="list_newest_alerts", shows="$word", is_tagged=True),
    Call(operation="list_webhooks", shows="$webhook", is_tagged=True),
    Call(operation="one_webhook", path=_WEBHOOK, shows="$word", is_tagged=True),
    Call(operation="list_messages", path=_WEBHOOK, shows="$report", is_tagged=True),
)
"""Calls that change nothing of the organisation."""

CHANGES: Final = (
    Call(
        operation="preview_definition",
        query={"period": "event-${event}_@day"},
        body=OF_EVENT,
        shows="$event",
    ),
    Call(
        operation="preview_definition",
        query={"period": "@day"},
        body={**_DOCUMENT, "slug": "$slug"},
        shows="$event",
        outcomes={**_OWN_BODY, "body `slug`": Outcome.OWN},
    ),
    Call(
        operation="preview_definition",
        query={"period": "@day"},
        body={**ATTENDANCE, "config": {**_CONFIG, "filters": [_ONE_EVENT]}},
        shows="$event",
        outcomes={"body `config`": Outcome.NO_ROWS},
    ),
    Call(
        operation="create_definition",
        body={**_DOCUMENT, "slug": "@new_slug"},
        outcomes=_OWN_BODY,
    ),
    Call(
        operation="create_definition",
        body={**ATTENDANCE, "slug": "$taken_slug"},
        outcomes={"body `slug`": Outcome.OWN},
        is_conflict=True,
    ),
    Call(
        operation="put_definition",
        path=_SPARE,
        headers={"If-Match": "$spare_tag"},
        body={**_DOCUMENT, "slug": "^slug"},
        outcomes={
            **_OWN_BODY,
            "body `slug`": Outcome.REFUSED,
            MATCH: Outcome.CHANGED,
        },
        shows="$spare_slug",
    ),
    Call(operation="pause_definition", path=_SPARE, shows="$spare_slug"),
    Call(operation="resume_definition", path=_SPARE, shows="$spare_slug"),
    Call(operation="archive_definition", path=_SPARE, shows="$spare_slug"),
    Call(
        operation="accept_breaks",
        body={"kind": "amount", "ids": ["$order"], "reason": "counted"},
        shows="$order",
    ),
    Call(operation="take_back_breaks", body={"kind": "amount", "ids": ["$accepted_order"]}),
    Call(
        operation="add_webhook",
        body={"address": "https://example.com/added", "definition": "$slug"},
        shows="$definition",
    ),
    Call(operation="pause_webhook", path=_WEBHOOK, body={"reason": "moves"}, shows="$webhook"),
    Call(operation="resume_webhook", path=_WEBHOOK, shows="$webhook"),
    Call(
        operation="replay_messages",
        path=_WEBHOOK,
        body={"since": "2025-01-01T00:00:00Z"},
    ),
    Call(operation="remove_webhook", path=_WEBHOOK),
)
"""Calls that change something, in an order in which an organisation can make them all."""
