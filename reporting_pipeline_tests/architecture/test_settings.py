"""Every setting is described once, with its default, and `docs/settings.md` shows it."""

import re

import pytest
from pydantic.fields import FieldInfo

from reporting_pipeline.settings import SOURCE_DOMAINS, Settings
from reporting_pipeline.sources.contract import DOMAINS
from reporting_pipeline_tests.architecture.settings_page import PAGE, SECTIONS, page

FIELDS = Settings.model_fields
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


def test_each_domain_of_the_contract_has_an_address_for_its_reader_and_one_for_its_owner() -> None:
    assert SOURCE_DOMAINS == DOMAINS
    names = {f"source_{domain}{kind}_url" for domain in DOMAINS for kind in ("", "_admin")}
    assert names == {
        name for name in FIELDS if name.startswith("source_") and name.endswith("_url")
    }


def test_the_settings_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"


def test_the_sections_of_the_settings_page_begin_with_settings() -> None:
    assert set(SECTIONS) <= set(FIELDS)
    assert next(iter(SECTIONS)) == next(iter(FIELDS))


def _default(field: FieldInfo) -> str | None:
    """The default as the environment spells it, or None if the setting has none."""
    if isinstance(field.default, bool):
        return str(field.default).lower()
    return None if field.default is None else str(field.default)
