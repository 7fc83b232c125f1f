"""Answers of a server for tests that have none."""

from collections.abc import Mapping

ID = "00000000-0000-4000-8000-000000000002"
REPORT: Mapping[str, object] = {
    "id": ID,
    "organization_id": ID,
    "definition_id": ID,
    "slug": "daily-sales",
    "definition_version": 1,
    "period": "2026-02-28",
    "first_day": "2026-02-28",
    "end_day": "2026-03-01",
    "event_id": None,
    "format": "csv",
    "status": "ready",
    "reason": None,
    "edition": 1,
    "is_provisional": False,
    "generated_at": None,
    "file": {"name": "x.csv", "byte_count": 1, "row_count": 1, "sha256": "", "path": "/"},
}
"""A report that is ready."""
