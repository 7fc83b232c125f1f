"""Every operation of the API is called with the things of another organisation, at every place.

The answer says nothing that only the other organisation has, and a refusal is the one that things
get which nobody has. The other organisation itself gets its things by the same calls, before and
after.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Client, Response

from reporting_pipeline.serving.api.app import create_app
from reporting_pipeline.serving.api.context import ApiContext, open_context
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.architecture.api_document import api_document
from reporting_pipeline_tests.sample_reports import (
    BERLIN,
    NOW,
    TOKYO,
)
from reporting_pipeline_tests.serving.api.api_caller import ApiCaller, api_settings
from reporting_pipeline_tests.serving.api.attack_runner import (
    PROVEN_ELSEWHERE,
    READING,
    Party,
    Runner,
    outcome_of,
    reason_of,
    text_of,
)
from reporting_pipeline_tests.serving.api.call_catalogue import (
    CALLS,
    CHANGES,
    MEMORY,
    TAG,
    Call,
    Outcome,
)
from reporting_pipeline_tests.serving.api.planted import planted, tokens

# Values that name nothing of an organisation.
_PLAIN = {
    *("format", "status", "from", "to", "limit", "state", "without_file", "edition", "version"),
    *("schedule", "name", "as_of", "kind", "type", "prefer"),
}
_PLAIN_BODY = {
    *("format", "provisional_allowed", "kind", "reason", "address", "kinds", "since"),
    *("accepted_too", "name", "description", "category", "schedule", "status", "formats"),
    *("delivery", "config"),
}


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
    """Id, method, path and description of each operation about an organisation."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if not path.startswith("/health"):
                yield operation["operationId"], method.upper(), path, operation


def _named_in(document: Mapping[str, Any], operation: Mapping[str, Any]) -> set[str]:
    """Every value that the document lets a call have, except plain ones."""
    found = {
        f"{each['in']} {each['name']}"
        for each in operation.get("parameters", ())
        if each["name"] not in _PLAIN
    }
    content = operation.get("requestBody", {}).get("content", {})
    for media in content.values():
        name = media["schema"]["$ref"].rpartition("/")[2]
        members = document["components"]["schemas"][name]["properties"]
        found |= {f"body {each}" for each in members if each not in _PLAIN_BODY}
    return {each.lower() for each in found}


def test_every_operation_is_called_with_every_value_that_can_name_something() -> None:
    document = api_document()
    for name, _, _, operation in _operations(document):
        calls = [each for each in (*CALLS, *CHANGES) if each.operation == name]
        tried = {place.replace("`", "").lower() for each in calls for place in each.places()}
        assert _named_in(document, operation) - tried == set(), name
    known = {name for name, *_ in _operations(document)}
    assert {each.operation for each in (*CALLS, *CHANGES)} == known


@pytest.fixture
def runner(connected_api: ApiCaller) -> Runner:
    """Both organisations with their things; the answers to the owner are in memory."""
    owner, attacker = (
        Party(id=each, things=planted(connected_api, each, mark))
        for each, mark in ((BERLIN, "berlin"), (TOKYO, "tokyo"))
    )
    app = connected_api.client.app
    assert isinstance(app, FastAPI)
    paths = {name: (method, path) for name, method, path, _ in _operations(app.openapi())}
    return Runner(api=connected_api, owner=owner, attacker=attacker, paths=paths)


def test_no_call_gets_a_thing_of_another_organisation(runner: Runner) -> None:
    for _ in range(2):  # the first time makes requests, and fills memory
        for each in READING:
            runner.answers[id(each)] = answer = runner.own(runner.owner, each)
            assert answer.is_success, f"{each.operation}: {answer.text}"
    before = dict(runner.answers)
    markers = _markers(runner, list(before.values()))
    faults = [
        fault
        for call in (*CALLS, *CHANGES)
        for place, outcome in call.places().items()
        if place not in PROVEN_ELSEWHERE
        for fault in _faults(runner, call, place, outcome, markers)
    ]
    after = {id(each): runner.own(runner.owner, each) for each in READING}

    assert not faults, "\n".join(faults)
    for call in READING:
        first, last = before[id(call)], after[id(call)]
        assert (first.status_code, first.content) == (last.status_code, last.content), call
    missing = [fault for call in (*READING, *CHANGES) for fault in _not_shown(runner, call)]
    assert not missing, "\n".join(missing)


