"""A cursor leads through one list of one organisation only."""

import pytest

from reporting_pipeline.errors import CallInvalid
from reporting_pipeline.serving.api.answers import cursor_of, position_of
from reporting_pipeline_tests.sample_reports import BERLIN, TOKYO
from reporting_pipeline_tests.serving.api.api_caller import ApiCaller

POSITION = ["2026-02-28", "4711"]


def test_a_cursor_leads_back_to_its_position() -> None:
    assert position_of(BERLIN, "reports", cursor_of(BERLIN, "reports", POSITION)) == POSITION
    assert position_of(BERLIN, "reports", None) is None


@pytest.mark.parametrize(
    "cursor",
    [
        cursor_of(TOKYO, "reports", POSITION),
        cursor_of(BERLIN, "alerts", POSITION),
        cursor_of(BERLIN, "reports", POSITION)[:-2],
        *("", "x", "e30", "W10", "bnVsbA", "\N{SNOWMAN}", "WyIiLCBbXV0", "Ww" * 400),
    ],
)
def test_any_other_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(CallInvalid, match="next_cursor"):
        position_of(BERLIN, "reports", cursor)


DAY, NAMES = "2026-02-28", ["amount", "order 1", "None", "EUR"]


@pytest.mark.parametrize(
    ("path", "name", "position"),
    [
        ("/breaks", "open breaks", [DAY, -5]),
        ("/breaks", "open breaks", [DAY, -(2**70), *NAMES]),
        ("/breaks", "open breaks", [DAY, True, *NAMES]),
        ("/breaks", "open breaks", [DAY, 1.5, *NAMES]),
        ("/breaks", "open breaks", ["today", -5, *NAMES]),
        ("/breaks", "open breaks", [DAY, -5, "a\0", *NAMES[1:]]),
        ("/breaks", "open breaks", [DAY, -5, "\ud800", *NAMES[1:]]),
        ("/breaks/accepted", "accepted breaks", ["2026-02-28T12:00:00", 1]),
        ("/breaks/accepted", "accepted breaks", ["2026-02-28T12:00:00+00:00", 2**63]),
        ("/breaks/accepted", "accepted breaks", ["2026-02-28T12:00:00+00:00", "1"]),
        ("/events", "events None None", ["2026-02-28 12:00", "1"]),
        ("/events", "events None None", ["a\0", str(BERLIN)]),
        ("/events", "events None None", [None, str(BERLIN)]),
        ("/alerts", "open alerts None", [0]),
        ("/alerts", "open alerts None", [0, "1"]),
        ("/alerts", "open alerts None", {"0": 1}),
        ("/definitions", "definitions None None", ["a\0"]),
    ],
)
def test_a_cursor_that_somebody_has_written_is_refused(
    api: ApiCaller, path: str, name: str, position: object
) -> None:
    found = api.get(path, params={"cursor": cursor_of(BERLIN, name, position)})

    assert found.status_code == 422
    assert "next_cursor" in found.text
