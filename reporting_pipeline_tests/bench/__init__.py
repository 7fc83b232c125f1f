"""What is measured: reports of many rows (`make bench`), and requests under fire (`requests`).

Not run by the tests, which have a small fire of their own.
"""
