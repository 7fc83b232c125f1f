"""Tables of rows in the terminal."""

import pytest

from reporting_pipeline.cli.listing import listing, listing_console, plain


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (0, "0"),
        ("[bold]Bühne[/] 東京", "[bold]Bühne[/] 東京"),
        ("\x1b[2J\r\n\u202e", "\N{REPLACEMENT CHARACTER}[2J" + "\N{REPLACEMENT CHARACTER}" * 3),
    ],
)
def test_text_of_the_sources_cannot_control_the_terminal(value: object, shown: str) -> None:
    assert plain(value).plain == shown


def test_lines_are_not_folded_in_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    listing_console().print(listing(["name"], [["x" * 300]]))

    assert "x" * 300 in capsys.readouterr().out
