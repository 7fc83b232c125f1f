"""An independent oracle of the report tables, which judges the SQL that builds them.

It follows the source contract and the definition of the report tables sentence by sentence, in
plain Python over rows in memory: integers, dicts and dates, no SQL, nothing of the code it judges.
It prefers what is obviously right to what is fast.

What belongs here: the books (`books`), the five tables (`sales`, `revenue`, `attendance`,
`summary`, `breaks` with `settlement` and `control`), what a late row touches (`touched`), random
books and their arrival (`random_books`, `arrival`), and comparing (`compare`). What does not:
reading a source, the pipeline's own tables, or anything that imports `reporting_pipeline`.
"""
