"""Checks: rules that compare the report tables with the rows they come from.

Each check is one `.sql` file here and one row of the table in `checks`. Its SQL shares nothing with
the models that it checks. `findings` runs it and returns discrepancies per report day;
`table_contract` compares the shape of the report tables; `seals` turns the errors into a state of
each organisation's day.

What belongs here: rules about money, the ledger or attendance, and the shape of the tables.
What does not: stopping anything, which is up to the caller.
"""
