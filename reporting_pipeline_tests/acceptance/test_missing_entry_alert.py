"""A missing ledger entry is one alert after the build, and its arrival resolves the alert."""

import json
from datetime import UTC, datetime, timedelta

import redis

from reporting_pipeline.alerts.alert import AlertKind, StoredAlert
from reporting_pipeline.alerts.channels import open_channels
from reporting_pipeline.alerts.evaluation import Evaluation, WarehouseAlerts
from reporting_pipeline.domain.currencies import major_text
from reporting_pipeline_tests.acceptance.faults import PlainOrder, plain_orders
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.alerts.receiver import receiving
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.source_tables import Row

_SECRET = "whsec_" + "c2VjcmV0" * 6


def test_a_missing_ledger_entry_is_one_alert_until_it_arrives(
    season_pipeline: Pipeline, season: Books, redis_url: str
) -> None:
    order = plain_orders(season)[0]
    booked, charged = _once_more(season, order)
    order_id = _new(order.order_id)
    with (
        receiving() as receiver,
        redis.Redis.from_url(redis_url) as client,
        client.pubsub() as topics,
    ):
        desk = WarehouseAlerts(
            warehouse=season_pipeline.warehouse,
            channels=open_channels(f"webhook+http://{receiver.address}", _SECRET),
            redis_url=redis_url,
            stale_after=timedelta(hours=2),
            clock=lambda: datetime.now(UTC),
        )
        before = _breaks(desk.evaluate_and_send())
        receiver.requests.clear()
        topics.subscribe(f"reporting:org:{order.organization_id}")
        topics.get_message(timeout=5)

        _come(season_pipeline, booked)
        opened, again = desk.evaluate_and_send(), desk.evaluate_and_send()
        _come(season_pipeline, charged)
        over, still_over = desk.evaluate_and_send(), desk.evaluate_and_send()
        messages = [topics.get_message(timeout=5) or {} for _ in range(2)]

    # The season has unsettled orders, and no other differences.
    assert {each.alert.facts["break"] for each in before} <= {"settlement"}
    assert again == still_over == Evaluation()
    [stored] = opened.opened
    assert str(stored.alert.organization_id) == order.organization_id
    assert stored.alert.facts == {
        "break": "missing_in_ledger",
        "event_id": order.event_id,
        "order_id": order_id,
        "currency": order.currency,
        "ticketing_minor": order.minor,
        "ledger_minor": 0,
        "difference_minor": order.minor,
        "first_day": str(order.day),
        "last_day": str(order.day),
    }
    amount = f"{major_text(order.minor, order.currency)} {order.currency}"
    assert f"order {order_id}, " in stored.alert.message
    assert f"Ticketing {amount}, ledger " in stored.alert.message
    assert [each.id for each in over.resolved] == [stored.id]
    types = ["alert_opened", "alert_resolved"]
    assert [json.loads(each["data"])["type"] for each in messages] == types
    received = [json.loads(body) for _, _, body in receiver.requests]
    assert [each["type"] for each in received] == types
    assert received[0]["facts"] == stored.alert.facts


def _breaks(evaluation: Evaluation) -> list[StoredAlert]:
    return [each for each in evaluation.opened if each.alert.kind is AlertKind.BREAK]


def _come(pipeline: Pipeline, books: Books) -> None:
    pipeline.arrive(books)
    pipeline.land()
    pipeline.build_touched()


def _once_more(season: Books, order: PlainOrder) -> tuple[Books, Books]:
    """A copy of an order with other ids: its rows in Ticketing, and its rows in the ledger."""
    booked = season.select(lambda _, row: order.order_id in {row["id"], row.get("order_id")})
    transactions = {order.sale_id, order.payment_id}
    charged = season.select(
        lambda _, row: bool(transactions & {row["id"], row.get("transaction_id")})
    )
    parts = [
        {table: list(map(_renewed, rows.values())) for table, rows in books.tables.items()}
        for books in (booked, charged)
    ]
    of_ticketing, of_ledger = (
        {table: rows for table, rows in part.items() if table.startswith(domain)}
        for part, domain in zip(parts, ("ticketing", "ledger"), strict=True)
    )
    return Books.of(of_ticketing), Books.of(of_ledger)


def _renewed(row: Row) -> Row:
    renewed = {name: row[name] for name in ("id", "order_id", "transaction_id") if row.get(name)}
    return row | {name: _new(value) for name, value in renewed.items()}


def _new(row_id: str) -> str:
    return row_id.replace("-0000-", "-ffff-", 1)
