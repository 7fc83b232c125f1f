"""Canonical rows are read back exactly as they were written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.canonical_rows import CanonicalRow, canonical_line, parse_lines

VALUES = st.none() | st.text(alphabet='a,"\n\r \\.é')


@given(st.integers(1, 4).flatmap(lambda width: st.lists(st.tuples(*[VALUES] * width))))
def test_written_rows_are_read_back(rows: list[CanonicalRow]) -> None:
    text = b"".join(map(canonical_line, rows)).decode()
    assert list(parse_lines(text)) == rows


@pytest.mark.parametrize("text", ['a,"b', "a,b", 'a,"b"c\n', 'a"b"\n'])
def test_a_damaged_text_is_refused(text: str) -> None:
    with pytest.raises(FileUnreadable):
        list(parse_lines(text))
