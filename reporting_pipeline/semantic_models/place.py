"""Where a BI tool finds the views: what a connection needs beside a password."""

from dataclasses import dataclass

from reporting_pipeline.registry.bi_views import BI_SCHEMA


@dataclass(frozen=True, kw_only=True)
class Place:
    """A PostgreSQL database, and the role that a BI tool logs in as."""

    host: str = "localhost"
    port: int = 5432
    database: str = "reporting"
    user: str = BI_SCHEMA

    @property
    def schema(self) -> str:
        """The schema of the views: an organisation's role has its own, of the role's name."""
        return self.user if self.user.startswith(f"{BI_SCHEMA}_") else BI_SCHEMA