def _not_shown(runner: Runner, call: Call) -> Iterator[str]:
    """What the owner does not get by a call of its own, and others would not get either."""
    answer = runner.answers.get(id(call)) or runner.own(runner.owner, call)
    if answer.is_success == call.is_conflict or call.is_tagged > ("etag" in answer.headers):
        yield f"{call.operation}: {answer.status_code} {answer.text}"
    elif call.shows and runner.owner.things[call.shows[1:]] not in text_of(answer):
        yield f"{call.operation} does not show {call.shows}: {answer.text}"


def _markers(runner: Runner, answers: list[Response]) -> set[str]:
    """What only the owner of the things is told, or knows."""
    of_owner = {token for each in answers for token in tokens(text_of(each))}
    of_owner |= tokens(" ".join(runner.owner.things.values()))
    of_attacker = tokens(" ".join(runner.attacker.things.values()))
    for call in READING:
        of_attacker |= tokens(text_of(runner.own(runner.attacker, call)))
    # A slug that both may have: the other organisation creates a definition with it.
    found = of_owner - of_attacker - tokens(runner.owner.things["taken_slug"])
    assert len(found) > 40
    return found


def _faults(
    runner: Runner, call: Call, place: str, outcome: Outcome, markers: set[str]
) -> Iterator[str]:
    """What is not as it should be with the attacks of a call at a place."""
    where = f"{call.operation}, {place}"
    if place == MEMORY:
        yield from _not_remembered(runner, call)
    for attack, control in runner.attacks(call, place):
        answer = runner.send(runner.attacker, call, attack)
        reference = runner.send(runner.attacker, call, control)
        found = outcome_of(answer, reference)
        if found != outcome:
            yield f"{where}: {found} in place of {outcome}: {answer.text[:300]}"
        if leaked := tokens(text_of(answer)) & (markers - tokens(attack.texts())):
            yield f"{where}: {sorted(leaked)}"
        if answer.status_code >= 400 and reason_of(answer, attack) != reason_of(reference, control):
            yield f"{where}: {answer.text} is not {reference.text}"
        if place == TAG and found is Outcome.OWN and answer.content != reference.content:
            yield f"{where}: not the own answer"


def _not_remembered(runner: Runner, call: Call) -> Iterator[str]:
    """A fault if the second call of the owner is not answered from memory."""
    context: ApiContext = runner.api.client.app.state.context  # type: ignore[attr-defined]
    caches = context.desk.caches
    kept = (caches.files._editions, caches.summaries._rows, caches.definitions._kept)
    before = [each.counts.hits for each in kept]
    runner.own(runner.owner, call)
    if [each.counts.hits for each in kept] == before:
        yield f"{call.operation}: the owner is not answered from memory"


def test_a_link_of_a_bucket_names_one_file_of_the_own_organisation(
    season_pipeline: Pipeline, bucket_address: str, tmp_path: Path
) -> None:
    settings = api_settings(
        season_pipeline.warehouse,
        tmp_path,
        store_url=bucket_address,
        hot_cache_file_bytes=1,
    )
    with (
        open_context(settings, clock=lambda: NOW) as context,
        TestClient(create_app(context), follow_redirects=False) as client,
    ):
        api = ApiCaller(client=client, settings=settings)
        theirs, own = (planted(api, each, mark)["report"] for each, mark in _PARTIES)
        tokyo: dict[str, Any] = {"token": api.token(TOKYO), "organization_id": TOKYO}
        paths = ("/reports/{}/file", "/reports/{}/editions/2/file")
        refused = [api.get(path.format(theirs), **tokyo) for path in paths]
        links = [api.get(path.format(own), **tokyo).headers["location"] for path in paths]
        link_of_owner = api.get(paths[0].format(theirs)).headers["location"]

    assert [(each.status_code, each.headers.get("location")) for each in refused] == [
        (404, None)
    ] * 2
    with Client() as http:
        assert http.get(link_of_owner).is_success
        for link in links:
            assert http.get(link).is_success
            # The signature is of one key.
            forged = urlsplit(link)._replace(path=urlsplit(link_of_owner).path).geturl()
            assert http.get(forged).status_code == 403


_PARTIES = ((BERLIN, "berlin"), (TOKYO, "tokyo"))


def test_the_tests_of_streams_and_links_exist() -> None:
    tests = Path(__file__).parents[2]
    for place in PROVEN_ELSEWHERE.values():
        file, _, name = place.partition("::")
        assert f"def {name}(" in (tests / file).read_text(encoding="utf-8")
