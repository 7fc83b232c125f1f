"""The registry: the columns of report tables and datasets, with their types, units and meaning."""
