"""The assets: tables, seals, report files and alerts, in the order in which they are made.

What belongs here: asset definitions and the metadata that the UI shows. What does not: the work of
a step, which is a function of a lower layer.
"""
