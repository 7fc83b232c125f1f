"""The warehouse, the pipeline's own PostgreSQL database.

What belongs here: connections, sessions that see the rows of one organisation, and the migrations
of its schema. What does not: what its rows mean.
"""
