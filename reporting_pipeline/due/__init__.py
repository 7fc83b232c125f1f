"""Finds the reports that should exist, those that are missing or out of date, and generates them.

What belongs here: when reports are due, and generating many of them. What does not: generating one
report (`publishing`), and the schedules that start this (`orchestration`, `cli`).
"""
