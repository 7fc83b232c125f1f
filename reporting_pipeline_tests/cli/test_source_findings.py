"""`reporting sources findings`, `accept` and `take-back`, as an accountant runs them."""

from uuid import UUID

from click.testing import CliRunner, Result
from sqlalchemy import URL

from reporting_pipeline.cli import main
from reporting_pipeline.warehouse.engine import warehouse_connection

ORGANIZATION, ROW, OTHER = UUID(int=1), UUID(int=21), UUID(int=22)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["sources", *arguments])


def decide(command: str, *arguments: str) -> Result:
    return run(command, "ledger.entries", "--kind", "deleted", "--by", "Ada", *arguments)


def test_a_finding_is_listed_accepted_and_taken_back(own_warehouse: URL) -> None:
    with warehouse_connection(own_warehouse) as connection:
        for row_id in (ROW, OTHER):
            connection.execute(
                "insert into landing.row_findings (domain, table_name, row_id, finding,"
                " organization_id, first_day, last_day, reason, record)"
                " values ('ledger', 'entries', %s, 'deleted', %s, '2025-05-02', '2025-05-02',"
                " 'it is gone', '{\"amount_minor\": 5}')",
                (row_id, ORGANIZATION),
            )

    listed = run("findings").output
    assert f"deleted  ledger.entries  {ROW}  2025-05-02  it is gone" in listed
    assert listed.endswith("2 findings are open\n")

    accepted = decide("accept", "--reason", "booked twice", str(ROW))
    assert accepted.exit_code == 0, accepted.output
    assert accepted.output.startswith("1 findings of kind deleted in ledger.entries are accepted\n")
    assert str(OTHER) in run("findings").output
    assert run("findings", "--accepted").output.endswith("1 findings are accepted\n")

    assert decide("accept", "--reason", "booked twice", "--all").exit_code == 0
    assert run("findings").output == "0 findings are open\n"
    assert decide("take-back", str(ROW)).output == "1 acceptances are taken back\n"
    assert run("findings").output.endswith("1 findings are open\n")


def test_a_finding_that_is_not_open_is_an_error_that_names_the_next_step(
    own_warehouse: URL,
) -> None:
    result = decide("accept", "--reason", "booked twice", str(ROW))

    assert result.exit_code == 1
    assert result.output == (
        f"Error: ledger.entries has no open finding of kind deleted with the id {ROW}; "
        "`reporting sources findings` lists them\n"
    )


def test_accepted_findings_are_not_silently_those_of_all_organisations() -> None:
    result = run("findings", "--accepted", "--organization", "Nordlicht")

    assert result.exit_code == 2
    assert "remove --organization" in " ".join(result.output.split())


def test_rows_are_named_or_all_of_them() -> None:
    both = decide("accept", "--reason", "booked twice", "--all", str(ROW))

    assert "name the rows by their ids, or use --all" in both.output
