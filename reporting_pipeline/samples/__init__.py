"""Sample data: the bundled season, and a generator of books of any size."""
