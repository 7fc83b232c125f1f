"""Verifying report files: whether a file says what its manifest, and the rows in it, prove.

What belongs here: comparing a file with its proof, with nothing else at hand. What does not:
reading any one format, which each format does itself, and comparing with the warehouse
(`publishing.verify_against_warehouse`).
"""
