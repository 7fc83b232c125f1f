"""Progress of a command with several steps: what runs now, how long it took, and its result."""

import time
from collections.abc import Callable
from typing import TypeVar

from rich.console import Console

T = TypeVar("T")


class Steps:
    """Prints the steps while they run, with the time and the result of each.

    On a terminal the running step has a moving line. Elsewhere, in a pipe or a log, each step is a
    line when it begins and another when it ends, so that a reader sees that the work goes on.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def run(self, title: str, work: Callable[[], T], outcome: Callable[[T], str]) -> T:
        """Run `work`, and print its result."""
        begun = time.monotonic()
        if self._console.is_terminal:
            with self._console.status(f"{title} ..."):
                result = work()
        else:
            self._console.print(f"  {title} ...", soft_wrap=True)
            result = work()
        seconds = time.monotonic() - begun
        self._console.print(f"  {title:<32}{seconds:6.1f} s  {outcome(result)}", soft_wrap=True)
        return result
