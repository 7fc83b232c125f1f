"""The warehouse, our own PostgreSQL: connections and schema; nothing of what the rows mean."""
