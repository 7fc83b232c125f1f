"""Report definitions: the language in which an organisation describes a report.

A definition is YAML or JSON. `parse` reads it, `config` and `definition` are its schema,
`additivity` compares it with its dataset, and `compile` makes its SQL statements.

What belongs here: the schema of a definition, its compilation, its files, the starter set.
What does not: storing definitions (`catalogue`) and making reports (`publishing`).
"""
