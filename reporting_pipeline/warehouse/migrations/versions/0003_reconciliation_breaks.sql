-- dbt makes the table of reconciliation breaks; former releases made it here.

select 1;
