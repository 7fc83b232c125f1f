"""Verification of report files: does a file agree with its manifest, and its rows with their proof?

What belongs here: comparing a file with its manifest, offline. What does not: reading a format,
which each `Format` does itself, and comparing with the warehouse
(`publishing.verify_against_warehouse`).
"""
