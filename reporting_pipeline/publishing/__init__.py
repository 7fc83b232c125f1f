"""Generates a report, applies the gate, stores its files and records its editions.

What belongs here: the way from the warehouse's rows to a published edition, and verifying a file
against the warehouse. What does not: file formats (`exports`), the catalogue's rows (`catalogue`),
and which reports are due (`due`, `requests`).
"""
