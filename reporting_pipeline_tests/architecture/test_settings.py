"""Every setting is documented where a person looks for it."""

import re

import pytest

from reporting_pipeline import settings
from reporting_pipeline.settings import Settings
from reporting_pipeline.sources.contract import DOMAINS
from reporting_pipeline_tests.architecture.repository import ROOT

_LINE = re.compile(r"    (?P<name>REPORTING_[A-Z_<>]+)  +(?P<words>.+)")
DOCUMENTED = {
    match["name"]: match["words"]
    for match in map(_LINE.fullmatch, (settings.__doc__ or "").splitlines())
    if match is not None
}
_DOMAIN = re.compile(rf"(?<=_SOURCE_)({'|'.join(DOMAINS)})(?=_)".upper())
# Name of the variable, with <DOMAIN> for the four domains -> default.
DEFAULTS = {
    _DOMAIN.sub("<DOMAIN>", f"REPORTING_{name.upper()}"): field.default
    for name, field in Settings.model_fields.items()
}


def test_the_docstring_lists_every_setting_and_nothing_else() -> None:
    assert set(DOCUMENTED) == set(DEFAULTS)


@pytest.mark.parametrize(
    "name", [name for name, default in DEFAULTS.items() if default is not None]
)
def test_the_docstring_ends_with_the_default(name: str) -> None:
    assert DOCUMENTED[name].split()[-1] == str(DEFAULTS[name])


def test_the_readme_names_every_setting() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    unnamed = [
        name
        for name in (f"REPORTING_{field.upper()}" for field in Settings.model_fields)
        if not any(spelling in text for spelling in _spellings(name))
    ]
    assert unnamed == []


def _spellings(name: str) -> tuple[str, ...]:
    """A name as a person writes it: whole, for all domains at once, or after the first of a row."""
    shortened = name.replace("REPORTING_SOURCE_", "..._")
    return (f"`{name}`", f"`{_DOMAIN.sub('<DOMAIN>', name)}`", f"`{shortened}`")
