"""Prices of the generated orders: the amounts of one unit, and sums of them by ledger component."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from reporting_pipeline.samples.generator.markets import Tax
from reporting_pipeline.samples.generator.world import Event, TicketType

# Nobody pays fees or taxes on a gift or on stored value.
_WITHOUT_EXTRAS = frozenset({"donation", "gift_card"})


@dataclass(slots=True)
class Charge:
    """What a buyer pays, in minor units.

    Attributes:
        amounts: Ledger component -> amount, without taxes.
        taxes: Tax -> amount, and the amount that it was computed on.
    """

    amounts: Counter[str] = field(default_factory=Counter)
    taxes: dict[Tax, tuple[int, int]] = field(default_factory=dict)

    @property
    def total_minor(self) -> int:
        """The sum of all amounts."""
        return sum(self.amounts.values()) + self.tax_minor

    @property
    def tax_minor(self) -> int:
        """The sum of the taxes."""
        return sum(tax_minor for tax_minor, _ in self.taxes.values())

    def add(self, other: "Charge") -> None:
        """Add another charge to this one."""
        self.amounts.update(other.amounts)
        for tax, (tax_minor, taxable_minor) in other.taxes.items():
            so_far = self.taxes.get(tax, (0, 0))
            self.taxes[tax] = (so_far[0] + tax_minor, so_far[1] + taxable_minor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """The price of one unit of a line.

    Attributes:
        amounts: Ledger component -> amount after the discount, without taxes.
        taxes: Tax -> amount, and the amount that it was computed on.
    """

    list_minor: int
    discount_minor: int
    amounts: Mapping[str, int]
    fee_minor: int
    tax_minor: int
    taxes: Mapping[Tax, tuple[int, int]]

    def times(self, count: int) -> Charge:
        """The charge of `count` units."""
        return Charge(
            Counter({name: minor * count for name, minor in self.amounts.items()}),
            {tax: (minor * count, base * count) for tax, (minor, base) in self.taxes.items()},
        )


def unit_price(
    event: Event, offer: TicketType, list_minor: int, discount_minor: int, *, at_counter: bool
) -> Unit:
    """The price of a unit of a ticket type; buyers at the counter pay no service fee."""
    price_minor = list_minor - discount_minor
    amounts = {offer.component: price_minor}
    if price_minor and offer.component not in _WITHOUT_EXTRAS:
        amounts["service_fee"] = 0 if at_counter else event.service_fee_minor
        amounts["facility_fee"] = event.facility_fee_minor
    taxes = _taxes(event, amounts)
    return Unit(
        list_minor=list_minor,
        discount_minor=discount_minor,
        amounts=amounts,
        fee_minor=sum(amounts.values()) - price_minor,
        tax_minor=sum(minor for minor, _ in taxes.values()),
        taxes=taxes,
    )


def fee_charge(event: Event, component: str, fee_minor: int) -> Charge:
    """A fee alone with its taxes, which are those of a service fee."""
    return Charge(Counter({component: fee_minor}), _taxes(event, {"service_fee": fee_minor}))


def _taxes(event: Event, amounts: Mapping[str, int]) -> dict[Tax, tuple[int, int]]:
    taxes = {}
    for tax in event.market.taxes:
        taxable_minor = sum(amounts.get(name, 0) for name in tax.components)
        if tax_minor := tax.on(taxable_minor):
            taxes[tax] = (tax_minor, taxable_minor)
    return taxes
