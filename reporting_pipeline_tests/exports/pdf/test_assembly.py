"""The fonts of a joined file: a digit is read as itself everywhere."""

from pathlib import Path

from reporting_pipeline.exports.pdf.page_comparison import letters_of
from reporting_pipeline.exports.pdf.page_reader import contents_of_pages
from reporting_pipeline.exports.pdf.pdf_format import PDF
from reporting_pipeline_tests.exports.documents import column
from reporting_pipeline_tests.exports.pdf.pages import report


def test_a_digit_that_begins_a_sign_is_also_read_alone(tmp_path: Path) -> None:
    names = (
        "7\u0d4c\u0d4a",
        "\u0d15-657-\u0d15\u0d4d",
        "7",
        "7\u093f",
        "\u0915 7 \u0915",
        "51\u2044 \u0ce9",
    )
    rows = [(each,) for each in names]
    PDF.write(report(tmp_path / "spool", (column("name"),), rows), tmp_path / "r")

    (first,) = contents_of_pages(tmp_path / "r")
    digits = ["".join(filter(str.isdigit, letters_of(cell))) for (cell,) in first.tables[0].rows]
    assert digits == ["7", "657", "7", "7", "7", "51\u0ce9"]
