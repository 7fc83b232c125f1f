"""What a person reads of an alert's message, in any channel.

What belongs here: its words. What does not: how a channel marks them up.
"""

from collections.abc import Mapping
from typing import Any

# The longest that the common services take in one piece, with room for a heading.
_LONGEST = 1800
_HEADINGS = {"alert_opened": "ALERT", "alert_resolved": "RESOLVED", "alert_summary": "ALERTS"}


def is_over(message: Mapping[str, Any]) -> bool:
    """Whether it tells that a cause stands no more."""
    return bool(message["type"] == "alert_resolved")


def severity_of(message: Mapping[str, Any]) -> str:
    """`warn` or `error`."""
    return str(message["severity"])


def subject_of(message: Mapping[str, Any]) -> str:
    """A heading: `ALERT break (error)`."""
    heading = _HEADINGS[message["type"]]
    return f"{heading} {message['kind']} ({severity_of(message)})"


def text_of(message: Mapping[str, Any]) -> str:
    """The heading and what it is about, without control characters, cut where it is too long."""
    text = f"{subject_of(message)}: {message['message']}"
    plain = "".join(each if each.isprintable() else " " for each in text)
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 4]} ..."
