"""Translates the errors of every driver: the loss of the warehouse, and the next step.

psycopg, psycopg2 (dbt and Dagster) and SQLAlchemy raise classes of their own, with PostgreSQL's
code for the reason (SQLSTATE). The message of SQLAlchemy ends with an address of its documentation.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from sqlalchemy import URL

from reporting_pipeline.addresses import place
from reporting_pipeline.errors import WarehouseError, WarehouseUnavailable

# The first characters of a SQLSTATE -> what has happened, and what to do. The longest one counts.
_REASONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "08": ("the connection was lost", "check that the server runs"),
        "25006": (
            "it only reads, as a standby does",
            "name the primary in REPORTING_DATABASE_URL, or add target_session_attrs=read-write",
        ),
        "28": (
            "it does not accept the role or its password",
            "correct REPORTING_DATABASE_URL",
        ),
        "3D": ("the database does not exist", "correct REPORTING_DATABASE_URL, or create it"),
        "40": ("another session was in the way", "try again"),
        "53": ("the server lacks a resource", "look at the log of the server"),
        "53100": ("its disk is full", "free space on the server's disk"),
        "53200": ("the server has no memory left", "look at what else runs there"),
        "53300": (
            "it accepts no more connections",
            "end other programs, or raise max_connections or the limit of the role",
        ),
        "55P03": (
            "another session has kept a lock for too long",
            "wait until it has ended, or raise REPORTING_LOCK_TIMEOUT_SECONDS",
        ),
        "57": ("the server ended the statement", "look at the log of the server"),
        "57P01": (
            "the session was ended, because the server stops or somebody ended it",
            "check that the server runs",
        ),
        "57P02": ("the server has crashed", "look at its log"),
        "57P03": ("the server starts or stops", "try again when it is up"),
        "58": ("the server's disk or system failed", "look at the log of the server"),
    }
)
_LOST = (
    "it cannot be reached, or the connection was lost",
    "check REPORTING_DATABASE_URL, and that the server runs",
)
# psycopg keeps no code of a connection that the server refused, only its English words.
_CODE_BY_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "password authentication failed": "28P01",
        "no pg_hba.conf entry": "28000",
        "too many connections": "53300",
        "remaining connection slots": "53300",
        "too many clients": "53300",
        "the database system is": "57P03",
        "session is read-only": "25006",
        "server is in hot standby mode": "25006",
    }
)
_DRIVERS = frozenset({"psycopg", "psycopg2"})
_MAX_REASON_CHARACTERS = 300


def warehouse_failure(error: BaseException, url: URL) -> WarehouseUnavailable | None:
    """The failure of the warehouse that an error of a driver means.

    Returns:
        None if the error says nothing about the state of the warehouse, such as a violated key.
    """
    found = _of_driver(error)
    reason = None if found is None else _reason(found)
    if found is None or reason is None:
        return None
    return WarehouseUnavailable(_message(place(url), reason, found), sqlstate=_code(found))


def unexpected_failure(error: BaseException) -> WarehouseError | None:
    """Any other error of a driver, for a person; None if no driver raised the error.

    The address is not known here: the error can also be of a source or Dagster's storage.
    """
    found = _of_driver(error)
    if found is None:
        return None
    reason = _reason(found)
    if reason is not None:
        return WarehouseUnavailable(_message(None, reason, found), sqlstate=_code(found))
    message = (
        f"PostgreSQL did not accept a statement: {first_line(found)} (SQLSTATE "
        f"{_code(found) or 'unknown'}); check the rights of the role, and that nobody changed the "
        "schemas by hand: `reporting migrate` brings them to this version"
    )
    return WarehouseError(message, sqlstate=_code(found))


def first_line(error: BaseException) -> str:
    """The message of a driver on one line, without hints and addresses of a library."""
    lines = [line.strip() for line in str(error).strip().splitlines()]
    kept = "; ".join(line for line in lines if line and not line.startswith("(Background on"))
    return kept[:_MAX_REASON_CHARACTERS] or type(error).__name__


def _message(where: str | None, reason: tuple[str, str], error: BaseException) -> str:
    what, next_step = reason
    subject = f"the warehouse at {where}" if where else "a database of REPORTING_*_URL"
    return f"{subject} failed: {what} ({first_line(error)}); {next_step}"


def _reason(error: BaseException) -> tuple[str, str] | None:
    code = _code(error)
    if code is None:
        return _LOST if type(error).__name__ in {"OperationalError", "InterfaceError"} else None
    fitting = [prefix for prefix in _REASONS if code.startswith(prefix)]
    return _REASONS[max(fitting, key=len)] if fitting else None


def _code(error: BaseException) -> str | None:
    code = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if code is not None:
        return str(code)
    text = str(error)
    return next((code for words, code in _CODE_BY_WORDS.items() if words in text), None)


def _of_driver(error: BaseException) -> BaseException | None:
    """The error of psycopg or psycopg2 that is the error, or a cause of it."""
    for each in _with_causes(error):
        modules = {base.__module__.partition(".")[0] for base in type(each).__mro__}
        if modules & _DRIVERS:
            return each
    return None


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        # SQLAlchemy keeps the driver's error in `orig`.
        original = getattr(each, "orig", None)
        is_known = isinstance(original, BaseException)
        each = original if is_known else each.__cause__
