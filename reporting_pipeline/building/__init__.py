"""Building: rebuilds report tables for report days with dbt, from the rows that landing keeps."""
