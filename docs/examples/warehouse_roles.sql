-- On the server of the warehouse, as a superuser: two databases, each with a role that owns it.
create role reporting login password 'PASSWORD';
create database reporting owner reporting;

create role dagster login password 'PASSWORD';
create database dagster owner dagster;

-- The role as which reports are read. It owns nothing, and sees one organisation at a time. All warehouses
-- of a server share it.
create role reporting_reader nologin;
grant reporting_reader to reporting;
