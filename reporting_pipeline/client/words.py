"""The words that fields of the API may have, as types.

A program that writes another word is found by a type checker. Only the server refuses it: at run
time every text is taken, because a later version of the server may have more words.
"""

from typing import Annotated, Any, Literal

from pydantic import ValidationError, ValidatorFunctionWrapHandler, WrapValidator


def _known_or_new(value: Any, known: ValidatorFunctionWrapHandler) -> Any:
    try:
        return known(value)
    except ValidationError:
        if isinstance(value, str):
            return value
        raise


OPEN = WrapValidator(_known_or_new)

ReportFormat = Annotated[Literal["csv", "xlsx", "pdf", "parquet", "jsonl"], OPEN]
ReportState = Annotated[Literal["ready", "waiting", "held", "failed", "empty"], OPEN]
ReportStatus = Annotated[Literal["queued", "running", "ready", "held", "failed", "empty"], OPEN]
Category = Annotated[Literal["financial", "sales", "operational"], OPEN]
Schedule = Annotated[Literal["manual", "daily", "weekly", "monthly", "post_event"], OPEN]
Status = Annotated[Literal["draft", "active", "paused", "archived"], OPEN]
Severity = Annotated[Literal["warn", "error"], OPEN]
Unit = Annotated[Literal["minor", "count", "rate"], OPEN]
ColumnKind = Annotated[Literal["key", "name", "attribute", "measure", "balance", "ratio"], OPEN]
ColumnType = Annotated[
    Literal[
        "bigint",
        "boolean",
        "character(3)",
        "date",
        "timestamp with time zone",
        "numeric(12,6)",
        "text",
        "uuid",
        "uuid[]",
    ],
    OPEN,
]
BreakKind = Annotated[
    Literal[
        "missing_in_ticketing",
        "missing_in_ledger",
        "organization",
        "currency",
        "duplicate",
        "amount",
        "unbalanced",
        "unclassified",
        "payout_items",
    ],
    OPEN,
]
AlertKind = Annotated[
    Literal[
        "break",
        "source_down",
        "contract_broken",
        "source_rows",
        "source_clock",
        "device",
        "source_stale",
        "report_held",
        "report_failed",
        "report_overdue",
        "late_day",
        "nothing_defined",
        "template_unusable",
        "stored_file",
        "request_dead",
        "webhook_dead",
        "run_failed",
    ],
    OPEN,
]
WebhookKind = Annotated[
    Literal["report.available", "report.restated", "report.held", "report.failed"], OPEN
]
NoticeKind = Annotated[
    Literal[
        "available",
        "held",
        "failed",
        "queued",
        "started",
        "completed",
        "defined",
        "rebuilt",
        "reset",
    ],
    OPEN,
]
PartState = Annotated[Literal["ready", "unavailable", "of another version"], OPEN]
PlainValue = str | int | bool | tuple[str, ...] | None

ALL_WEBHOOK_KINDS: tuple[WebhookKind, ...] = (
    "report.available",
    "report.restated",
    "report.held",
    "report.failed",
)
