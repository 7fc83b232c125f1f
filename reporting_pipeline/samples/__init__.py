"""Sample data: the bundled season, the bundled organisation, and a generator of books of any size.

What belongs here: invented rows as contract dumps. What does not: loading them (`sources.dump`).
"""
