"""What is written to a lake, kept beside its files: a lake that is moved or emptied stays right.

    _lake/<table>.json            report day -> how often it had changed when it was written
    _lake/<table>/<month>.json    report day -> organisation -> SHA-256 of its file

The files of a day are written first, then its digests, then its count. After a crash between them
the day is written again, to the same bytes.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from reporting_pipeline.errors import FileUnreadable, ObjectNotFound
from reporting_pipeline.store.object_store import ObjectStore

FOLDER = "_lake"
"""The folder of the state; readers of Parquet leave out names that begin with `_`."""

Digests: TypeAlias = dict[str, dict[str, str]]
"""Day -> organisation -> SHA-256."""

_JSON = "application/json"


@dataclass(slots=True)
class TableState:
    """What is written of one table.

    Attributes:
        counts: Report day -> how often it had changed.
    """

    store: ObjectStore
    table: str
    counts: dict[str, int] = field(default_factory=dict)
    _months: dict[str, Digests] = field(default_factory=dict)

    @classmethod
    def read(cls, store: ObjectStore, table: str) -> "TableState":
        """The state of a table; empty where nothing is written yet.

        Raises:
            FileUnreadable: The file of the state is damaged.
        """
        return cls(store, table, _read(store, f"{FOLDER}/{table}.json"))

    def changed_days(self, counts: Mapping[str, int]) -> list[str]:
        """The days whose files are not those of these counts, in order."""
        return sorted(day for day, count in counts.items() if self.counts.get(day) != count)

    def digests(self, day: str) -> dict[str, str]:
        """Organisation -> SHA-256 of the day's files; a caller may change them."""
        month = day[:7]
        if month not in self._months:
            self._months[month] = _read(self.store, f"{FOLDER}/{self.table}/{month}.json")
        return self._months[month].setdefault(day, {})

    def save(self, days: Iterable[str], counts: Mapping[str, int]) -> None:
        """Keep the digests of days, and then that the days are written."""
        written = list(days)
        for month in sorted({day[:7] for day in written}):
            _write(self.store, f"{FOLDER}/{self.table}/{month}.json", self._months.get(month, {}))
        self.counts |= {day: counts[day] for day in written}
        _write(self.store, f"{FOLDER}/{self.table}.json", self.counts)


def _read(store: ObjectStore, key: str) -> dict[str, Any]:
    try:
        content = b"".join(store.get(key))
    except ObjectNotFound:
        return {}
    try:
        found: dict[str, Any] = json.loads(content)
    except ValueError as error:
        message = (
            f"{store.location(key)} is damaged: {error}; delete the lake, and `reporting lake` "
            "writes all of it again"
        )
        raise FileUnreadable(message) from error
    return found


def _write(store: ObjectStore, key: str, tree: Mapping[str, object]) -> None:
    store.put(key, [json.dumps(tree, sort_keys=True, indent=0).encode()], _JSON)
