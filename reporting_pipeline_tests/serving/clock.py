"""A clock for caches, which changes only when a test sets it."""

from dataclasses import dataclass


@dataclass
class ManualClock:
    """Seconds that a test sets."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds
