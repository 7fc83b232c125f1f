"""Benchmarks: reports of many rows (`make bench`), and requests under stress (`requests`).

The tests do not run them, except for a small stress test.
"""
