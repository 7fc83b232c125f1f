"""The report tables: their columns, and building them day by day."""
