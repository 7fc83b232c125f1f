"""Currencies of ISO 4217: how many minor units make a major one.

The list is part of the program, not of an installed library, so the same rows are the same file on
every machine. It includes the currencies that ISO 4217 has withdrawn: reports of past days show
them. ISO says no digits for withdrawn currencies; the table has those that they had last.
"""

from collections.abc import Mapping
from types import MappingProxyType

ISO_4217_DATE = "2026-01-01"
"""The date of ISO 4217's list that the table of current currencies is."""

_CURRENT = {
    0: """
        BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF
    """,
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD
        CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP
        GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK
        LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO
        NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS
        SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST
        XAD XCD XCG YER ZAR ZMW ZWG
    """,
    3: """
        BHD IQD JOD KWD LYD OMR TND
    """,
    4: """
        CLF UYW
    """,
}
_WITHDRAWN = {
    0: """
        ADP BEF BYB BYR ESP GRD ITL LUF MGF PTE TPE TRL
    """,
    2: """
        AFA ALK ANG AOK AON AOR ARA ARP ARY ATS AYM AZM BAD BEC BEL BGJ BGK BGL BGN BOP BRB BRC
        BRE BRN BRR BUK CHC CSD CSJ CSK CUC CYP DDM DEM ECS ECV EEK ESA ESB FIM FRF GEK GHC GHP
        GNE GNS GQE GWE GWP HRD HRK IEP ILP ILR ISJ LAJ LSM LTL LTT LUC LUL LVL LVR MLF MRO MTL
        MTP MVQ MXP MZE MZM NIC NLG PEH PEI PES PLZ RHD ROK ROL RUR SDD SDP SIT SKK SLL SRG STD
        SUR TJR TMM UAK UGS UGW USS UYN UYP VEB VEF VNC XEU YDD YUD YUM YUN ZAL ZMK ZRN ZRZ ZWC
        ZWD ZWL ZWN ZWR
    """,
}
MINOR_DIGITS: Mapping[str, int] = MappingProxyType(
    {
        code: digits
        for table in (_CURRENT, _WITHDRAWN)
        for digits, codes in table.items()
        for code in codes.split()
    }
)
"""Code -> digits after the decimal sign; without gold, test codes and other units of account."""


def minor_digits(currency: str | None) -> int | None:
    """The number of digits after the decimal sign in amounts of a currency, withdrawn or not.

    None where ISO 4217 has no answer: an unknown code, no code, or one without minor units (gold).
    CLDR, and the locales that follow it, differ from ISO for a dozen currencies and are not used.
    """
    return MINOR_DIGITS.get(currency or "")


def major_text(minor: int, currency: str | None, sign: str = ".") -> str:
    """An amount in major units, exact, without grouping: 123456 EUR is 1234.56, 500 JPY is 500.

    Minor units stay unchanged where the currency's digits are unknown; nothing is guessed.
    """
    digits = minor_digits(currency)
    if not digits:
        return str(minor)
    text = str(abs(minor)).rjust(digits + 1, "0")
    return f"{'-' if minor < 0 else ''}{text[:-digits]}{sign}{text[-digits:]}"


def money_text(minor: int, currency: str) -> str:
    """An amount with its currency, as messages have it: 123.45 EUR, 500 JPY."""
    unit = currency if minor_digits(currency) is not None else f"minor units of {currency}"
    return f"{major_text(minor, currency)} {unit}"
