"""A cursor leads through one list of one organisation only."""

import pytest

from reporting_pipeline.errors import CallInvalid
from reporting_pipeline.serving.api.answers import cursor_of, position_of
from reporting_pipeline_tests.sample_reports import BERLIN, TOKYO

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
