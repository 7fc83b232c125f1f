"""Plumbing of the Dagster instance: its storage, its daemon, and what it records about runs.

What belongs here: everything that imports a private module of Dagster; a test lists these imports.
What does not: assets, checks, jobs, schedules and sensors.
"""
