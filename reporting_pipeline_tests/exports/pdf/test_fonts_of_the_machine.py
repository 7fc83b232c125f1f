"""No font of the machine is on a page, changes its lines, or fills a gap in the bundled ones."""

from pathlib import Path

import pikepdf
import pytest

from reporting_pipeline.exports.pdf.fonts import FONT_FOLDER, SANS, font_file
from reporting_pipeline.exports.pdf.pdf_format import PDF
from reporting_pipeline_tests.exports.pdf.pages import report, sales_rows

# Of scripts that no bundled font has.
UNCOVERED = "\U00010900\U00012000"

_ALL_PLANES = 12  # the format of a table with characters beyond U+FFFF

CONFIGURATION = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>{folder}</dir>
  <match target="pattern">
    <edit name="family" mode="prepend" binding="strong"><string>{family}</string></edit>
  </match>
</fontconfig>
"""


def install_fonts(home: Path) -> None:
    """Two fonts of a user: wide letters under the name of our own font, and another family."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    for folder in (home / ".fonts", home / ".local" / "share" / "fonts"):
        folder.mkdir(parents=True)
        for family in (SANS, "Elsewhere Sans"):
            font = TTFont(FONT_FOLDER / "NotoEmoji-Regular.ttf")
            for record in font["name"].names:
                if record.nameID in {1, 4, 16}:
                    record.string = family
            for table in font["cmap"].tables:
                if table.format == _ALL_PLANES:
                    glyph = next(iter(table.cmap.values()))
                    table.cmap |= {ord(each): glyph for each in f"{UNCOVERED}AEO0123456789"}
            font.save(folder / f"{family.replace(' ', '')}.ttf")


def test_fonts_of_the_user_and_of_the_system_change_no_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [*sales_rows(40), ("2026-10-01", f"Title {UNCOVERED}", "EUR", "1")]
    document = report(tmp_path / "spool", rows=rows)
    PDF.write(document, tmp_path / "before.pdf")
    install_fonts(tmp_path)
    system = tmp_path / "system"
    system.mkdir()
    configuration = system / "fonts.conf"
    configuration.write_text(
        CONFIGURATION.format(folder=tmp_path / ".fonts", family="Elsewhere Sans")
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / ".local" / "share"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(system))
    monkeypatch.setenv("FONTCONFIG_FILE", str(configuration))
    monkeypatch.setenv("FONTCONFIG_PATH", str(system))

    PDF.write(document, tmp_path / "after.pdf")

    assert (tmp_path / "after.pdf").read_bytes() == (tmp_path / "before.pdf").read_bytes()


def test_every_font_of_a_page_is_a_bundled_one(tmp_path: Path) -> None:
    document = report(tmp_path / "spool", rows=sales_rows(12))
    PDF.write(document, tmp_path / "r.pdf")

    with pikepdf.open(tmp_path / "r.pdf") as pdf:
        names = {
            str(each.BaseFont).rpartition("+")[2].lstrip("/")
            for each in pdf.objects
            if isinstance(each, pikepdf.Dictionary) and each.get("/Type") == "/Font"
        }

    assert names
    assert all(font_file(name).is_file() for name in names)
