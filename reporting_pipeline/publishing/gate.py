"""The gate: decides from what a report shows, and from the seals of its days, how it is published.

    seals         category financial    shows money       shows no money
    final         final                 final             final
    provisional   PROVISIONAL           PROVISIONAL       PROVISIONAL
    held, waits   held                  PROVISIONAL       PROVISIONAL
    held, wrong   held                  held              PROVISIONAL

A held day is wrong while it has an objection, and waits while it runs or must be built or checked.
A held report is published with the stamp PROVISIONAL where that is requested. The list of breaks is
a report of the objections, so breaks never hold it.

The seals are made in `checks.seals`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from reporting_pipeline.checks.seals import Seal, SealedPeriod, SealState
from reporting_pipeline.exports.manifest import AcceptedBreakPart, SealPart, WatermarkPart
from reporting_pipeline.registry.datasets import dataset
from reporting_pipeline.registry.report_tables import RECONCILIATION_BREAKS
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

    @property
    def reasons(self) -> str:
        """The reasons on one line, as the catalogue and requests keep them."""
        return "; ".join(self.held_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The facts of a report that decide which seals hold it.

    Attributes:
        is_financial: Its definition has the category `financial`.
        has_money: One of its datasets has amounts, even if it shows only counts of them.
        is_list_of_breaks: It shows the breaks, and nothing else.
    """

    is_financial: bool
    has_money: bool
    is_list_of_breaks: bool = False

    @classmethod
    def of(cls, category: str, datasets: Iterable[str]) -> "Subject":
        """The subject of a report with this category and these datasets.

        Raises:
            UnknownDataset: A dataset is not known.
        """
        sources = tuple(map(dataset, datasets))
        return cls(
            is_financial=category == Category.FINANCIAL,
            has_money=any(each.has_money for each in sources),
            is_list_of_breaks=all(
                each.depends_on == (RECONCILIATION_BREAKS.name,) for each in sources
            ),
        )

    @property
    def is_reconciled(self) -> bool:
        """True if the report must tie with the ledger: an open break is an objection to it."""
        return (self.is_financial or self.has_money) and not self.is_list_of_breaks

    def is_held_by(self, seal: Seal) -> bool:
        """True if this seal prevents the report from being published."""
        if seal.state is not SealState.HELD:
            return False
        return self.is_financial or (seal.has_objection and self.is_reconciled)


def judge(
    subject: Subject, sealed: SealedPeriod | None, *, is_provisional_allowed: bool
) -> Verdict:
    """The verdict on a report by the seals of its days; None if it depends on no report day."""
    if sealed is None:
        return Verdict()
    holding = tuple(filter(subject.is_held_by, sealed.seals))
    if holding and not is_provisional_allowed:
        return Verdict(
            held_by=tuple(
                f"{_days(part)}: {reason}" for part in _parts(holding) for reason in part.reasons
            )
        )
    return Verdict(is_provisional=sealed.state is not SealState.FINAL)


def seal_parts(sealed: SealedPeriod) -> tuple[SealPart, ...]:
    """The seals for a manifest; consecutive days with the same state and reasons are one part."""
    return _parts(sealed.seals)


def _parts(seals: Iterable[Seal]) -> tuple[SealPart, ...]:
    parts = []
    for (state, reasons), days in groupby(seals, lambda seal: (seal.state, seal.reasons)):
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
