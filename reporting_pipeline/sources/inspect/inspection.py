"""A whole inspection of one source.

What belongs here: the connection, and all questions together. What does not: the questions.
"""

from dataclasses import dataclass

import psycopg
from sqlalchemy import URL

from reporting_pipeline.errors import SourceUnavailable
from reporting_pipeline.sources.inspect.problem import Problem
from reporting_pipeline.sources.inspect.rights import reading_problems, writable_rights
from reporting_pipeline.sources.inspect.structure import contract_problems, promise_problems
from reporting_pipeline.warehouse.engine import conninfo

_CONNECT_TIMEOUT_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What a whole inspection of one source found.

    Attributes:
        domain: The source.
        problems: Where it is not what the contract promises, or cannot be read.
        writable_rights: What its role may do beyond reading.
    """

    domain: str
    problems: tuple[Problem, ...]
    writable_rights: tuple[Problem, ...]

    @property
    def is_broken(self) -> bool:
        """Whether there is more than warnings among the problems."""
        return any(not problem.is_warning for problem in self.problems)


def inspect_source(url: URL, domain: str, *, timeout_seconds: int) -> Inspection:
    """Ask a source everything that this module can ask.

    Raises:
        SourceUnavailable: The source is down or too slow.
    """
    try:
        with psycopg.connect(
            conninfo(url),
            connect_timeout=_CONNECT_TIMEOUT_SECONDS,
            application_name="reporting sources check",
            options=f"-c statement_timeout={timeout_seconds}s",
        ) as connection:
            connection.read_only = True
            problems = [
                *contract_problems(connection, domain),
                *promise_problems(connection, domain),
                *reading_problems(connection, domain),
            ]
            rights = writable_rights(connection, domain)
    except (psycopg.OperationalError, psycopg.errors.QueryCanceled) as error:
        reason = str(error).strip().partition("\n")[0]
        message = f"source {domain} is down or too slow: {reason}; check its address and load"
        raise SourceUnavailable(message, domain=domain) from error
    return Inspection(domain=domain, problems=tuple(problems), writable_rights=tuple(rights))
