"""Semantic models: what the views of `reporting_bi` mean, in the languages of BI tools.

    semantic_model   the dimensions and measures of a view, and how each measure may be combined
    postgres_sql     a measure as one aggregate of PostgreSQL, for tools that take SQL
    metricflow, tableau, lookml, superset, cube
                     one language each
    place            where a tool finds the views: every language writes it
    targets          the languages by name, and their files in a folder

Everything follows from dbt's YAML by the registry. Nothing is read from a warehouse, and the same
version gives the same bytes.

What belongs here: the rules of measures, and writing them. What does not: the views themselves
(`building.bi_views`) and the columns (`registry`).
"""
