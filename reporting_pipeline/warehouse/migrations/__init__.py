"""The versions of the warehouse's schema, for Alembic; each is plain SQL beside its revision."""
