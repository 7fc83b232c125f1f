"""Policies of landed rows ask functions, so that PostgreSQL plans reports as before."""

from pathlib import Path

from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(statements.replace("%", "%%"))  # the driver reads placeholders
