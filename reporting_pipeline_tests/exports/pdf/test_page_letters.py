"""Whether a text is the one that is to stand there: as readers spell it, and no other."""

import pytest

from reporting_pipeline.exports.pdf.page_letters import is_shown

HEBREW, ARABIC = "\u05e9\u05dc\u05d5\u05dd", "\u0645\u0631\u062d\u0628\u0627"
TURNED = HEBREW[::-1]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("Stalls, row 12", "Stalls,row12"),
        ("f\u00e9te", "fe\u0301te"),
        ("Stalls (A)", "Stalls )A("),  # the glyph was met first where it closes
        (f"{HEBREW} 12 (a)", f")a( 12 {TURNED}"),
        (f"12 {ARABIC} 34", f"34 {ARABIC[::-1]} 12"),
        (f"{ARABIC} 12", f"12 \u064f\u0651\u064d{ARABIC[::-1]}"),  # a space that bears marks
        ("\u0915\u094d\u0937 7", "\u0915\u094d\u0937\u093f 7"),
        ("5\ufe0f\u20e3 7", "7"),
        ("10:00\uff5e12:00", "10:00\u301c12:00"),
    ],
)
def test_a_text_as_its_fonts_tell_it_is_shown(wanted: str, found: str) -> None:
    assert is_shown(wanted, found)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("12.30", "12.03"),
        ("12.30", "12.3"),
        ("", "0"),
        ("EUR", "USD"),
        ("1\u202f234,56", "123\u202f456"),
        ("-1\u00a0234,56", "1\u00a0234,56"),
        ("B\u00fchne 12", "B\u00fchne 21"),
        (f"{HEBREW} 12", f"13 {TURNED}"),
        (f"{HEBREW} 12", f"1 {TURNED}"),
        (f"{HEBREW} 12", f"122 {TURNED}"),
        (HEBREW * 3, ARABIC * 3),
        ("\u6771\u4eac\u516c\u6f14", "\u5927\u962a\u66f2\u76ee"),
    ],
)
def test_another_text_is_not(wanted: str, found: str) -> None:
    assert not is_shown(wanted, found)
