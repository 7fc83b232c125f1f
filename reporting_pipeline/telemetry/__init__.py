"""Telemetry: metrics for Prometheus, OpenTelemetry spans, and logs as JSON.

What belongs here: the list of metrics, storing and serving them, making and exporting spans, the
form of a log record. What does not: deciding what to measure; the code that does the work calls
`record` and `span`.
"""
