"""Dagster: the graph of assets, their checks and jobs, as thin shells over the layers below.

No other package imports Dagster. What belongs here: what depends on what, by which days, and what a
person sees of it. What does not: reading, building, checking or exporting anything.
"""
