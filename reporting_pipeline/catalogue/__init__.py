"""The catalogue: report definitions, generated reports, and notices about them.

What belongs here: these rows, and the keys and locks of reports. What does not: generating reports
and writing their files (`publishing`).
"""
