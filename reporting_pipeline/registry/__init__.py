"""The registry: the report tables and the datasets, with their columns.

A column is described once, in dbt's YAML (`dbt_project/models/reports/_reports__models.yml` and
`datasets/_datasets__models.yml`). The registry reads these files without dbt and gives Dagster,
report definitions, exports and checks what they say.

What belongs here: reading the YAML into typed values. What does not: the descriptions themselves,
SQL, and building tables (`building`).
"""
