"""A clock for whole processes: libfaketime tells them a time that stands in a file.

It runs as fast as any clock and is put forward at will; every process that reads the file sees the
same instant at the same moment, a server in its SQL too. What is waited for by the monotonic clock
takes as long as ever.

What belongs here: that file. What does not: who lives by it (`machine`).
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

    Only who does not live by it may read it and put it: it says how far it is from his own.
    """

    folder: Path

    @classmethod
    def made(cls, folder: Path) -> "SimulatedClock":
        """A clock in a new place, with a copy of the library that other accounts can read."""
        (library,) = Path(libfaketime.__file__).parent.rglob("libfaketime.so.1")
        clock = cls(folder)
        shutil.copyfile(library, clock._library)
        clock._library.chmod(0o755)
        return clock

    @property
    def environment(self) -> dict[str, str]:
        """What a process is given that is to live by this clock."""
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # With it each wait for another thread ends at once, and is begun again.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        }

    def now(self) -> datetime:
        """What the clock shows."""
        return _EPOCH + timedelta(seconds=time.time() + float(self._file.read_text("ascii")))

    def put(self, instant: datetime) -> None:
        """Let it show an instant."""
        self._write((instant - _EPOCH).total_seconds() - time.time())

    def put_forward(self, by: timedelta) -> None:
        """Let that much time pass at once; who lives by the clock may do it, too."""
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
