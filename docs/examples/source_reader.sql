-- In the database of each source domain, as the owner of its tables; here Ticketing. The role reads the
-- tables of the contract and nothing else. If one server has all domains, create the role once.
create role reporting_sources login password 'PASSWORD';
alter role reporting_sources set default_transaction_read_only = on;

grant usage on schema ticketing to reporting_sources;
grant select on all tables in schema ticketing to reporting_sources;
