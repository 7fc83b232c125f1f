"""Alerts: what stands and should not, told once when it begins and once when it is over.

What belongs here: which causes there are, the alerts in the catalogue, and handing them to
channels. What does not: finding what is wrong (`checks`, `sources.landing`), and when anybody looks
(`orchestration`, `cli`).
"""
