"""Export formats: a report's rows as files, and files read back into rows.

`formats.FORMATS` has one object for each format; `format.Format` says what such an object can do.

What belongs here: everything that knows the bytes of a file. What does not: which reports exist
(`report_definitions`) and where files go (`store`, `publishing`).
"""
