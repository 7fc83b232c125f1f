"""Makes the calls of the catalogue: for an organisation itself, and with things of another one."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from string import Template
from typing import Any
from uuid import UUID, uuid4

from httpx2 import Response

from reporting_pipeline_tests.serving.api.api_caller import ApiCaller
from reporting_pipeline_tests.serving.api.call_catalogue import (
    CALLS,
    CURSOR,
    MATCH,
    MEMORY,
    ORGANIZATION,
    TAG,
    Call,
    Outcome,
)
from reporting_pipeline_tests.serving.api.planted import tokens

_PLAIN = re.compile(r"@(\w+)")
_NEXT = re.compile(r'"next_cursor":"([^"]+)"')
_OF_STATUS = {404: Outcome.NOT_FOUND, 422: Outcome.REFUSED, 412: Outcome.CHANGED}
PROVEN_ELSEWHERE = {
    "topic": "cli/test_notice_streams.py::test_notices_of_the_organisation_come_at_once",
    "header `Last-Event-ID`": "cli/test_notice_streams.py"
    "::test_the_notice_of_another_organisation_is_no_place_to_go_on_from",
    "signed link": "serving/api/test_tenancy_attacks.py"
    "::test_a_link_of_a_bucket_names_one_file_of_the_own_organisation",
}
"""Places that need a stream or a bucket, and the tests that try them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """An organisation and its things; `Nobody` has ids that nobody has."""

    id: UUID
    things: Mapping[str, str]

    @classmethod
    def nobody(cls, like: Mapping[str, str]) -> "Party":
        """Ids and slugs like those of an organisation, which nobody has."""
        identity = uuid4()
        things = {name: _unknown(value) for name, value in like.items()}
        return cls(id=identity, things={**things, "organization": str(identity)})


