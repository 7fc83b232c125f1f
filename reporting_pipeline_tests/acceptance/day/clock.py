"""A simulated clock for whole processes: libfaketime reads its time from a file.

The clock runs at normal speed and can be moved forward. Every process that reads the file sees the
same time, also a server in its SQL. Waits on the monotonic clock take their real time.
"""

import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import libfaketime  # type: ignore[import-untyped]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SimulatedClock:
    """The clock in a folder, which all its readers can enter.

    Only a process with the real time can read and set it, because the file has the difference to
    the real time.
    """

    folder: Path

    @classmethod
    def made(cls, folder: Path) -> "SimulatedClock":
        """A new clock, with a copy of the library that other accounts can read."""
        (library,) = Path(libfaketime.__file__).parent.rglob("libfaketime.so.1")
        clock = cls(folder)
        shutil.copyfile(library, clock._library)
        clock._library.chmod(0o755)
        return clock

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables of a process that uses this clock."""
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # With it, each wait for another thread would end immediately and start again.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        }

    def now(self) -> datetime:
        """The time of the clock."""
        return _EPOCH + timedelta(seconds=time.time() + float(self._file.read_text("ascii")))

    def put(self, instant: datetime) -> None:
        """Set the clock to an instant."""
        self._write((instant - _EPOCH).total_seconds() - time.time())

    def put_forward(self, by: timedelta) -> None:
        """Move the clock forward; a process that uses the clock can do this too."""
        self._write(float(self._file.read_text("ascii")) + by.total_seconds())

    def _write(self, seconds: float) -> None:
        draft = self._file.with_suffix(".draft")
        draft.write_text(f"{seconds:+.6f}\n", "ascii")
        draft.chmod(0o644)
        draft.replace(self._file)

    @property
    def _file(self) -> Path:
        return self.folder / "clock"

    @property
    def _library(self) -> Path:
        return self.folder / "libfaketime.so.1"
