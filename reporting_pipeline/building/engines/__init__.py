"""Engines: other programs than PostgreSQL compute the report tables, with the same dbt models.

An engine reads landing from Parquet files and writes rows; the warehouse takes them over day by
day. So seals, checks, datasets and exports read the same tables, whatever the engine
(docs/adr/0051).

    landing_files   copies landing into files, those that have changed
    engine          which engine there is, and where its files are
    build           claims the days, computes them on the engine, publishes the rows
    publish         brings the engine's rows into the warehouse

What belongs here: files, and the order of the steps. What does not: how a figure is computed, which
is in `dbt_project/` for every engine.
"""
