"""The bundled fonts have the coverage in `coverage.json`, a free licence and a small size."""

import json

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from reporting_pipeline.exports.pdf.fonts import FAMILIES, FONT_FOLDER, MONOSPACE
from reporting_pipeline.exports.pdf.fonts.build import coverage

FONTS = sorted(FONT_FOLDER.glob("*.[ot]tf"))
LIMIT_BYTES = 12_500_000


def test_the_coverage_file_is_that_of_the_fonts() -> None:
    written = json.loads((FONT_FOLDER / "coverage.json").read_text("utf-8"))
    assert json.loads(json.dumps(coverage())) == written


def test_every_font_is_free_has_a_space_and_is_listed() -> None:
    families = set()
    for path in FONTS:
        with TTFont(path, lazy=True) as font:
            families.add(font["name"].getDebugName(1))
            licence = font["name"].getDebugName(13)
            assert licence is None or "SIL Open Font License" in licence, path.name
            # A space between two letters comes from their font.
            assert 0x20 in font.getBestCmap(), path.name
    assert families == {*FAMILIES, MONOSPACE}
    assert "SIL OPEN FONT LICENSE Version 1.1" in (FONT_FOLDER / "OFL.txt").read_text("utf-8")


def test_the_fonts_are_small_enough_to_stay_with_the_code() -> None:
    assert sum(path.stat().st_size for path in FONTS) < LIMIT_BYTES
