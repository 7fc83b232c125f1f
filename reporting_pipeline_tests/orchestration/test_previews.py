"""Markdown tables: safe for any text."""

from reporting_pipeline.orchestration.previews import markdown_table


def test_a_null_is_empty_and_a_bar_or_line_break_stays_in_its_cell() -> None:
    text = markdown_table(("a", "b"), [(None, "x|y\nz")])

    assert text == "| a | b |\n| --- | --- |\n|  | x\\|y z |"
