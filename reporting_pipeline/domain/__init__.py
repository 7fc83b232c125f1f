"""Values of the field, such as periods and discrepancies.

What belongs here: values that every layer can use, with the standard library only. What does not:
reading or writing anything.
"""
