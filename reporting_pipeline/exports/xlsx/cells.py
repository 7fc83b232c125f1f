"""The cells of a report's rows as XML, for a whole batch of rows at once.

Each column has one or more candidates: columns of texts, each with one style and null where another
candidate applies. The first candidate that is not null becomes the cell; where all are null, the
cell is empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from reporting_pipeline.domain.currencies import minor_digits
from reporting_pipeline.errors import FormatCannotHold
from reporting_pipeline.exports.canonical_rows import canonical_texts
from reporting_pipeline.exports.presentation import major_texts
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.exports.shown_words import shown_words
from reporting_pipeline.exports.xlsx import styles
from reporting_pipeline.exports.xlsx.cell_text import MAX_UTF16_UNITS, first_too_long, xml_texts
from reporting_pipeline.exports.xlsx.day_numbers import WallClock, date_numbers
from reporting_pipeline.exports.xlsx.layout import column_letters
from reporting_pipeline.exports.xlsx.styles import EXACT_BELOW, Style
from reporting_pipeline.registry.columns import ColumnType, Unit
from reporting_pipeline.report_definitions.compile import ReportColumn

if TYPE_CHECKING:
    import pyarrow as pa

_Piece: TypeAlias = "pa.StringArray | str"
"""A part of each row's XML: a text per row, or the same text for all rows."""


class _Kind(Enum):
    """The kind of a cell: its XML between the style and the value, and after the value."""

    NUMBER = ('"><v>', "</v></c>")
    BOOLEAN = ('" t="b"><v>', "</v></c>")
    TEXT = ('" t="inlineStr"><is><t xml:space="preserve">', "</t></is></c>")


@dataclass(frozen=True, slots=True)
class _Candidate:
    style: Style
    kind: _Kind
    values: "pa.StringArray"


class RowCells:
    """Forms the rows of one report, batch by batch.

    Args:
        style_ids: The workbook's number of every style that a row may need.
    """

    def __init__(self, document: ReportDocument, style_ids: Mapping[Style, int]) -> None:
        self._columns = document.columns
        self._letters = [column_letters(index) for index in range(len(self._columns))]
        self._ids = style_ids
        self._clock = WallClock(document.manifest.zone)
        names = [column.name for column in self._columns]
        self._currency = None if document.currency is None else names.index(document.currency)
        self._done_count = 0
        self.text_columns: set[int] = set()
        """The columns of which a figure so far is a text."""

    def xml(self, batch: "pa.RecordBatch", first_row: int) -> memoryview:
        """The XML of a batch's rows; the first of them is the sheet's row `first_row`, from 1.

        Raises:
            FormatCannotHold: A text is longer than a cell holds.
        """
        import pyarrow as pa
        from pyarrow import compute as pc

        end_row = first_row + batch.num_rows
        numbers = pa.array(range(first_row, end_row), pa.int32()).cast(pa.string())
        codes = None if self._currency is None else batch.column(self._currency)
        pieces: list[_Piece] = ['<row r="', numbers, '">']
        for index, column in enumerate(self._columns):
            candidates = self._candidates(column, batch.column(index), codes)
            if any(each.style is styles.AMOUNT_TEXT for each in candidates):
                self.text_columns.add(index)
            pieces += self._cells(self._letters[index], numbers, candidates)
        pieces += ["</row>", ""]
        rows = pc.binary_join_element_wise(*pieces)
        self._done_count += batch.num_rows
        return memoryview(rows.buffers()[2])[: pc.sum(pc.binary_length(rows)).as_py()]

    def _cells(
        self, letters: str, numbers: "pa.StringArray", candidates: list[_Candidate]
    ) -> list[_Piece]:
        """The pieces of XML that a column adds to each row."""
        from pyarrow import compute as pc

        opening = [f'<c r="{letters}', numbers, '" s="']
        if len({each.kind for each in candidates}) == 1:
            (before, after) = candidates[0].kind.value
            values = pc.coalesce(*(each.values for each in candidates))
            if not values.null_count:
                return [*opening, self._style_piece(candidates), before, values, after]
        cells = [
            pc.binary_join_element_wise(
                *opening, str(self._ids[each.style]), before, each.values, after, ""
            )
            for each in candidates
            for before, after in (each.kind.value,)
        ]
        empty = f'{self._ids[candidates[0].style]}"/>'
        return [pc.coalesce(*cells, pc.binary_join_element_wise(*opening, empty, ""))]

    def _style_piece(self, candidates: list[_Candidate]) -> _Piece:
        """The number of each row's style, where each row has one of the candidates."""
        from pyarrow import compute as pc

        ids = [str(self._ids[each.style]) for each in candidates]
        if len(ids) == 1:
            return ids[0]
        chosen = pc.make_struct(*(pc.is_valid(each.values) for each in candidates))
        return pc.case_when(chosen, *ids)

    def _candidates(
        self, column: ReportColumn, values: "pa.Array", codes: "pa.StringArray | None"
    ) -> list[_Candidate]:
        match column.column.type:
            case ColumnType.BIGINT if column.column.unit is Unit.MINOR:
                return _money(values, codes)
            case ColumnType.BIGINT:
                return _whole(values, _text(values), styles.COUNT)
            case ColumnType.RATIO:
                return [_Candidate(styles.RATIO, _Kind.NUMBER, _text(values))]
            case ColumnType.BOOLEAN:
                return [_Candidate(styles.BOOLEAN, _Kind.BOOLEAN, _text(_bits(values)))]
            case ColumnType.DATE:
                return _dates(values)
            case _:
                return self._instants_or_texts(column, values)

    def _instants_or_texts(self, column: ReportColumn, values: "pa.Array") -> list[_Candidate]:
        if column.column.type is ColumnType.INSTANT:
            return self._instants(values)
        self._refuse_too_long(column, values)
        return [_Candidate(styles.TEXT, _Kind.TEXT, xml_texts(shown_words(values, column.words)))]

    def _instants(self, values: "pa.TimestampArray") -> list[_Candidate]:
        from pyarrow import compute as pc

        wall = self._clock.wall_times(values)
        numbers = _text(wall.numbers)
        once = pc.if_else(pc.is_null(wall.offsets), numbers, _nothing())
        found = [_Candidate(styles.INSTANT, _Kind.NUMBER, once)]
        for micros in pc.unique(wall.offsets.drop_null()).to_pylist():
            twice = pc.if_else(pc.equal(wall.offsets, micros), numbers, _nothing())
            style = styles.at_offset(timedelta(microseconds=micros))
            found.append(_Candidate(style, _Kind.NUMBER, twice))
        if wall.numbers.null_count > values.null_count:
            as_text = _where_null(numbers, canonical_texts(values))
            found.append(_Candidate(styles.TEXT, _Kind.TEXT, as_text))
        return found

    def _refuse_too_long(self, column: ReportColumn, values: "pa.StringArray") -> None:
        index = first_too_long(values)
        if index is not None:
            message = (
                f"row {self._done_count + index + 1}, column {column.name!r}: a text of "
                f"{len(values[index].as_py())} characters; a cell of XLSX holds "
                f"{MAX_UTF16_UNITS}; CSV, JSON Lines and Parquet hold it"
            )
            raise FormatCannotHold(message)


