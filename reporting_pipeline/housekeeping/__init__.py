"""Finds and deletes leftovers of killed processes, and data that is past its retention.

What belongs here: which data that is, and deleting it. What does not: the retention times
(`settings`), when this runs and whether anything is deleted (`cli`), and unfinished writes in the
store (`store`).
"""
