"""The audit of the store: published files that are gone or altered, a part of them each night."""

from typing import Any

import dagster as dg

from reporting_pipeline.orchestration.assets.steps import PLATFORM_TEAM, RETRIES, step_failures
from reporting_pipeline.orchestration.assets.tables import LISTED
from reporting_pipeline.orchestration.resources import Reports, StoreAuditing
from reporting_pipeline.publishing.store_audit import audit_store

_SCHEMA = dg.TableSchema(
    columns=[
        dg.TableColumn("finding"),
        dg.TableColumn("object"),
        dg.TableColumn("expected"),
        dg.TableColumn("found"),
        dg.TableColumn("consequence"),
    ]
)


@dg.asset(
    retry_policy=RETRIES,
    group_name="alerts",
    description=(
        "Files in the store that are gone, altered or unknown. Each night lists a share of the "
        "organisations and reads the files that were not read for the longest time. A file is "
        "generated again where that gives the same bytes."
    ),
    owners=[PLATFORM_TEAM],
    kinds={"postgres"},
    metadata={"dagster/table_name": "catalogue.store_findings"},
)
def store_audit(reports: Reports, store_auditing: StoreAuditing) -> dg.MaterializeResult[None]:
    """Audit a share of the store."""
    with step_failures():
        audit = audit_store(reports.publisher(), store_auditing.scope())
    metadata: dict[str, Any] = {
        "organization_count": audit.folder_count,
        "file_count": audit.file_count,
        "read_count": audit.read_count,
        "read_bytes": audit.read_byte_count,
        "finding_count": len(audit.findings),
        "restored_count": audit.restored_count,
    }
    if audit.findings:
        records = [
            dg.TableRecord(
                {
                    "finding": str(each.finding),
                    "object": each.storage_path,
                    "expected": each.expected,
                    "found": each.found,
                    "consequence": each.consequence,
                }
            )
            for each in audit.findings[:LISTED]
        ]
        metadata["findings"] = dg.MetadataValue.table(records, schema=_SCHEMA)
    return dg.MaterializeResult(metadata=metadata)
