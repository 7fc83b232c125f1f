"""Keys mean the same place everywhere, or are refused."""

import pytest

from reporting_pipeline.errors import StoreError
from reporting_pipeline.store.object_store import check_key, is_key

REFUSED = [
    "",
    "/",
    "/etc/passwd",
    "a//b",
    "a/",
    ".",
    "..",
    "../x",
    "a/../b",
    "a/./b",
    "a/..",
    "..%2fx",
    "%252e%252e/x",
    "C:\\x",
    "C:/x",
    "a\\..\\b",
    "a\0b",
    "a\nb",
    "a\r\nX-Header: 1",
    "a\x7fb",
    ".hidden",
    ".staging/x",
    "a/trailing.",
    "a/trailing ",
    " a",
    "a b",
    "~",
    "~root/x",
    "a#1",
    "a?b",
    "a*b",
    "é",
    "a\u202eb",
    "CON",
    "a/nul.csv",
    "com1",
    "x" * 256,
    "/".join(["abcdefgh"] * 114),
    "\ud800",
]


@pytest.mark.parametrize("key", REFUSED)
def test_a_key_that_could_mean_another_place_is_refused(key: str) -> None:
    with pytest.raises(StoreError, match="the key "):
        check_key(key)


@pytest.mark.parametrize(
    "key",
    [
        "a",
        "00000001-0000-4000-8000-000000000001/report_sales_daily/2026-02-28/sales.csv",
        "v1.2.3/a_b-c.tar.gz",
        "console/common.csv",
        "x" * 255,
        "/".join(["abcdefgh"] * 113),
    ],
)
def test_plain_relative_paths_are_keys(key: str) -> None:
    assert is_key(key)


def test_a_refusal_shows_the_segment_without_control_characters() -> None:
    with pytest.raises(StoreError) as refusal:
        check_key("a/b\r\nInjected: 1/c")

    assert "\n" not in refusal.value.message
    assert r"'b\r\nInjected: 1'" in refusal.value.message
