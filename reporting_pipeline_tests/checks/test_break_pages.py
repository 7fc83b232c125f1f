"""Pages of breaks lead through all of them in order, and read no other organisation's rows."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline.checks import break_pages
from reporting_pipeline.checks.break_pages import (
    OpenBreakPlace,
    accepted_break_page,
    open_break_page,
)
from reporting_pipeline.checks.breaks import (
    AcceptedBreak,
    Decision,
    OpenBreak,
    accept_breaks,
    accepted_breaks,
    open_breaks,
)
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.page_plans import scans_of

OWN, OTHER = UUID(int=11), UUID(int=12)
NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
FIRST_DAY = date(2025, 5, 1)

# A third of the rows only warn, and one of a thousand belongs to the organisation.
_ROWS = """
    insert into reporting.report_reconciliation_breaks (
        date, organization_id, event_id, order_id, currency, kind, ticketing_minor, ledger_minor,
        difference_minor, proof_ids
    )
    select
        %(first)s::date + number %% 5, %(organization)s,
        case when number %% 4 > 0 then md5((number %% 3)::text)::uuid end,
        md5(%(organization)s::text || number / 2)::uuid, 'EUR',
        (array['amount', 'timing', 'duplicate'])[1 + number %% 3], number %% 7, 0, number %% 7, '{}'
    from generate_series(1, %(count)s) as number
"""


def add_rows(connection: psycopg.Connection, organization: UUID, count: int) -> None:
    connection.execute(_ROWS, {"first": FIRST_DAY, "organization": organization, "count": count})


def open_pages(connection: psycopg.Connection, limit: int) -> list[OpenBreak]:
    """All open breaks of the organisation, page by page."""
    found: list[OpenBreak] = []
    while True:
        after = OpenBreakPlace.of(found[-1]) if found else None
        page = open_break_page(connection, OWN, after=after, limit=limit)
        found += page
        if len(page) < limit:
            return found


def test_pages_have_each_open_break_once_and_in_order(rolled_back: psycopg.Connection) -> None:
    add_rows(rolled_back, OWN, 60)
    add_rows(rolled_back, OTHER, 60)

    expected = open_breaks(rolled_back, OWN)

    def place(each: OpenBreak) -> tuple[Any, ...]:
        size, event = abs(each.difference_minor), str(each.event_id)
        return each.first_day, -size, each.kind, each.concerns, event, each.currency

    for limit in (1, 7, 100):
        assert open_pages(rolled_back, limit) == sorted(expected, key=place)


def accept_some(connection: psycopg.Connection) -> None:
    opened = [each for each in open_breaks(connection, OWN) if each.kind == "amount"]
    for offset, each in enumerate(opened):
        assert each.order_id is not None
        decision = Decision(
            organization_id=OWN,
            kind=each.kind,
            ids=(each.order_id,),
            person="Ada",
            now=NOW + timedelta(minutes=offset // 2),
        )
        if any(one.order_id == each.order_id for one in accepted_breaks(connection, OWN)):
            continue
        accept_breaks(connection, decision, reason="cash")


def test_pages_have_each_acceptance_once_and_in_order(rolled_back: psycopg.Connection) -> None:
    add_rows(rolled_back, OWN, 60)
    accept_some(rolled_back)
    expected, found = accepted_breaks(rolled_back, OWN), list[AcceptedBreak]()
    while True:
        after = (found[-1].accepted_at, found[-1].id) if found else None
        page = accepted_break_page(rolled_back, OWN, after=after, limit=3)
        found += page
        if len(page) < 3:
            break

    assert found == expected
    assert len(found) > 6
    assert accepted_break_page(rolled_back, OTHER, after=None, limit=3) == []


_WARNINGS = """
    insert into reporting.report_reconciliation_breaks (
        date, organization_id, order_id, currency, kind, ticketing_minor, ledger_minor,
        difference_minor, proof_ids
    )
    select %s::date + number %% 300, %s, gen_random_uuid(), 'EUR', 'timing', 1, 0, 1, '{}'
    from generate_series(1, 20000) as number
"""
_ACCEPTANCES = """
    insert into reporting.accepted_breaks (
        organization_id, kind, order_id, currency, ticketing_minor, ledger_minor, accepted_by,
        accepted_at, reason
    )
    select
        %s, 'amount', gen_random_uuid(), 'EUR', 1, 0, 'Ada',
        %s::timestamptz + number * interval '1 second', 'cash'
    from generate_series(1, 20000) as number
"""


@pytest.fixture
def large_warehouse(warehouse_url: URL) -> URL:
    """20 rows of the organisation beside 30,000 of others, and its 20,000 warnings."""
    with warehouse_connection(warehouse_url) as connection:
        add_rows(connection, OWN, 20)
        for number in range(30):
            add_rows(connection, UUID(int=100 + number), 1_000)
        connection.execute(_WARNINGS, (FIRST_DAY, OWN))
        accept_some(connection)
        connection.execute(_ACCEPTANCES, (OTHER, NOW))
        connection.execute(
            "analyze reporting.report_reconciliation_breaks, reporting.accepted_breaks"
        )
    return warehouse_url


def test_a_page_of_open_breaks_reads_the_faults_of_its_organisation_alone(
    large_warehouse: URL,
) -> None:
    nothing = dict.fromkeys(OpenBreakPlace.__slots__)
    bound = {"organization_id": OWN, **nothing, "limit": 51}

    with warehouse_connection(large_warehouse) as connection:
        found = scans_of(connection, break_pages._OPEN_PAGE, bound)

    breaks = [each for each in found if each.table == "report_reconciliation_breaks"]
    assert breaks
    for each in breaks:
        assert each.way in {"Index Scan", "Bitmap Heap Scan"}
        assert each.row_count <= 20
    assert sum(each.row_count for each in found if each.table == "accepted_breaks") <= 20


def test_a_page_of_acceptances_reads_no_further_than_its_end(large_warehouse: URL) -> None:
    after = NOW + timedelta(seconds=10_000)
    bound = {"organization_id": OTHER, "accepted_at": after, "id": 5, "limit": 51}

    with warehouse_connection(large_warehouse) as connection:
        [found] = scans_of(connection, break_pages._ACCEPTED_PAGE, bound)

    assert found.way == "Index Scan"
    assert found.row_count <= 60
