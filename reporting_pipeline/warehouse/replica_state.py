"""Compares a read replica with its primary, for people: is it one, and how far is it behind?"""

from dataclasses import dataclass

from sqlalchemy import URL

from reporting_pipeline.warehouse.engine import database_version, warehouse_connection
from reporting_pipeline.warehouse.zone_comparison import ZoneDifference, compare_zones_in_use

_PRIMARY = "select system_identifier, current_database(), pg_current_wal_lsn()::text"
_REPLICA = """
    select
        system_identifier,
        current_database(),
        pg_is_in_recovery(),
        greatest(0, %(position)s::pg_lsn - pg_last_wal_replay_lsn())::bigint,
        extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::float
"""
_FROM = " from pg_control_system()"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaState:
    """A read replica beside its primary.

    Attributes:
        version: The name and version of its server.
        unfit_because: Why reports cannot be read from it, after the words "the replica"; None if
            they can.
        behind_bytes: The bytes of the primary's log that it has not replayed.
        behind_seconds: The age of the last transaction that it has replayed; None if it has
            replayed none since it started.
    """

    version: str
    unfit_because: str | None
    behind_bytes: int
    behind_seconds: float | None

    @property
    def lag(self) -> str:
        """How far it is behind, for people."""
        if not self.behind_bytes:
            return "not behind"
        since = "" if self.behind_seconds is None else f", {self.behind_seconds:.0f} seconds"
        return f"behind by {self.behind_bytes:,} bytes of the log{since}"


def replica_state(primary: URL, replica: URL) -> ReplicaState:
    """The state of a replica now; nothing is changed.

    Raises:
        WarehouseUnavailable: One of the two cannot be reached.
    """
    with warehouse_connection(primary) as connection:
        [(system, database, position)] = connection.execute(_PRIMARY + _FROM).fetchall()
        version, zones = database_version(connection), compare_zones_in_use(connection)
    with warehouse_connection(replica) as connection:
        bound = {"position": position}
        [found] = connection.execute(_REPLICA + _FROM, bound).fetchall()
        own_system, own_database, is_standby, behind_bytes, behind_seconds = found
        own_version = database_version(connection)
        is_copy = (own_system, own_database) == (system, database)
        own_zones = compare_zones_in_use(connection) if is_copy else zones
    reasons = {
        "is another database than the warehouse": not is_copy,
        "is a primary itself: name a standby of the warehouse": not is_standby,
        f"is {own_version}, and the primary is {version}": own_version != version,
        f"has other rules for time zones: {_zone(own_zones, zones)}": own_zones != zones,
    }
    return ReplicaState(
        version=own_version,
        unfit_because=next((reason for reason, applies in reasons.items() if applies), None),
        behind_bytes=behind_bytes or 0,
        behind_seconds=behind_seconds,
    )


def _zone(own: tuple[int, list[ZoneDifference]], others: tuple[int, list[ZoneDifference]]) -> str:
    """The names of the zones that only one of the two has in the list of differences."""
    return ", ".join(sorted({each.zone for each in {*own[1]} ^ {*others[1]}})) or "none"
