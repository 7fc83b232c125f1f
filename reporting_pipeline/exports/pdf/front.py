"""What stands before the table and around each page: what the report is, and why it may change.

What belongs here: the manifest as texts of the front and the frame. What does not: the table.
"""

from collections.abc import Sequence
from datetime import date

from babel import Locale

from reporting_pipeline.domain.period import Period
from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.exports.pdf.visible import visible_text
from reporting_pipeline.exports.presentation import count_for_people

_MOST_REASONS = 6


def frame_text(manifest: Manifest, page: int, page_count: int) -> str:
    """What is to be read in a page's frame, in order."""
    banner = "PROVISIONAL " if manifest.is_provisional else ""
    title, organization = manifest.definition.name, manifest.organization.name
    return (
        f"{banner}{visible_text(title)}, version {manifest.definition.version} · "
        f"{visible_text(organization)} · {period_of(manifest)} Page {page} of {page_count}"
    )


def language_tag(locale: str) -> str:
    """The language of a report's texts, with its script: zh-Hans-CN for zh_CN."""
    parsed = Locale.parse(locale)
    script = parsed.script or {"zh_CN": "Hans", "zh_SG": "Hans", "zh": "Hans"}.get(locale)
    return "-".join(filter(None, (parsed.language, script, parsed.territory)))


def facts_of(manifest: Manifest) -> list[tuple[str, Sequence[str]]]:
    """What the report is, in lines: name, and values one below the other."""
    definition = manifest.definition
    facts: list[tuple[str, Sequence[str]]] = [
        ("Period", [period_of(manifest)]),
        ("Time zone", [manifest.time_zone]),
        ("Definition", [definition.name, f"version {definition.version} ({definition.slug})"]),
        ("Filters", list(manifest.filters) or ["none"]),
        ("Rows", [count_for_people(manifest.row_count, manifest.locale)]),
    ]
    return facts


def period_of(manifest: Manifest) -> str:
    """The report days; as ISO 8601 has them, since the words around them are not the locale's."""
    period = manifest.period
    return str(Period(first=period.first, end=period.end, event_id=period.event_id))


def reasons_of(manifest: Manifest) -> list[str]:
    """Why the figures are not final, each once, with the days that it concerns.

    Of many reasons the first few; the proof has all.
    """
    days: dict[str, list[str]] = {}
    for seal in manifest.seals:
        if seal.state != "final":
            last = date.fromordinal(seal.end.toordinal() - 1)
            span = str(seal.first) if seal.first == last else f"{seal.first} to {last}"
            for reason in seal.reasons or (f"the days are {seal.state}",):
                days.setdefault(reason, []).append(span)
    reasons = [f"{', '.join(spans)}: {reason}" for reason, spans in days.items()]
    if len(reasons) > _MOST_REASONS:
        reasons[_MOST_REASONS:] = [f"and {len(reasons) - _MOST_REASONS} more, told by the proof"]
    return reasons
