"""Where the invented organisations play: zones, currencies, prices, taxes, names.

What belongs here: constants. What does not: choosing among them.
"""

from dataclasses import dataclass
from datetime import time


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """A place to sell tickets in.

    Attributes:
        timezone: IANA name.
        currency: ISO 4217 code.
        price_minor: What a usual ticket costs, in minor units of the currency (which has 0, 2 or 3
            digits after the point).
        tax_rate: Tax that the buyer pays on top.
        cutoff: Local time at which a report day begins.
        names: Of organisations and venues there; hostile to careless writers on purpose.
    """

    timezone: str
    currency: str
    price_minor: int
    tax_rate: float
    cutoff: time
    city: str
    country: str
    names: tuple[str, ...]


MARKETS = (
    Market(
        timezone="Europe/Berlin",
        currency="EUR",
        price_minor=4_500,
        tax_rate=0.07,
        cutoff=time(0),
        city="Berlin",
        country="DE",
        names=("Spielstätte Öst", 'Halle "Süd", GmbH & Co. KG', "-Kollektiv Nachtschicht"),
    ),
    Market(
        timezone="America/New_York",
        currency="USD",
        price_minor=8_000,
        tax_rate=0.08875,
        cutoff=time(4),
        city="New York",
        country="US",
        names=("Hudson Yard Live", "=Equals Theatre", "O'Neill & Sons, Inc."),
    ),
    Market(
        timezone="Asia/Tokyo",
        currency="JPY",
        price_minor=7_000,
        tax_rate=0.1,
        cutoff=time(0),
        city="東京",
        country="JP",
        names=("株式会社さくら興行", "新宿ライブハウス", "\uff1d全角ホール"),
    ),
    Market(
        timezone="Asia/Kuwait",
        currency="KWD",
        price_minor=15_000,
        tax_rate=0.0,
        cutoff=time(5),
        city="الكويت",
        country="KW",
        names=("مسرح الخليج", "Gulf Stage", "@souk events"),
    ),
    Market(
        timezone="Europe/London",
        currency="GBP",
        price_minor=5_500,
        tax_rate=0.2,
        cutoff=time(3),
        city="London",
        country="GB",
        names=("The Lamp & Key", "+44 Promotions", "Thames Amphitheatre"),
    ),
    Market(
        timezone="America/Sao_Paulo",
        currency="BRL",
        price_minor=18_000,
        tax_rate=0.05,
        cutoff=time(0),
        city="São Paulo",
        country="BR",
        names=("Produções Maré Alta", "Teatro Ipê", "Casa 100%"),
    ),
    Market(
        timezone="Asia/Kolkata",
        currency="INR",
        price_minor=120_000,
        tax_rate=0.18,
        cutoff=time(2, 30),
        city="मुंबई",
        country="IN",
        names=("रंगमंच मुंबई", "Monsoon Live", "Gateway Arena"),
    ),
    Market(
        timezone="Australia/Adelaide",
        currency="AUD",
        price_minor=9_000,
        tax_rate=0.1,
        cutoff=time(0),
        city="Adelaide",
        country="AU",
        names=("Southern Sound Pty Ltd", "Fringe\nFactory", "Torrens Hall"),
    ),
)

EVENT_NAMES = (
    "Opening Night",
    "Clubnacht \u2013 Ende der Sommerzeit",
    'Matinee, "Spring Forward"',
    "夏の終わりのコンサート",
    "ليلة الموسيقى",
    "=SUM(Friends)",
    "Concert #7\n(second line)",
    "Łódź Jazz Ensemble",
    "-1 Degrees",
    "Grand Finale 🎆",
)
