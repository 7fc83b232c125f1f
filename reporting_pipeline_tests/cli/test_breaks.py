"""`reporting breaks`, as a finance person runs it."""

from uuid import UUID

from click.testing import CliRunner, Result
from sqlalchemy import URL

from reporting_pipeline.cli import main
from reporting_pipeline.warehouse.engine import warehouse_connection

ORGANIZATION, ORDER = UUID(int=1), UUID(int=21)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["breaks", *arguments])


def decide(command: str, *arguments: str) -> Result:
    return run(
        *(command, "--organization", str(ORGANIZATION), "--kind", "amount", "--by", "Ada"),
        *(*arguments, str(ORDER)),
    )


def land_organization(warehouse: URL) -> None:
    with warehouse_connection(warehouse) as connection:
        connection.execute(
            "insert into landing.ticketing_organizations"
            " values (%s, 'Nordlicht', 'Europe/Berlin', 'EUR', now())",
            (ORGANIZATION,),
        )


def test_a_break_is_listed_accepted_and_taken_back(own_warehouse: URL) -> None:
    land_organization(own_warehouse)
    with warehouse_connection(own_warehouse) as connection:
        connection.execute(
            "insert into reporting.report_reconciliation_breaks (date, organization_id, order_id,"
            " currency, kind, ticketing_minor, ledger_minor, difference_minor, proof_ids)"
            " values ('2025-05-02', %s, %s, 'EUR', 'amount', 12345, 2345, 10000, '{}')",
            (ORGANIZATION, ORDER),
        )

    listed = run().output
    assert listed.splitlines()[1].split()[0] == "2025-05-02"
    assert f"Nordlicht     amount  order {ORDER}  123.45 EUR  23.45 EUR  100.00 EUR" in listed
    assert listed.endswith("1 breaks are open\n")

    accepted = decide("accept", "--reason", "cash drawer")
    assert accepted.exit_code == 0, accepted.output
    assert accepted.output.startswith(
        f"accepted amount of order {ORDER}: Ticketing 123.45 EUR, ledger 23.45 EUR\n"
    )
    assert run().output == "0 breaks are open\n"
    assert "Ada" in run("--accepted").output
    assert run("--accepted").output.endswith("1 breaks are accepted\n")

    assert decide("take-back").output == "1 acceptances are taken back\n"
    assert run().output.endswith("1 breaks are open\n")


def test_a_break_that_is_not_open_is_an_error_that_names_the_next_step(own_warehouse: URL) -> None:
    land_organization(own_warehouse)
    result = decide("accept", "--reason", "cash drawer")

    assert result.exit_code == 1
    assert result.output == (
        f"Error: organisation Nordlicht ({ORGANIZATION}) has no open break of kind amount with the "
        f"id {ORDER}; `reporting breaks` lists them\n"
    )


def test_a_reason_and_a_name_are_required() -> None:
    assert "Missing option '--reason'" in decide("accept").output
