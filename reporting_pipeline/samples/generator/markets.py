"""The markets of the generated books: cities with their money, taxes and names."""

from dataclasses import dataclass
from datetime import time

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tax:
    """A tax on top of prices and fees.

    Attributes:
        jurisdiction: Where it is owed.
        rate_millionths: The rate; 190,000 is 19 per cent.
        components: Ledger names of the amounts that it is computed on.
    """

    jurisdiction: str
    rate_millionths: int
    components: tuple[str, ...]

    @property
    def rate(self) -> str:
        """The rate as a fraction with six decimals."""
        return f"{self.rate_millionths / _MILLION:.6f}"

    def on(self, taxable_minor: int) -> int:
        """The tax in minor units, rounded half up."""
        return (taxable_minor * self.rate_millionths + _MILLION // 2) // _MILLION


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """A city in which tickets are sold.

    Attributes:
        timezone: IANA name.
        currency: ISO 4217 code.
        price_minor: Price of a typical ticket, in minor units of the currency (which has 0, 2 or 3
            decimals).
        taxes: Taxes on the buyer's side; a base can be taxed in two jurisdictions.
        cutoff: Local time at which a report day begins.
        names: Names of organisations.
        venues: Names of venues; the last is the ground of the festival.
        tour: Name of the series of events.
        festival: Name of the festival.
        shows: Names of events.
        abroad: A city with the same currency, where one event of the series takes place.
    """

    timezone: str
    currency: str
    price_minor: int
    taxes: tuple[Tax, ...]
    cutoff: time
    city: str
    country: str
    names: tuple[str, ...] = ()
    venues: tuple[str, ...]
    tour: str = ""
    festival: str = ""
    shows: tuple[str, ...] = ()
    abroad: "Market | None" = None


_TICKETS = ("face_value",)
_EXTRAS = ("addon", "service_fee", "facility_fee")
_ALL = (*_TICKETS, *_EXTRAS)


def _tax(jurisdiction: str, rate_millionths: int, components: tuple[str, ...] = _ALL) -> Tax:
    return Tax(jurisdiction=jurisdiction, rate_millionths=rate_millionths, components=components)


_VIENNA = Market(
    timezone="Europe/Vienna",
    currency="EUR",
    price_minor=5_000,
    taxes=(_tax("AT", 130_000, _TICKETS), _tax("AT", 200_000, _EXTRAS)),
    cutoff=time(0),
    city="Wien",
    country="AT",
    venues=("Gasometer Saal", "Arena am Kanal"),
)

MARKETS = (
    Market(
        timezone="Europe/Berlin",
        currency="EUR",
        price_minor=4_500,
        taxes=(_tax("DE", 70_000, _TICKETS), _tax("DE", 190_000, _EXTRAS)),
        cutoff=time(0),
        city="Berlin",
        country="DE",
        names=("Lindenhof Konzerte GmbH", 'Halle "Süd", GmbH & Co. KG', "Kollektiv Nachtschicht"),
        venues=("Lindenhof Saal", "Kulturbrauerei Ost", "Seewiese Weißensee"),
        tour="Stimmen der Stadt",
        festival="Seewiesen Open Air",
        shows=(
            "Łódź Jazz Ensemble",
            "Die Kammerphilharmonie spielt Brahms",
            "Clubnacht im Kesselhaus",
            "Lesung: Briefe aus Istanbul",
            "Fado: Ana Moreira & Trio",
            "Theater an der Spree: Der Kirschgarten",
        ),
        abroad=_VIENNA,
    ),
    Market(
        timezone="America/New_York",
        currency="USD",
        price_minor=8_000,
        taxes=(_tax("US-NY", 40_000), _tax("US-NY-NYC", 48_750)),
        cutoff=time(4),
        city="New York",
        country="US",
        names=("Hudson Yard Live", "Eastside Theatre Company", "O'Neill & Sons, Inc."),
        venues=("The Foundry", "Eastside Playhouse", "Pier 41"),
        tour="Rivers of Steel Tour",
        festival="Pier Days",
        shows=("Grand Finale", "The Paper Lanterns", "An Evening with Ida Moreau", "Bluegrass 5"),
    ),
    Market(
        timezone="Asia/Tokyo",
        currency="JPY",
        price_minor=7_000,
        taxes=(_tax("JP", 100_000, ("face_value", "service_fee")), _tax("JP", 80_000, ("addon",))),
        cutoff=time(0),
        city="東京",
        country="JP",
        names=("株式会社さくら興行", "新宿ライブハウス", "全角ホール"),
        venues=("さくらホール", "新宿シアター", "湾岸広場"),
        tour="春のツアー",
        festival="湾岸フェスティバル",
        shows=("夏の終わりのコンサート", "落語の夜", "ジャズ・オーケストラ", "映画音楽の世界"),
    ),
    Market(
        timezone="Asia/Kuwait",
        currency="KWD",
        price_minor=15_000,
        taxes=(),
        cutoff=time(5),
        city="الكويت",
        country="KW",
        names=("مسرح الخليج", "Gulf Stage", "Souk Events"),
        venues=("قاعة الخليج", "Pearl Theatre", "Marina Garden"),
        tour="ليالي الشعر",
        festival="مهرجان الخليج",
        shows=("ليلة الموسيقى", "Oud and Strings", "The Pearl Divers", "مسرحية الأصدقاء"),
    ),
    Market(
        timezone="Europe/London",
        currency="GBP",
        price_minor=5_500,
        taxes=(_tax("GB", 200_000),),
        cutoff=time(3),
        city="London",
        country="GB",
        names=("The Lamp & Key", "Northbank Promotions", "Thames Amphitheatre"),
        venues=("The Lamp Room", "Northbank Hall", "Marsh Meadow"),
        tour="Winter Songs",
        festival="Marsh Meadow Weekender",
        shows=("Twelfth Night", "Brass & Voices", "Comedy Upstairs", "The Quiet Hour"),
    ),
    Market(
        timezone="America/Sao_Paulo",
        currency="BRL",
        price_minor=18_000,
        taxes=(_tax("BR-SP", 50_000),),
        cutoff=time(0),
        city="São Paulo",
        country="BR",
        names=("Produções Maré Alta", "Teatro Ipê", "Casa 100%"),
        venues=("Teatro Ipê", "Sala Maré", "Parque do Lago"),
        tour="Turnê das Águas",
        festival="Festival do Lago",
        shows=("Noite de Choro", "Roda de Samba", "Dança em Três Atos", "O Avesso"),
    ),
    Market(
        timezone="Asia/Kolkata",
        currency="INR",
        price_minor=120_000,
        taxes=(_tax("IN", 90_000), _tax("IN-MH", 90_000)),
        cutoff=time(2, 30),
        city="मुंबई",
        country="IN",
        names=("रंगमंच मुंबई", "Monsoon Live", "Gateway Arena"),
        venues=("रंग भवन", "Gateway Hall", "Monsoon Grounds"),
        tour="सुर यात्रा",
        festival="Monsoon Weekend",
        shows=("संगीत संध्या", "Tabla Nights", "The Last Local", "नाटक: दो किनारे"),
    ),
    Market(
        timezone="Australia/Adelaide",
        currency="AUD",
        price_minor=9_000,
        taxes=(_tax("AU", 100_000),),
        cutoff=time(0),
        city="Adelaide",
        country="AU",
        names=("Southern Sound Pty Ltd", "Fringe Factory", "Torrens Hall"),
        venues=("Torrens Hall", "The Boiler Room", "Elder Park"),
        tour="Long Road Home",
        festival="Southern Sound Weekend",
        shows=("Jacaranda Quartet", "Stand-up Sunday", "Salt & Iron", "Night Market"),
    ),
)
