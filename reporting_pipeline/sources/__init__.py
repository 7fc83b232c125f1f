"""The source domains: their contract, and how their rows come into the warehouse.

What belongs here: the contract's tables, loading dumps into the source databases, inspecting these
databases, and landing their rows. What does not: what reports make of the rows (`dbt_project/`).
"""