def _money(values: "pa.Int64Array", codes: "pa.StringArray | None") -> list[_Candidate]:
    from pyarrow import compute as pc

    texts = major_texts(values, codes)
    if codes is None:
        return _whole(values, texts, styles.money(None))
    encoded = pc.dictionary_encode(codes, null_encoding="encode")
    looks = [styles.money(minor_digits(code)) for code in encoded.dictionary.to_pylist()]
    chosen = sorted(set(looks))
    if len(chosen) == 1:
        return _whole(values, texts, chosen[0])
    found: list[_Candidate] = []
    for style in chosen:
        is_this = _array([look == style for look in looks]).take(encoded.indices)
        found += _whole(values, pc.if_else(is_this, texts, _nothing()), style)
    return found


def _whole(values: "pa.Int64Array", texts: "pa.StringArray", style: Style) -> list[_Candidate]:
    """Figures of one style; as text where a double would not be exact."""
    from pyarrow import compute as pc

    small = pc.and_(pc.less(values, EXACT_BELOW), pc.greater(values, -EXACT_BELOW))
    if pc.all(small).as_py() is not False:
        return [_Candidate(style, _Kind.NUMBER, texts)]
    return [
        _Candidate(style, _Kind.NUMBER, pc.if_else(small, texts, _nothing())),
        _Candidate(styles.AMOUNT_TEXT, _Kind.TEXT, pc.if_else(small, _nothing(), texts)),
    ]


def _dates(values: "pa.Date32Array") -> list[_Candidate]:
    numbers = _text(date_numbers(values))
    found = [_Candidate(styles.DATE, _Kind.NUMBER, numbers)]
    if numbers.null_count > values.null_count:
        found.append(_Candidate(styles.TEXT, _Kind.TEXT, _where_null(numbers, _text(values))))
    return found


def _where_null(first: "pa.Array", texts: "pa.StringArray") -> "pa.StringArray":
    from pyarrow import compute as pc

    return pc.if_else(pc.is_null(first), texts, _nothing())


def _bits(values: "pa.BooleanArray") -> "pa.Int8Array":
    import pyarrow as pa

    return values.cast(pa.int8())


def _array(values: list[bool]) -> "pa.BooleanArray":
    import pyarrow as pa

    return pa.array(values, pa.bool_())


def _nothing() -> "pa.StringScalar":
    import pyarrow as pa

    return pa.scalar(None, pa.string())


def _text(values: "pa.Array") -> "pa.StringArray":
    import pyarrow as pa

    return values.cast(pa.string())
