"""The bundled organisation with everything: Lindenhof Konzerte GmbH, generated from a fixed seed.

Its late summer and autumn of 2025, in euros: payouts with items and a rest, reserves, fees,
chargebacks won and lost, gift cards, cash at the box office, bank transfers, taxes of two rates in
two countries, a three-day festival, a series, a cancelled, a postponed and a moved event, sections,
comps, and an order that is never paid.
"""

from datetime import date

from reporting_pipeline.samples.generator import Plan

# Its last day is the season's last day too, so that one day, week and month has reports of both.
ORGANIZER = Plan(
    seed=45,
    order_count=600,
    day_count=100,
    organization_count=1,
    first_day=date(2025, 7, 21),
    event_count=6,
)
"""The books of the organisation; `generate_dump` writes them in a second."""
