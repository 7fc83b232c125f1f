-- The schema of the report tables, seals and the queue of rebuilt days. dbt makes the report tables
-- (dbt_project/models/reports); former releases made them here.

create schema reporting;
