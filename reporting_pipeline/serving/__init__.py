"""Serves reports, event summaries and definitions from memory, for platforms that call often.

What belongs here: caches, and keeping them up to date. What does not: deciding who may see which
organisation (the platform), and generating reports (`publishing`).
"""
