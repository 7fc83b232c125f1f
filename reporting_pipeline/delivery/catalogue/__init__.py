"""The catalogue: report definitions and generated reports, as tables of the warehouse.

What belongs here: reading and writing these tables. What does not: making files.
"""
