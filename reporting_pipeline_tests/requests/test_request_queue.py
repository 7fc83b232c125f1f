"""A page of an organisation's requests reads no further than its end."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import URL

from reporting_pipeline.requests import request_queue
from reporting_pipeline.requests.request_queue import AnswerState, RequestFilter, request_page
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.page_plans import scans_of
from reporting_pipeline_tests.sample_reports import BERLIN, REVENUE, TOKYO, define

FIRST = datetime(2025, 1, 1, tzinfo=UTC)
_REQUESTS = """
    insert into catalogue.report_requests (
        id, organization_id, definition_id, version, period, period_first, period_end, format,
        is_provisional_allowed, status, requested_at, finished_at, report_id, edition
    )
    select
        gen_random_uuid(), %s, %s, 1, '2025-03-01', '2025-03-01', '2025-03-02', 'csv', false,
        'completed', at, at, gen_random_uuid(), 1
    from generate_series(%s::timestamptz, %s, interval '1 minute') as at
"""


def test_a_page_reads_no_further_than_its_end(warehouse_url: URL) -> None:
    last = FIRST + timedelta(minutes=9_999)
    berlin, tokyo = define(warehouse_url, REVENUE), define(warehouse_url, REVENUE, TOKYO)
    with warehouse_connection(warehouse_url) as connection:
        for each in (berlin, tokyo):
            connection.execute(_REQUESTS, (each.organization_id, each.id, FIRST, last))
        connection.execute("analyze catalogue.report_requests")
        chosen = RequestFilter(state=AnswerState.READY)
        after = (FIRST + timedelta(minutes=5_000), UUID(int=0))
        page = request_page(connection, BERLIN, chosen, after=after, limit=51)
        bound = {
            "organization_id": BERLIN,
            **chosen.columns,
            "after_at": after[0],
            "after_id": after[1],
            "limit": 51,
        }
        query = request_queue._SELECT + request_queue._PAGE
        found = scans_of(connection, query, bound)

    assert [each.requested_at for each in page] == [
        FIRST + timedelta(minutes=5_000 - number) for number in range(1, 52)
    ]
    [read] = [each for each in found if each.table == "report_requests"]
    assert read.way == "Index Scan"
    assert read.row_count <= 60
