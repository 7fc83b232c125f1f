"""The registry of datasets: everything that a report can be made of.

What belongs here: the list. What does not: SQL, and what a report asks of a dataset.
"""
