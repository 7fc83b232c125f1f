"""Telemetry: what the pipeline tells of itself to machines: metrics, spans, and logs as JSON."""
