"""What sqlfluff needs of dbt's `adapter`: it lints the SQL that PostgreSQL runs."""

from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context


@pass_context
def dispatch(context: Context, macro: str) -> Any:
    """The macro of this name for PostgreSQL, or else the one for every engine."""
    names = (f"{prefix}__{macro}" for prefix in ("postgres", "default"))
    return next(context[name] for name in names if name in context)
