"""Requests: reports that somebody asks for, from the question to the answer.

    ask     the catalogue answers, or a row waits: one per report, however often it is asked for
    leases  a worker takes the next row, of the organisation that was served longest ago
    work    it generates the report, and says what became of it
    lists   Redis: what waits, what others push; a wipe of it loses nothing

PostgreSQL holds the requests. What belongs here: these. What does not: making reports
(`publishing.generate`).
"""
