"""The fixed texts of report files in the language of the reader.

`de.po` has the German text of each English one; English texts are in the code that uses them. A
language without a catalogue is English. Three kinds of texts are apart, by their context there:

    (none)     a text of a file, with places in braces
    finding    a sentence of the checks, whose places are filled before it is translated; a place
               named after a column has a value of it
    a column   a value of that column that is a word of ours, such as `box_office`

What belongs here: sentences, headings and labels around the rows of a report, and the texts of the
shipped definitions. What does not: the labels of columns, which are in dbt's YAML
(`registry.columns`), and numbers and dates (`exports.presentation`).
"""

import re
from collections.abc import Iterator, Mapping, Set
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel.messages.catalog import Message

ENGLISH = "en"
_FOLDER = Path(__file__).parent
LANGUAGES = (ENGLISH, *sorted(each.stem for each in _FOLDER.glob("*.po")))
"""The languages of report files."""
_FINDING = "finding"
_PLACE = re.compile(r"\{([a-z_]+)\}")
_AMOUNT = re.compile(r"-?[0-9]+\.[0-9]+ [A-Z]{3}")
# Places whose text has no blank, beside those named after a column.
_WITHOUT_BLANKS = frozenset({"column", "count", "first", "id", "last"})


@cache
def language_of(locale: str) -> str:
    """The language of the texts in a report of this locale: `de` of `de_AT`; English if unknown."""
    from babel import Locale, UnknownLocaleError

    try:
        language = str(Locale.parse(locale).language)
    except (UnknownLocaleError, ValueError):
        return ENGLISH
    return language if language in LANGUAGES else ENGLISH


def translated(text: str, locale: str, **values: object) -> str:
    """An English text in the language of a locale, with the values in its braces.

    A text that the catalogue does not have stays English.
    """
    found = catalogue(language_of(locale)).get(text, text)
    return found.format(**values) if values else found


def shown_finding(text: str, locale: str) -> str:
    """A sentence of the checks in the language of a locale; its parts may be sentences themselves.

    A sentence that the catalogue does not know stays English.
    """
    return _shown_finding(text, language_of(locale))


def words_of(column: str, locale: str) -> Mapping[str, str]:
    """The words that people read in place of the values of a column, by the value; none in English.

    No two values of a column have the same word.
    """
    return _words(language_of(locale)).get(column, {})


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """The texts of a language by the English ones; none of English."""
    return {str(each.id): str(each.string) for each in _messages(language) if not each.context}


@cache
def findings(language: str) -> Mapping[str, str]:
    """The sentences of the checks in a language by the English ones; none of English."""
    return {
        str(each.id): str(each.string) for each in _messages(language) if each.context == _FINDING
    }


def _messages(language: str) -> "Iterator[Message]":
    if language == ENGLISH:
        return
    from babel.messages.pofile import read_po

    with (_FOLDER / f"{language}.po").open("rb") as file:
        messages = read_po(file, locale=language, abort_invalid=True)
    yield from (each for each in messages if each.id and each.string)


@cache
def _words(language: str) -> Mapping[str, Mapping[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for each in _messages(language):
        if each.context and each.context != _FINDING:
            found.setdefault(each.context, {})[str(each.id)] = str(each.string)
    return found


def _shown_finding(text: str, language: str) -> str:
    for pattern, translation in _patterns(language):
        match = pattern.fullmatch(text)
        if match is not None:
            parts = match.groupdict().items()
            return translation.format(
                **{name: _shown_part(name, part, language) for name, part in parts}
            )
    return text


def _shown_part(place: str, text: str, language: str) -> str:
    """The text in a place: a value of a column, an amount, a sentence, or what it is already."""
    if language != ENGLISH and _AMOUNT.fullmatch(text):
        from babel.numbers import get_decimal_symbol

        return text.replace(".", get_decimal_symbol(language))
    word = _words(language).get(place, {}).get(text)
    return word or "; ".join(_shown_finding(each, language) for each in text.split("; "))


@cache
def _patterns(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Each sentence as a pattern of its text; that with the most fixed letters comes first."""
    texts = findings(language).items()
    ordered = sorted(texts, key=lambda pair: len(_PLACE.sub("", pair[0])), reverse=True)
    columns = _words(language).keys() | _WITHOUT_BLANKS
    return tuple((re.compile(_pattern(english, columns)), german) for english, german in ordered)


def _pattern(text: str, without_blanks: Set[str]) -> str:
    found = ""
    for index, part in enumerate(_PLACE.split(text)):
        if index % 2:  # the name of a place
            content = r"\S+" if part in without_blanks else ".+?"
            found += f"(?P<{part}>{content})"
        else:
            found += re.escape(part)
    return found
