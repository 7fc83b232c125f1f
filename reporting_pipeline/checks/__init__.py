"""Checks: what must hold between the report tables and the rows they come from.

Each check is a module with one function, which takes a connection to the warehouse and report days
and gives the discrepancies of each day, and one `.sql` file of the same name, in which nothing is
shared with the models that it checks. `registry` lists them with the report table that each guards.

What belongs here: whatever concerns money, the ledger or attendance, and the shape of the tables.
What does not: stopping anything, which is up to the caller.
"""
