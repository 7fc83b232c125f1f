"""Text and files from outside, made safe to show and to read.

What belongs here: what holds for every text or file, whatever it means. What does not: the limits
of one format, which its own room has.
"""
