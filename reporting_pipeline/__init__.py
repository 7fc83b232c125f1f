"""Reports that a finance team can trust, built from four domains of an event-ticketing platform.

Rows go one way: `sources` lands what is new from production, `reports` builds the report tables by
day (the SQL is in `dbt_project/`), `checks` compares them with the ledger, `exports` and `delivery`
write files. `orchestration` shows all of it to Dagster; `cli` is the same without it.
"""
