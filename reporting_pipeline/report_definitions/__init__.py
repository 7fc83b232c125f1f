"""Report definitions: what may be asked for, and the statement that it becomes.

What belongs here: the schema of a definition, its compilation, its YAML, the starter set. What does
not: where definitions are kept and who runs them (`delivery`).
"""
