"""Each rule of the contract is broken once: the dump is refused with table, line and reason."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL, CheckConstraint

from reporting_pipeline.errors import DumpRefused
from reporting_pipeline.sources.contract import TABLES
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.sources.dump.small_dump import uid, valid_rows, write_dump

MOVEMENTS = "ticketing.order_line_movements"
INVENTORY = "seating.inventory_movements"
SIGN = "list, discount, fee and tax must each have the sign of quantity or be 0"
FEE = "of a fee, list and discount must be 0, and fee and tax of one sign"
NOWHERE = "neither in the dump nor in the source"


def _values_that_are_not_allowed() -> Iterator[tuple[str, int, dict[str, str], str]]:
    """A case for each column that allows only a list of values."""
    for table in TABLES:
        rules = [rule.info for rule in table.constraints if "allowed" in rule.info]
        for rule in sorted(rules, key=lambda rule: str(rule["reason"])):
            column, _ = rule["allowed"]
            yield table.key, 0, {column: "nonsense"}, rule["reason"]


# Table, row (the first is 0), changed values, text in the refusal.
BROKEN = [
    ("ticketing.organizations", 0, {"name": ""}, "name is null"),
    (
        "ticketing.events",
        0,
        {"organization_id": uid(999)},
        f"organization_id {uid(999)} is not a row of ticketing.organizations, {NOWHERE}",
    ),
    ("ticketing.ticket_types", 0, {"event_id": uid(999)}, "is not a row of ticketing.events"),
    ("ticketing.orders", 0, {"total_minor": "-1"}, "total_minor is negative: total_minor '-1'"),
    ("ticketing.orders", 0, {"placed_at": ""}, "placed_at is null"),
    (MOVEMENTS, 1, {"order_id": uid(999)}, "is not a row of ticketing.orders"),
    (MOVEMENTS, 1, {"ticket_type_id": uid(999)}, "is not a row of ticketing.ticket_types"),
    (MOVEMENTS, 0, {"line_no": "0"}, "line_no is less than 1: line_no '0'"),
    (
        MOVEMENTS,
        0,
        {"reason": "refund"},
        "quantity must be positive for sale, comp and exchange_in",
    ),
    (MOVEMENTS, 1, {"reason": "fee"}, "quantity must be 0 for fee, and only for fee"),
    (MOVEMENTS, 1, {"list_minor": "1000"}, SIGN),
    (MOVEMENTS, 0, {"discount_minor": "-200"}, SIGN),
    (MOVEMENTS, 0, {"fee_minor": "-1"}, SIGN),
    (MOVEMENTS, 1, {"tax_minor": "1"}, SIGN),
    (MOVEMENTS, 0, {"discount_minor": "2001"}, "the discount exceeds the list price"),
    (MOVEMENTS, 0, {"reason": "fee", "quantity": "0"}, FEE),
    (
        MOVEMENTS,
        0,
        {
            "reason": "fee",
            "quantity": "0",
            "list_minor": "0",
            "discount_minor": "0",
            "tax_minor": "-1",
        },
        FEE,
    ),
    ("ticketing.tickets", 1, {"id": uid(30)}, f"id {uid(30)} occurs earlier in this file"),
    ("ticketing.tickets", 1, {"order_id": uid(999)}, "is not a row of ticketing.orders"),
    ("ticketing.tickets", 0, {"is_comp": ""}, "is_comp is null"),
    ("seating.sections", 0, {"venue_id": uid(999)}, "is not a row of seating.venues"),
    (
        "seating.inventory_movements",
        0,
        {"section_id": uid(999)},
        "is not a row of seating.sections",
    ),
    ("scanning.scans", 0, {"gate_id": uid(999)}, "is not a row of scanning.gates"),
    ("scanning.scans", 0, {"outcome": "rejected"}, "a rejected scan, and only that, must have a"),
    ("ledger.entries", 1, {"tax_rate": "-0.19"}, "tax_rate is negative: tax_rate '-0.190000'"),
    ("ledger.entries", 1, {"taxable_minor": "-1"}, "taxable_minor is negative: taxable_minor '-1'"),
    ("ledger.payout_items", 0, {"amount_minor": "0"}, "amount_minor is not positive"),
    ("ledger.payout_items", 0, {"transaction_id": uid(999)}, "is not a row of ledger.transactions"),
    ("ticketing.events", 0, {"series_id": uid(999)}, "is not a row of ticketing.event_series"),
    ("ledger.entries", 1, {"transaction_id": uid(999)}, "is not a row of ledger.transactions"),
    ("ledger.entries", 1, {"account_id": uid(999)}, "is not a row of ledger.accounts"),
    ("ledger.entries", 1, {"amount_minor": "0"}, "amount_minor is not positive: amount_minor '0'"),
    *_values_that_are_not_allowed(),
]


# Rows that a source can hold, and that landing sets aside.
EXCEEDING = [
    (
        "ticketing.organizations",
        {"timezone": "Europe/Atlantis"},
        "timezone 'Europe/Atlantis' is not the IANA name of a time zone",
    ),
    ("ticketing.organizations", {"timezone": "posix/Europe/Berlin"}, "is not the IANA name"),
    (
        "ticketing.organizations",
        {"currency": "eur"},
        "currency 'eur' is not three upper-case letters",
    ),
    ("ticketing.events", {"timezone": "+02:00"}, "timezone '+02:00' is not the IANA name"),
    ("ticketing.events", {"currency": "E1R"}, "currency 'E1R' is not three upper-case letters"),
    ("ticketing.events", {"starts_at": "-infinity"}, "starts_at '-infinity' is not an instant"),
    ("ticketing.orders", {"currency": "EU"}, "currency 'EU' is not three upper-case letters"),
    ("scanning.scans", {"scanned_at": "52000-01-01T00:00:00Z"}, "of the years 1 to 9998"),
    ("ledger.entries", {"amount_minor": "6000000000000000000"}, "is beyond 100000000000000000"),
    ("ledger.entries", {"tax_rate": "NaN"}, "tax_rate 'NaN' is not a number"),
]


@pytest.mark.parametrize(("table", "row", "changes", "reason"), BROKEN)
def test_a_broken_row_is_refused_with_table_line_and_reason(
    untouched_urls: Mapping[str, URL],
    tmp_path: Path,
    table: str,
    row: int,
    changes: dict[str, str],
    reason: str,
) -> None:
    rows = valid_rows()
    rows[table][row].update(changes)

    with pytest.raises(DumpRefused) as refused:
        load_dump(write_dump(tmp_path / "dump", rows), untouched_urls)

    # The header is line 1.
    assert f"{table}, line {row + 2}: " in refused.value.message
    assert reason in refused.value.message


@pytest.mark.parametrize(("table", "changes", "reason"), EXCEEDING)
def test_a_row_that_landing_sets_aside_is_loaded_with_a_warning(
    source_urls: Mapping[str, URL],
    tmp_path: Path,
    table: str,
    changes: dict[str, str],
    reason: str,
) -> None:
    rows = valid_rows()
    rows[table][0].update(changes)
    dump = write_dump(tmp_path / "dump", rows)

    with pytest.raises(DumpRefused) as refused:
        load_dump(dump, source_urls, is_strict=True)
    result = load_dump(dump, source_urls)

    assert reason in refused.value.message
    assert result.tables[table].new_count == len(rows[table])
    assert f"{table}, line 2: " in str(result.unusable[0])
    assert any(reason in str(each) for each in result.unusable)
    assert result.unusable_count == len(result.unusable)


def test_every_check_of_the_contract_has_a_case_in_this_file() -> None:
    reasons = {
        constraint.info["reason"]
        for table in TABLES
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    tested = [reason.partition(":")[0] for _, _, _, reason in BROKEN]

    assert [each for each in reasons if not any(each.startswith(start) for start in tested)] == []


def test_a_changed_append_only_row_is_refused_with_the_columns_that_differ(
    source_urls: Mapping[str, URL], tmp_path: Path
) -> None:
    rows = valid_rows()
    load_dump(write_dump(tmp_path / "dump", rows), source_urls)
    rows["ledger.entries"][1].update(amount_minor="2300", component="addon")

    with pytest.raises(DumpRefused) as refused:
        load_dump(write_dump(tmp_path / "changed", rows), source_urls)

    assert refused.value.message.endswith(
        f"ledger.entries, line 3: append-only row {uid(81)} differs from the stored row"
        " in component, amount_minor"
    )


def test_a_reference_to_a_row_of_an_earlier_dump_is_valid(
    source_urls: Mapping[str, URL], tmp_path: Path
) -> None:
    rows = valid_rows()
    entries = rows.pop("ledger.entries")
    load_dump(write_dump(tmp_path / "first", rows), source_urls)

    result = load_dump(write_dump(tmp_path / "second", {"ledger.entries": entries}), source_urls)

    assert result.new_count == len(entries)


def test_scans_and_inventory_of_an_unknown_event_are_loaded(
    source_urls: Mapping[str, URL], tmp_path: Path
) -> None:
    rows = valid_rows()
    rows["scanning.scans"][0]["event_id"] = uid(999)
    rows["seating.inventory_movements"][0]["event_id"] = uid(999)

    result = load_dump(write_dump(tmp_path / "dump", rows), source_urls)

    assert result.tables["scanning.scans"].new_count == 1
    assert result.tables["seating.inventory_movements"].new_count == 1


def test_a_transaction_that_does_not_balance_is_loaded_for_the_checks_to_find(
    source_urls: Mapping[str, URL], tmp_path: Path
) -> None:
    rows = valid_rows()
    rows["ledger.entries"][0]["amount_minor"] = "1"

    result = load_dump(write_dump(tmp_path / "dump", rows), source_urls)

    assert result.tables["ledger.entries"].new_count == 2


def test_many_violations_are_counted_and_the_first_ones_are_named_in_order(
    untouched_urls: Mapping[str, URL], tmp_path: Path
) -> None:
    rows = valid_rows()
    ticket = rows["ticketing.tickets"][0]
    rows["ticketing.tickets"] = [
        {**ticket, "id": uid(1000 + number), "status": "lost"} for number in range(100)
    ]
    rows["ticketing.orders"][0]["channel"] = "fax"

    with pytest.raises(DumpRefused) as refused:
        load_dump(write_dump(tmp_path / "dump", rows), untouched_urls)

    summary, *lines = refused.value.message.splitlines()
    assert summary.endswith("breaks the contract in 101 places; nothing was loaded:")
    assert lines[0].startswith("  ticketing.orders, line 2: channel is not one of")
    assert [line.partition(":")[0] for line in lines[1:20]] == [
        f"  ticketing.tickets, line {number}" for number in range(2, 21)
    ]
    assert lines[20] == "  ... and 81 more"


def test_a_refused_dump_leaves_no_schema(untouched_urls: Mapping[str, URL], tmp_path: Path) -> None:
    rows = valid_rows()
    rows["ledger.entries"][1]["amount_minor"] = "0"
    with pytest.raises(DumpRefused):
        load_dump(write_dump(tmp_path / "dump", rows), untouched_urls)

    with psycopg.connect(conninfo(untouched_urls["ledger"])) as connection:
        schemas = connection.execute(
            "select nspname from pg_namespace where nspname = any(%s)", [list(untouched_urls)]
        )
        assert schemas.fetchall() == []
