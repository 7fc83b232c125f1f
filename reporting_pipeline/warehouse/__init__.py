"""The warehouse: our own PostgreSQL. Connections, schema and locks; nothing of what the rows mean."""
