"""The lines around the rows in files for people: period, event, a stamp, an accepted break.

The language is that of the report.
"""

from reporting_pipeline.domain.discrepancy import BREAK_MESSAGE
from reporting_pipeline.exports.manifest import PROVISIONAL, AcceptedBreakPart, Manifest
from reporting_pipeline.exports.presentation import money_for_people
from reporting_pipeline.exports.shown_words import shown_word
from reporting_pipeline.languages import shown_finding, translated, words_of

PAGE_NUMBER = "Page {page} of {pages}"
PROVISIONAL_MEANING = "These figures rest on days that are not final and may change."


def period_text(manifest: Manifest) -> str:
    """The days of the report, in ISO 8601."""
    period, locale = manifest.period.period, manifest.locale
    if period.first is None:
        return translated("up to {day}", locale, day=period.last)
    if period.first == period.last:
        return str(period.first)
    return translated("{first} to {last}", locale, first=period.first, last=period.last)


def event_facts(manifest: Manifest) -> list[tuple[str, str]]:
    """The facts of the event of a report over one, by English names; none of any other report."""
    event = manifest.event
    if event is None:
        return []
    place = ", ".join(each for each in (event.venue, event.city) if each)
    days = translated("{first} to {last}", manifest.locale, first=event.start, last=event.end)
    return [
        ("Event", event.name),
        *([("Venue", place)] if place else []),
        ("Date", days),
        ("Status", _status_text(event.status, manifest.locale)),
    ]


def _status_text(status: str, locale: str) -> str:
    return words_of("event_status", locale).get(status, status.replace("_", " "))


def provisional_texts(manifest: Manifest) -> tuple[str, str]:
    """The word that stamps a report that is not final, and its meaning."""
    word, meaning = (
        translated(each, manifest.locale) for each in (PROVISIONAL, PROVISIONAL_MEANING)
    )
    return word, meaning


def accepted_break_text(accepted: AcceptedBreakPart, locale: str) -> str:
    """A break that a person has accepted: its kind, its order, and both amounts."""
    ticketing, ledger = (
        f"{money_for_people(each, accepted.currency, locale)} {accepted.currency}"
        for each in (accepted.ticketing_minor, accepted.ledger_minor)
    )
    return translated(
        BREAK_MESSAGE,
        locale,
        kind=shown_word(accepted.kind, words_of("kind", locale)),
        concerns=shown_finding(accepted.concerns, locale),
        expected_shown=ticketing,
        found_shown=ledger,
    )
