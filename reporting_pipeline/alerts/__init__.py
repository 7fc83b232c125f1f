"""Evaluates alerts and sends them to the configured channels.

What belongs here: the causes of alerts, the alerts in the catalogue, and sending them. What does
not: finding what is wrong (`checks`, `sources.landing`), and when alerts are evaluated
(`orchestration`, `cli`).
"""
