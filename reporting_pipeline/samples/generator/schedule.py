"""When the generated events take place, and what becomes of them: the story of each event."""

from datetime import UTC, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from reporting_pipeline.samples.generator.books import Plan
from reporting_pipeline.samples.generator.markets import MARKETS, Market
from reporting_pipeline.samples.generator.random_values import DAY, happens, new_id, time_between
from reporting_pipeline.samples.generator.world import Event, Organization, Role

FESTIVAL_DAYS = 3
# The report day of a festival ends after its nights.
FESTIVAL_CUTOFF = time(6)

_AT_HOME_SHARE = 0.85
_SPAN_OF_EVENTS = 1.2
_MOVED_BY = timedelta(days=7)
_LEAST_SALE = timedelta(days=2)
_FRIDAY = 4
_NOTICE_BEFORE = (3 * DAY, 8 * DAY)

# The first organisation has one event of each kind, in this order, so that small books have all.
_FIRST_ROLES = (
    Role.SERIES,
    Role.FESTIVAL,
    Role.MOVED,
    Role.CANCELLED,
    Role.POSTPONED,
    Role.SERIES,
)
_ROLES = (Role.PLAIN, Role.SERIES, Role.FESTIVAL, Role.CANCELLED, Role.POSTPONED, Role.MOVED)
_ROLE_WEIGHTS = (62, 16, 5, 8, 4, 5)


def schedule(plan: Plan, random: Random, organization: Organization, number: int) -> Event:
    """An event of an organisation, without its types, sections and gates."""
    role = _role(random, organization, number)
    market = _market(plan, random, organization, role)
    zone = ZoneInfo(market.timezone)
    starts_at = _first_date(plan, random, zone, role, number)
    on_sale_at = _on_sale(plan, random, starts_at)
    cancelled_at, moved_at, new_starts_at = None, None, starts_at
    notice_at = starts_at - time_between(random, *_NOTICE_BEFORE)
    if on_sale_at + _LEAST_SALE < notice_at < plan.ends_at - timedelta(days=1):
        if role is Role.CANCELLED:
            cancelled_at = notice_at
        elif role in {Role.POSTPONED, Role.MOVED}:
            moved_at = notice_at
            new_starts_at = _new_date(plan, random, starts_at, zone, role)
    closes_at = new_starts_at if cancelled_at is None else cancelled_at
    return Event(
        id=new_id(random),
        organization=organization,
        market=market,
        zone=zone,
        role=role,
        on_sale_at=on_sale_at,
        starts_at=new_starts_at,
        ends_at=_end(new_starts_at, zone, role),
        rescheduled_from=starts_at if moved_at else None,
        moved_at=moved_at,
        cancelled_at=cancelled_at,
        sale_closes_at=min(closes_at, plan.ends_at),
        service_fee_minor=_service_fee_percent(random, role) * market.price_minor // 100,
        facility_fee_minor=_facility_fee_percent(random, role) * market.price_minor // 100,
    )


def status(plan: Plan, event: Event) -> str:
    """The event's status at the end of the books."""
    if event.cancelled_at is not None:
        return "cancelled"
    if event.ends_at < plan.ends_at:
        return "ended"
    return "on_sale" if event.moved_at is None else "postponed"


def last_change(plan: Plan, event: Event) -> datetime:
    """The instant of the last change of the event's row."""
    if event.cancelled_at is not None:
        return event.cancelled_at
    if event.ends_at < plan.ends_at:
        return event.ends_at
    return event.moved_at or plan.begins_at


def _role(random: Random, organization: Organization, number: int) -> Role:
    drawn = random.choices(_ROLES, _ROLE_WEIGHTS)[0]
    if organization.number == 0 and number < len(_FIRST_ROLES):
        return _FIRST_ROLES[number]
    return drawn


def _market(plan: Plan, random: Random, organization: Organization, role: Role) -> Market:
    home = organization.market
    if role is Role.MOVED and home.abroad:
        return home.abroad
    # Some organisations also have events abroad.
    is_at_home = happens(random, _AT_HOME_SHARE) or plan.organization_count == 1
    abroad = random.choice(MARKETS)
    return home if is_at_home or role is not Role.PLAIN else abroad


def _first_date(plan: Plan, random: Random, zone: ZoneInfo, role: Role, number: int) -> datetime:
    span = plan.ends_at - plan.begins_at
    # The last events take place after the end of the books: they are still on sale.
    share = _SPAN_OF_EVENTS * (number + random.random()) / plan.events_per_organization
    at = plan.begins_at + span * share
    hour = 16 if role is Role.FESTIVAL else random.choice((19, 20, 22))
    begins = datetime.combine(at.astimezone(zone).date(), time(hour), zone)
    while begins.astimezone(UTC) < plan.begins_at + timedelta(hours=4) or (
        role is Role.FESTIVAL and begins.weekday() != _FRIDAY
    ):
        begins += timedelta(days=1)
    return begins.astimezone(UTC)


def _on_sale(plan: Plan, random: Random, starts_at: datetime) -> datetime:
    span = plan.ends_at - plan.begins_at
    on_sale_at = max(
        starts_at - time_between(random, 20 * DAY, 120 * DAY),
        plan.begins_at + min(span / 4, timedelta(days=3)) * random.random(),
    )
    if on_sale_at > plan.ends_at - span / 10:
        on_sale_at = plan.begins_at + span / 2 * random.random()
    return on_sale_at


def _new_date(
    plan: Plan, random: Random, starts_at: datetime, zone: ZoneInfo, role: Role
) -> datetime:
    """Moved by a week; or postponed to a date after the end of the books."""
    local = starts_at.astimezone(zone)
    if role is Role.MOVED:
        return (local + _MOVED_BY).astimezone(UTC)
    least = (plan.ends_at - starts_at).days + 1
    days = max(least, 0) + random.randint(10, 40)
    return (local + timedelta(days=days)).astimezone(UTC)


def _service_fee_percent(random: Random, role: Role) -> int:
    return random.choice((5, 8) if role is Role.SERIES else (0, 5, 8))


def _facility_fee_percent(random: Random, role: Role) -> int:
    return 2 if role is Role.FESTIVAL else random.choice((0, 0, 2))


def _end(starts_at: datetime, zone: ZoneInfo, role: Role) -> datetime:
    if role is not Role.FESTIVAL:
        return starts_at + timedelta(hours=3)
    local = starts_at.astimezone(zone)
    last_night = datetime.combine(local.date() + timedelta(days=FESTIVAL_DAYS), time(2), zone)
    return last_night.astimezone(UTC)
