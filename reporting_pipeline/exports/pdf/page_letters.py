"""The text that a PDF reader finds on pages, and what of it can be compared.

What belongs here: PDFium, and texts as letters. What does not: what is to stand on the pages.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from reporting_pipeline.errors import FileUnreadable

# What PDFium puts in place of a hyphen at the end of a line.
_LINE_END_HYPHENS = str.maketrans({"\ufffe": "-", "\x02": "-"})
_UNSEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})


def page_texts(path: Path) -> list[str]:
    """The text of each page.

    Raises:
        FileUnreadable: The pages have no text that can be read.
    """
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(path) as pdf:
            return [_text_of(page) for page in pdf]
    except pypdfium2.PdfiumError as error:
        message = f"{path.name}: the text of its pages cannot be read: {error}"
        raise FileUnreadable(message) from error


def letters_of(text: str) -> str:
    """What can be seen of a text: no spaces, no invisible characters, compatible forms as one."""
    plain = unicodedata.normalize("NFKC", text.translate(_LINE_END_HYPHENS))
    return "".join(each for each in plain if unicodedata.category(each) not in _UNSEEN)


def missing_text(pages: Sequence[str], wanted: Iterable[str]) -> str | None:
    """The first of some texts that no page shows; of those that a reader can tell for sure."""
    everything = "".join(map(letters_of, pages))
    return next(
        (each for each in wanted if each.isascii() and letters_of(each) not in everything), None
    )


def _text_of(page: Any) -> str:
    text = page.get_textpage()
    try:
        return str(text.get_text_range())
    finally:
        text.close()
        page.close()
