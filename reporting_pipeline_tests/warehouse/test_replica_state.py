"""`reporting doctor` says of a replica whether it is one, and how far it is behind."""

import pytest
from click.testing import CliRunner
from sqlalchemy import URL

from reporting_pipeline.cli import main
from reporting_pipeline.settings import set_environment
from reporting_pipeline.warehouse.engine import conninfo, warehouse_connection
from reporting_pipeline.warehouse.replica_state import replica_state
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.streaming_replica import Pair


def test_a_replica_that_has_replayed_everything_is_not_behind(pair: Pair) -> None:
    state = replica_state(pair.warehouse, pair.replica)
    assert (state.unfit_because, state.behind_bytes) == (None, 0)
    assert state.lag == "not behind"


def test_a_paused_replica_is_behind_by_what_the_primary_wrote(pair: Pair) -> None:
    pair.pause()
    with warehouse_connection(pair.warehouse) as connection:
        connection.execute("create table written (id int)")
    state = replica_state(pair.warehouse, pair.replica)
    assert (state.unfit_because, state.behind_bytes > 0) == (None, True)
    assert "bytes of the log" in state.lag


def test_what_is_no_replica_of_the_warehouse_is_named(
    pair: Pair, shared_season_pipeline: Pipeline
) -> None:
    unfit = {
        "another database": shared_season_pipeline.warehouse,
        "the server's other database": pair.replica.set(database="postgres"),
        "the primary": pair.warehouse,
    }
    found = {name: replica_state(pair.warehouse, url).unfit_because for name, url in unfit.items()}
    assert found == {
        "another database": "is another database than the warehouse",
        "the server's other database": "is another database than the warehouse",
        "the primary": "is a primary itself: name a standby of the warehouse",
    }


def _line(warehouse: URL, replica: URL) -> str:
    set_environment(
        {"REPORTING_DATABASE_URL": conninfo(warehouse), "REPORTING_READ_URL": conninfo(replica)}
    )
    output = CliRunner().invoke(main, ["doctor"]).output
    return next(line for line in output.splitlines() if line.split()[1] == "replica")


def test_the_doctor_touches_the_replica(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REPORTING_DATABASE_URL", "REPORTING_READ_URL"):
        monkeypatch.setenv(name, "")
    assert "not behind" in _line(pair.warehouse, pair.replica)
    wrong = _line(pair.warehouse, pair.warehouse)
    assert (wrong.split()[0], "is a primary itself" in wrong) == ("MISSING", True)
    assert _line(pair.warehouse, pair.replica.set(port=1)).startswith("MISSING")
