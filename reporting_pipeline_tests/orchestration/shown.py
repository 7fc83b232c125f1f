"""Reads the metadata that a run shows in Dagster."""

from typing import Any

import dagster as dg


def shown(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, dict[str, Any]]:
    """Partition -> the metadata of its materialisation; tables as lists of rows."""
    return {
        str(event.materialization.partition): {
            name: [dict(row.data) for row in value.records]
            if isinstance(value, dg.TableMetadataValue)
            else value.value
            for name, value in event.materialization.metadata.items()
        }
        for event in result.get_asset_materialization_events()
        if event.materialization.asset_key == dg.AssetKey(asset)
    }
