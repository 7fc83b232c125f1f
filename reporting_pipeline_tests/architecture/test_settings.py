"""Every setting is described once, with its default, and the documentation names it."""

import re

import pytest
from pydantic.fields import FieldInfo

from reporting_pipeline.settings import Settings
from reporting_pipeline.sources.contract import DOMAINS
from reporting_pipeline_tests.architecture.repository import ROOT

FIELDS = Settings.model_fields
_DOMAIN = re.compile(rf"(?<=_SOURCE_)({'|'.join(DOMAINS)})(?=_)".upper())
_SENTENCE = re.compile(r"[A-Z].*; default (?P<default>.+)\.", re.DOTALL)


@pytest.mark.parametrize("name", FIELDS)
def test_a_setting_is_described_in_one_sentence_that_ends_with_the_default(name: str) -> None:
    sentence = _SENTENCE.fullmatch(FIELDS[name].description or "")
    assert sentence is not None
    assert ". " not in sentence.string
    assert _default(FIELDS[name]) in {None, sentence["default"]}


@pytest.mark.parametrize("unit", ["seconds", "minutes", "hours", "days", "years", "bytes"])
def test_a_setting_with_a_unit_names_it_in_its_description(unit: str) -> None:
    measured = [name for name in FIELDS if name.endswith(f"_{unit}")]
    assert measured
    assert [name for name in measured if unit not in (FIELDS[name].description or "").lower()] == []


def test_the_readme_names_every_setting() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    unnamed = [
        name
        for name in (f"REPORTING_{field.upper()}" for field in FIELDS)
        if not any(spelling in text for spelling in _spellings(name))
    ]
    assert unnamed == []


def _default(field: FieldInfo) -> str | None:
    """The default as the environment spells it, or None if the setting has none."""
    if isinstance(field.default, bool):
        return str(field.default).lower()
    return None if field.default is None else str(field.default)


def _spellings(name: str) -> tuple[str, ...]:
    """The ways to write a name: in full, for all domains at once, or shortened in a list."""
    shortened = name.replace("REPORTING_SOURCE_", "..._")
    return (f"`{name}`", f"`{_DOMAIN.sub('<DOMAIN>', name)}`", f"`{shortened}`")
