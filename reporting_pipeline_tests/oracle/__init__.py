"""An independent oracle of the report tables, which tests the SQL that builds them.

It follows the source contract and the definition of the report tables sentence by sentence, in
plain Python over rows in memory: integers, dicts and dates, without SQL and without the code under
test. It prefers obviously correct code to fast code.

What belongs here: the books (`books`), the report tables (`sales`, `revenue` with `payout_items`,
`tax`, `account_movements`, `attendance`, `occupancy`, `summary`, `breaks` with `settlement` and
`control`), the days that a late row touches (`touched`), random books and their arrival
(`random_books`, `arrival`), and comparing tables (`compare`). What does not: reading a source, the
pipeline's own tables, and importing `reporting_pipeline`.
"""
