"""The gate: decides from the seals of its days whether a report may be published.

    final         published
    provisional   published; a financial report is stamped PROVISIONAL
    held          published; a financial report only if it is requested as provisional

The seals are made in `checks.seals`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from reporting_pipeline.checks.seals import SealedPeriod, SealState
from reporting_pipeline.exports.manifest import AcceptedBreakPart, SealPart, WatermarkPart
from reporting_pipeline.report_definitions.definition import Category

_ONE_DAY = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The gate's decision on one report.

    Attributes:
        held_by: The reasons why it is not published, each with its days; empty if it is published.
        is_provisional: It is published with the stamp PROVISIONAL.
    """

    held_by: tuple[str, ...] = ()
    is_provisional: bool = False


def judge(
    category: Category, sealed: SealedPeriod | None, *, is_provisional_allowed: bool
) -> Verdict:
    """The verdict on a report by the seals of its days; None if it depends on no report day."""
    if category is not Category.FINANCIAL or sealed is None:
        return Verdict()
    if sealed.state is SealState.HELD and not is_provisional_allowed:
        return Verdict(
            held_by=tuple(
                f"{_days(part)}: {reason}"
                for part in seal_parts(sealed)
                if part.state == SealState.HELD.value
                for reason in part.reasons
            )
        )
    return Verdict(is_provisional=sealed.state is not SealState.FINAL)


def seal_parts(sealed: SealedPeriod) -> tuple[SealPart, ...]:
    """The seals for a manifest; consecutive days with the same state and reasons are one part."""
    parts = []
    for (state, reasons), days in groupby(sealed.seals, lambda seal: (seal.state, seal.reasons)):
        period = [seal.day for seal in days]
        end = period[-1].fromordinal(period[-1].toordinal() + _ONE_DAY)
        parts.append(SealPart(first=period[0], end=end, state=state.value, reasons=reasons))
    return tuple(parts)


def accepted_parts(sealed: SealedPeriod) -> tuple[AcceptedBreakPart, ...]:
    """The accepted breaks for a manifest."""
    return tuple(
        AcceptedBreakPart(
            kind=each.kind,
            concerns=each.concerns,
            event_id=each.event_id,
            currency=each.currency,
            ticketing_minor=each.ticketing_minor,
            ledger_minor=each.ledger_minor,
            accepted_by=each.accepted_by,
            accepted_at=_utc(each.accepted_at),
            reason=each.reason,
        )
        for each in sealed.accepted
    )


def watermark_parts(sealed: SealedPeriod) -> tuple[WatermarkPart, ...]:
    """The watermarks for a manifest, as far as they matter to the period.

    A source that is past the period's last delay is shown with that instant, so that a report of
    last year does not change because the source was read again today.
    """
    return tuple(
        WatermarkPart(
            domain=each.domain,
            complete_through="never"
            if each.complete_through is None
            else _utc(min(each.complete_through, sealed.settled_at)),
        )
        for each in sealed.watermarks
    )


def _utc(instant: datetime) -> str:
    # The instant has the zone of the database session, which depends on the server.
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _days(part: SealPart) -> str:
    last = part.end.fromordinal(part.end.toordinal() - _ONE_DAY)
    return str(part.first) if last == part.first else f"{part.first} to {last}"
