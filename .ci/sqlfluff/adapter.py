"""What sqlfluff needs of dbt's `adapter`: it lints the SQL that PostgreSQL runs."""

from collections.abc import Callable

from jinja2 import pass_context
from jinja2.runtime import Context


@pass_context
def dispatch(context: Context, macro: str) -> Callable[..., str]:
    """The macro of this name for PostgreSQL, or else the one for every engine."""
    found = context.get(f"postgres__{macro}") or context[f"default__{macro}"]
    return found
