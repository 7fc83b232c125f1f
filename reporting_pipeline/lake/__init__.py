"""Files of all rows, for other tools: the lake, and Tableau's extract.

The lake has the report tables as Parquet files, one for each organisation and day:

    table=sales_daily/organization_id=<id>/date=2025-03-01/rows.parquet   the rows of a day
    table=events/organization_id=<id>/rows.parquet                        the names of ids
    _lake/sales_daily.json, _lake/sales_daily/2025-03.json                what is written so far

`write` looks for days that were rebuilt and writes their files again; `tables` says what the files
hold; `state` keeps what is written, beside the files; `partitions` reads rows and makes files.
`hyper` writes the views of `reporting_bi` into one file for Tableau.

What belongs here: which files there are, and their bytes. What does not: the store, and when this
runs (`cli`, `orchestration`).
"""
