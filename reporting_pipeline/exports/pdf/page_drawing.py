"""The texts that a page draws, in order, each with the number by which tags speak of it.

Glyphs become letters by the tables of their fonts.

What belongs here: content streams and fonts, as our files have them. What does not: tags, and what
is to stand on the pages.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

_CODES = re.compile(rb"<([0-9a-fA-F]+)>\s*<([0-9a-fA-F]*)>")
_GLYPH_BYTES = 2

Letters: TypeAlias = dict[bytes, str]
"""What each glyph of a font stands for."""


@dataclass(frozen=True, slots=True)
class DrawnText:
    """Some text of a page; `number` is that of its marked content, None: it has none."""

    number: int | None
    text: str


class Drawings:
    """Reads the pages of one open file, and each of its fonts once."""

    def __init__(self) -> None:
        self._fonts: dict[tuple[int, int], Letters] = {}

    def texts(self, page: Any) -> Iterator[DrawnText]:
        """The texts that a page or a form draws, those of the forms in it among them.

        Raises:
            ValueError, LookupError, AttributeError, TypeError: They are drawn in another way than
                in our files.
        """
        import pikepdf

        resources, state = page.Resources, _State()
        for instruction in pikepdf.parse_content_stream(page):
            operands = list(instruction.operands)
            match str(instruction.operator):
                case "Tf":
                    state.letters = self._letters_of(resources.Font[operands[0]])
                case "Tj" | "TJ":
                    yield DrawnText(state.number, state.text(operands[0]))
                case "Do" if resources.XObject[operands[0]].Subtype == "/Form":
                    yield from self.texts(resources.XObject[operands[0]])
                case other:
                    state.follow(other, operands)

    def _letters_of(self, font: Any) -> Letters:
        if font.objgen not in self._fonts:
            self._fonts[font.objgen] = {
                bytes.fromhex(glyph.decode()): bytes.fromhex(text.decode()).decode("utf-16-be")
                for glyph, text in _CODES.findall(font.ToUnicode.read_bytes())
            }
        return self._fonts[font.objgen]


@dataclass(slots=True)
class _State:
    """Where in a content stream we are: the numbers of the marks that are open, the font's letters.

    Each of our texts sets its font.
    """

    marks: list[int | None] = field(default_factory=list)
    letters: Letters = field(default_factory=dict)

    @property
    def number(self) -> int | None:
        """The number of the innermost mark that has one."""
        return next((each for each in reversed(self.marks) if each is not None), None)

    def follow(self, operator: str, operands: Sequence[Any]) -> None:
        """Follow an operator that sets no font and shows no text."""
        match operator:
            case "BDC":
                properties = operands[1]
                self.marks.append(int(properties.MCID) if "/MCID" in properties else None)
            case "BMC":
                self.marks.append(None)
            case "EMC":
                self.marks.pop()
            case "BT":
                self.letters = {}
            case "'" | '"':
                message = f"the operator {operator} shows no text of ours"
                raise ValueError(message)

    def text(self, shown: Any) -> str:
        """The letters of some glyphs: a text, or texts with numbers between them."""
        import pikepdf

        parts = [shown] if isinstance(shown, pikepdf.String) else shown
        glyphs = b"".join(bytes(each) for each in parts if isinstance(each, pikepdf.String))
        return "".join(
            self.letters[glyphs[at : at + _GLYPH_BYTES]]
            for at in range(0, len(glyphs), _GLYPH_BYTES)
        )
