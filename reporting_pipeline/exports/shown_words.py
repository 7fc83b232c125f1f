"""The words that people read in place of values, and the values that the words are of.

Files for people show `Abendkasse` where the row has `box_office`, by `words` of the column in the
manifest; files for programs, attached rows and digests have the value. A value that reads like a
word, or like a word behind apostrophes, gets one more apostrophe: no text is that of two values.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

_MARK = "'"


def shown_word(value: str, words: Mapping[str, str]) -> str:
    """The text that people read in place of a value."""
    if value in words:
        return words[value]
    return _MARK + value if _reads_like_a_word(value, words) else value


def value_of(text: str, words: Mapping[str, str]) -> str | None:
    """The value that `shown_word` turned into this text; None for a text that it never returns."""
    value = next((value for value, word in words.items() if word == text), None)
    if value is None:
        value = text[1:] if _reads_like_a_word(text, words) else text
    return value if shown_word(value, words) == text else None


def shown_words(values: "pa.StringArray", words: Mapping[str, str]) -> "pa.StringArray":
    """The result of `shown_word` for each value of a column; nulls stay null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not words:
        return values
    encoded = pc.dictionary_encode(values)
    texts = [shown_word(value, words) for value in encoded.dictionary.to_pylist()]
    return pa.array(texts, pa.string()).take(encoded.indices)


def _reads_like_a_word(text: str, words: Mapping[str, str]) -> bool:
    return bool(words) and text.lstrip(_MARK) in words.values()
