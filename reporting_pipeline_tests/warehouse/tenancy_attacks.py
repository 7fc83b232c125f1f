"""Attacks with SQL on the separation of organisations, and what each login gets by them.

`{rows}` stands for the sales that the login reads, `{table}` for the table below, and `{other}` for
the other organisation.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Got(StrEnum):
    """What an attack gets. A row of another organisation is no outcome."""

    NONE = "0 rows"
    OWN = "own rows, 0 of others"
    REFUSED = "refused"


LOGINS: Final = ("owner", "only reader", "BI role")
"""A tenant session of the owner's login, one of a login that is only a reader, and a BI role."""

_NONE_BUT_BI = (Got.NONE, Got.NONE, Got.OWN)
_ALL_NONE = (Got.NONE,) * 3
_ALL_OWN = (Got.OWN,) * 3
_ALL_REFUSED = (Got.REFUSED,) * 3
_READ = "select organization_id from {rows}"
_PREPARED = (
    "set plan_cache_mode = force_generic_plan",
    f"prepare taken as {_READ}",
    "execute taken",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlAttack:
    """An attack.

    Attributes:
        name: What is tried, for the page.
        statements: The last one reads ids of organisations, if none is refused.
        got: What each of `LOGINS` gets.
        is_named: The session names its own organisation before.
        before: What a former user of the connection did, for the other organisation.
        is_given_back: The connection went back to its pool in between.
        by_owner: Kind and definition of `datasets.taken`, which the owner of the warehouse made.
    """

    name: str
    statements: tuple[str, ...] = (_READ,)
    got: tuple[Got, Got, Got]
    is_named: bool = True
    before: tuple[str, ...] = ()
    is_given_back: bool = True
    by_owner: tuple[str, str] | None = None


ATTACKS: Final = (
    SqlAttack(name="no organisation is set", is_named=False, got=_NONE_BUT_BI),
    SqlAttack(
        name="an empty organisation",
        statements=("select set_config('reporting.organization_id', '', true)", _READ),
        got=_NONE_BUT_BI,
    ),
    SqlAttack(
        name="an organisation that is SQL: `' or true --`",
        statements=(
            "select set_config('reporting.organization_id', ''' or true --', true)",
            _READ,
        ),
        got=(Got.REFUSED, Got.REFUSED, Got.OWN),
    ),
    SqlAttack(
        name="a condition on another organisation",
        statements=(_READ + " where organization_id = '{other}' or organization_id is null",),
        got=_ALL_NONE,
    ),
    SqlAttack(
        name="`SET` by the former user of a pooled connection, and none after it",
        before=("set reporting.organization_id = '{other}'", _READ),
        is_named=False,
        got=_NONE_BUT_BI,
    ),
    SqlAttack(
        name="`SET` by the former user of a pooled connection",
        before=("set reporting.organization_id = '{other}'", _READ),
        got=_ALL_OWN,
    ),
    SqlAttack(
        name="a statement that the former user of a pooled connection has prepared",
        before=_PREPARED,
        statements=("execute taken",),
        got=_ALL_REFUSED,
    ),
    SqlAttack(
        name="a statement that the same session has prepared for another organisation",
        before=_PREPARED,
        is_given_back=False,
        statements=("execute taken",),
        got=_ALL_OWN,
    ),
    SqlAttack(
        name="a materialized view that the owner has made",
        by_owner=("materialized view", " as table {table}"),
        statements=("select organization_id from datasets.taken",),
        got=_ALL_REFUSED,
    ),
    SqlAttack(
        name="a view with the owner's rights that the owner has made",
        by_owner=("view", " as table {table}"),
        statements=("select organization_id from datasets.taken",),
        got=_ALL_REFUSED,
    ),
    SqlAttack(
        name="a function of its own with the rights of its maker, `SECURITY DEFINER`",
        is_named=False,
        statements=(
            "select set_config('reporting.organization_id', '{own}', true)",
            "create function pg_temp.taken() returns setof uuid language sql security definer"
            " as $$ select organization_id from {rows} $$",
            "select * from pg_temp.taken()",
        ),
        got=_ALL_OWN,
    ),
    SqlAttack(name="`TRUNCATE`", statements=("truncate {table}",), got=_ALL_REFUSED),
    SqlAttack(name="`COPY (SELECT)`", statements=(f"copy ({_READ}) to stdout",), got=_ALL_OWN),
    SqlAttack(
        name="`COPY` of the table",
        statements=("copy {table} (organization_id) to stdout",),
        got=(Got.OWN, Got.OWN, Got.REFUSED),
    ),
    SqlAttack(
        name="`row_security = off`", statements=("set row_security = off", _READ), got=_ALL_REFUSED
    ),
    SqlAttack(
        name="the role of a superuser", statements=("set role {superuser}", _READ), got=_ALL_REFUSED
    ),
    SqlAttack(
        name="a partition past its table",
        statements=("select organization_id from {partition}",),
        got=_ALL_REFUSED,
    ),
    SqlAttack(
        name="the views of another organisation's BI role",
        statements=("select organization_id from {other_views}.sales_daily",),
        got=_ALL_REFUSED,
    ),
)
