"""Makes the fonts of a file small: only the glyphs that its pages show.

WeasyPrint takes the machine's HarfBuzz for it, or fontTools if there is none. The bytes of a file
would depend on the machine's programs, and fontTools takes nine tenths of the time of a page. The
`uharfbuzz` package brings HarfBuzz in a wheel that the lock file fixes.
"""

from collections.abc import Iterable, Mapping
from typing import Any

# What a PDF does not use: layout is done, and bitmaps are not shown.
_DROPPED_TABLES = (
    *("BASE", "DSIG", "EBDT", "EBLC", "EBSC", "GPOS", "GSUB", "JSTF", "LTSH", "PCLT", "SVG "),
)


def subset_fonts_with_our_library() -> None:
    """Let WeasyPrint subset fonts by `uharfbuzz`, on every machine."""
    from weasyprint.pdf.fonts import Font

    Font.subset = _subset


def _subset(font: Any, to_unicode: Mapping[int, str], hinting: bool) -> None:
    """Replace the file of a WeasyPrint font by one with the glyphs of `to_unicode` alone.

    Glyphs keep their numbers, which the pages contain; those behind the last one go.
    """
    import uharfbuzz

    if not to_unicode:
        return
    flags = uharfbuzz.SubsetFlags.PASSTHROUGH_UNRECOGNIZED | uharfbuzz.SubsetFlags.DESUBROUTINIZE
    if font.missing:
        flags |= uharfbuzz.SubsetFlags.NOTDEF_OUTLINE
    face = uharfbuzz.Face(font.file_content, font.index)
    face = _subset_face(face, to_unicode, flags | uharfbuzz.SubsetFlags.RETAIN_GIDS)
    if not hinting:
        flags |= uharfbuzz.SubsetFlags.NO_HINTING
    face = _subset_face(face, range(max(to_unicode) + 1), flags)
    font.file_content = bytes(face.blob.data)


def _subset_face(face: Any, glyphs: Iterable[int], flags: Any) -> Any:
    import uharfbuzz

    wanted = uharfbuzz.SubsetInput()
    wanted.flags = flags
    wanted.glyph_set.update(glyphs)
    wanted.drop_table_tag_set.update(
        int.from_bytes(tag.encode("ascii"), "big") for tag in _DROPPED_TABLES
    )
    return uharfbuzz.subset(face, wanted)
