"""Where a BI tool finds the views: what a connection needs beside a password."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Place:
    """A PostgreSQL database, and the role that a BI tool logs in as."""

    host: str = "localhost"
    port: int = 5432
    database: str = "reporting"
    user: str = "reporting_bi"
