"""Books in files, and merging books that arrive."""

import gzip
from pathlib import Path

from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.hand_written import HALL, SHOW, HandWritten, days_later
from reporting_pipeline_tests.oracle.random_books import dice, random_books


def test_a_written_dump_is_read_unchanged(tmp_path: Path) -> None:
    books = random_books(dice(3))

    books.write_dump(tmp_path / "dump")

    assert Books.from_dump(tmp_path / "dump") == books


def test_a_compressed_dump_is_read_like_a_plain_one(tmp_path: Path) -> None:
    books = random_books(dice(4))
    books.write_dump(tmp_path)
    for plain in list(tmp_path.iterdir()):
        with gzip.open(f"{plain}.gz", "wb") as packed:
            packed.write(plain.read_bytes())
        plain.unlink()

    assert Books.from_dump(tmp_path) == books


def test_a_folder_without_files_has_no_rows(tmp_path: Path) -> None:
    assert Books.from_dump(tmp_path).row_count() == 0


def test_the_newest_version_of_a_mutable_row_wins_in_any_order() -> None:
    base = HandWritten().books()
    event = base["ticketing.events"][SHOW]
    newer = Books.of({"ticketing.events": [event | {"name": "N", "updated_at": days_later(2)}]})
    older = Books.of({"ticketing.events": [event | {"name": "O", "updated_at": days_later(1)}]})

    merged = base.merged(newer).merged(older)

    assert merged["ticketing.events"][SHOW]["name"] == "N"
    assert merged.row_count() == base.row_count()
    assert merged["ticketing.events"][SHOW]["organization_id"] == HALL
    assert base["ticketing.events"][SHOW]["name"] is None


def test_an_append_only_row_stays_as_it_arrived_first() -> None:
    writing = HandWritten()
    movement = writing.movement("sale", 1)
    books = writing.books()
    table = "ticketing.order_line_movements"
    again = books[table][movement] | {"quantity": 9, "recorded_at": days_later(9)}

    assert books.merged(Books.of({table: [again]})) == books


def test_select_keeps_the_chosen_rows() -> None:
    books = random_books(dice(5))

    kept = books.select(lambda table, _: table == "ticketing.events")

    assert kept["ticketing.events"] == books["ticketing.events"]
    assert kept.row_count() == len(books["ticketing.events"])
