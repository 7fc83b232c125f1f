"""Telemetry: what the pipeline tells of itself to machines: metrics, and logs as JSON."""
