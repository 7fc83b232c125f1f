-- On the server of the warehouse, as a superuser: two databases, each with a role that owns it.
create role reporting login password 'PASSWORD';
create database reporting owner reporting;

create role dagster login password 'PASSWORD';
create database dagster owner dagster;
