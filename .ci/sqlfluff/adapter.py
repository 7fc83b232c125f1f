"""Gives sqlfluff the part of dbt's `adapter` that it needs to lint the SQL of PostgreSQL."""

from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context


@pass_context
def dispatch(context: Context, macro: str) -> Any:
    """The macro of this name for PostgreSQL, or else the one for every engine."""
    names = (f"{prefix}__{macro}" for prefix in ("postgres", "default"))
    return next(context[name] for name in names if name in context)
