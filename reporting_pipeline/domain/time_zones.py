"""Time zones: the IANA names that settings, report definitions and rows of sources may use."""

from functools import cache
from zoneinfo import available_timezones

# Names whose meaning is a setting of the machine, or that have none.
_NO_ZONES = frozenset({"localtime", "posixrules", "Factory"})

ZONE_OF_ABBREVIATION = {
    "CET": "Europe/Brussels",
    "EET": "Europe/Athens",
    "MET": "Europe/Brussels",
    "WET": "Europe/Lisbon",
}
"""Zones that PostgreSQL reads as abbreviations without summer time -> where IANA links them to."""


@cache
def zone_names() -> frozenset[str]:
    """All names of zones."""
    return frozenset(available_timezones() - _NO_ZONES)
