"""Keys of stored objects: which names are the same, and harmless, in a folder and in S3.

    00000001-0000-4000-8000-000000000001/report_sales_daily/2026-02-28/sales.csv

What belongs here: the rule. What does not: which keys an export uses.
"""

import re

from reporting_pipeline.errors import StoreError

_MAX_KEY_BYTES = 1024  # of S3
_MAX_SEGMENT_BYTES = 255  # of every usual file system

# No percent sign: what looks encoded would mean another key after a proxy. No leading or trailing
# dot: `..`, hidden files, and names that Windows shortens.
_SEGMENT = re.compile(r"[A-Za-z0-9_-](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?")

_DEVICE_NAME = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)


def check_key(key: str) -> None:
    """Accept a relative path of plain segments: letters, digits, `.`, `_` and `-`.

    Raises:
        StoreError: It is anything else; the message names the segment.
    """
    if len(key.encode(errors="replace")) > _MAX_KEY_BYTES:
        message = f"the key {key[:40]!r}... is longer than {_MAX_KEY_BYTES} bytes"
        raise StoreError(message)
    for segment in key.split("/"):
        if not _is_plain(segment):
            message = (
                f"the key {key!r} has the segment {segment!r}: expected 1 to {_MAX_SEGMENT_BYTES} "
                "letters, digits, '.', '_' or '-', no '.' at either end, no device name"
            )
            raise StoreError(message)


def is_key(name: str) -> bool:
    """Whether `check_key` would accept it."""
    try:
        check_key(name)
    except StoreError:
        return False
    return True


def _is_plain(segment: str) -> bool:
    return (
        len(segment) <= _MAX_SEGMENT_BYTES
        and _SEGMENT.fullmatch(segment) is not None
        and _DEVICE_NAME.fullmatch(segment) is None
    )