def _unknown(value: str) -> str:
    try:
        UUID(value)
    except ValueError:
        return re.sub("^zq[a-z]+", "zqnobody", value)
    return str(uuid4())


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of one call."""

    organization_id: UUID
    path: Mapping[str, Any]
    query: Mapping[str, Any]
    headers: Mapping[str, Any]
    body: Mapping[str, Any] | None

    def texts(self) -> str:
        """All that the call says, for a search."""
        values = [str(self.organization_id), self.path, self.query, self.headers, self.body]
        return json.dumps(values)


@dataclass(kw_only=True)
class Runner:
    """Makes calls, and keeps what the owner of the things was answered."""

    api: ApiCaller
    owner: Party
    attacker: Party
    paths: Mapping[str, tuple[str, str]]
    answers: dict[int, Response] = field(default_factory=dict)

    def own(self, party: Party, call: Call) -> Response:
        """A call that a party makes for itself."""
        return self.send(party, call, _parts(call, party, party))

    def send(self, party: Party, call: Call, parts: Parts) -> Response:
        """Send a call with the token of a party."""
        method, path = self.paths[call.operation]
        token = self.api.token(party.id, subject=f"caller of {call.operation}")
        return self.api.client.request(
            method,
            path.format(organization_id=parts.organization_id, **parts.path),
            params=dict(parts.query),
            headers={"Authorization": f"Bearer {token}", **parts.headers},
            json=None if parts.body is None else dict(parts.body),
        )

    def attacks(self, call: Call, place: str) -> Iterator[tuple[Parts, Parts]]:
        """Each form of an attack at a place, with the same one about things that nobody has."""
        former = self.answers.get(id(call), None)
        nobody = Party.nobody(self.owner.things)
        own, theirs, none = (
            _parts(call, self.attacker, each) for each in (self.attacker, self.owner, nobody)
        )
        if place == ORGANIZATION:
            yield from self._with_tags(
                call,
                _parts(call, self.owner, self.owner),
                _parts(call, nobody, nobody),
            )
        elif place == MEMORY:
            yield theirs, none
        elif place == TAG:
            assert former is not None
            yield _with(own, "headers", "If-None-Match", former.headers["etag"]), own
        elif place == CURSOR:
            assert former is not None
            cursor = former.json()["next_cursor"]
            assert cursor
            yield _with(own, "query", "cursor", cursor), _with(own, "query", "cursor", "x")
        elif place == MATCH:
            tags = theirs.headers["If-Match"], '"x"'
            first, second = (_with(own, "headers", "If-Match", each) for each in tags)
            yield first, second
        else:
            part, name = place.replace("`", "").replace("header", "headers").split()
            pair = [_with(own, part, name, getattr(each, part)[name]) for each in (theirs, none)]
            if part == "path":
                pair = [_consistent(call, each) for each in pair]
            yield from self._with_tags(call, *pair)

    def _with_tags(
        self, call: Call, attack: Parts, control: Parts
    ) -> Iterator[tuple[Parts, Parts]]:
        """An attack, also with the entity tag of the owner and with that of any thing."""
        yield attack, control
        former = self.answers.get(id(call))
        for name, tag in (
            ("If-None-Match", former.headers["etag"] if former and call.is_tagged else None),
            ("If-Match", self.owner.things["spare_tag"] if "If-Match" in call.headers else None),
        ):
            for value in (tag, "*") if tag else ():
                yield (
                    _with(attack, "headers", name, value),
                    _with(control, "headers", name, value),
                )


def outcome_of(answer: Response, own: Response | None) -> Outcome | str:
    """How an attack was answered."""
    if answer.status_code in _OF_STATUS:
        return _OF_STATUS[answer.status_code]
    if answer.status_code == 304 and own is not None:
        return Outcome.SAME if own.headers.get("etag") == answer.headers["etag"] else "304"
    if not answer.is_success:
        return str(answer.status_code)
    body = answer.json() if "json" in answer.headers.get("content-type", "") else None
    if isinstance(body, dict):
        rows = body.get(
            "items", [each["rows"] for each in body.get("blocks", [[0]]) if each != [0]]
        )
        if ("items" in body and not rows) or ("blocks" in body and not any(rows)):
            return Outcome.NO_ROWS
    return Outcome.OWN


def text_of(answer: Response) -> str:
    """All that an answer says: reason, headers, body and what its cursor hides."""
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
    cursors = [
        base64.urlsafe_b64decode(each + "=" * (-len(each) % 4)).decode()
        for each in _NEXT.findall(answer.text)
    ]
    return "\n".join([answer.reason_phrase, headers, answer.text, *cursors])


def reason_of(answer: Response, sent: Parts) -> str:
    """The text of a refusal, without the call's own id and without what the call has sent."""
    text = json.dumps({**answer.json(), "instance": ""})
    for each in sorted(tokens(sent.texts()), key=len, reverse=True):
        text = text.replace(each, "X")
    return text


def _parts(call: Call, caller: Party, named: Party) -> Parts:
    """The parts of a call of one party about the things of another."""

    def filled(value: Any) -> Any:
        if isinstance(value, str):
            plain = _PLAIN.sub(lambda found: named.things[found[1]], value)
            return Template(plain).substitute(named.things)
        if isinstance(value, Mapping):
            return {key: filled(each) for key, each in value.items()}
        return [filled(each) for each in value] if isinstance(value, list) else value

    parts = Parts(
        organization_id=caller.id,
        path=filled(call.path),
        query=filled(call.query),
        headers=filled(call.headers),
        body=None if call.body is None else filled(call.body),
    )
    return _consistent(call, parts)


def _with(parts: Parts, part: str, name: str, value: Any) -> Parts:
    values = {each: getattr(parts, each) for each in Parts.__dataclass_fields__}
    return Parts(**{**values, part: {**values[part], name: value}})


def _consistent(call: Call, parts: Parts) -> Parts:
    """Fill what the body repeats of the path."""
    for name, value in (call.body or {}).items():
        if isinstance(value, str) and value.startswith("^"):
            parts = _with(parts, "body", name, parts.path[value[1:]])
    return parts


READING = [each for each in CALLS if each.operation != "follow_notices"]
