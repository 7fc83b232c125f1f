"""What is wrong with a dump, as values, and the one error that tells of them all.

What belongs here: the wording of a refusal. What does not: finding what is wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reporting_pipeline.errors import DumpRefused

REPORTED_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One place where a dump breaks the contract.

    Attributes:
        table: `<schema>.<table>`, or the name of a file that is no table's.
        line: The line of the file on which the row begins, the header being line 1; None where the
            whole file is meant.
        reason: What is wrong, with what was found.
    """

    table: str
    line: int | None
    reason: str

    def __str__(self) -> str:
        place = self.table if self.line is None else f"{self.table}, line {self.line}"
        return f"{place}: {self.reason}"


def refusal(directory: Path, violations: Sequence[Violation], *, count: int) -> DumpRefused:
    """The error for a dump with `count` violations, of which the first are given.

    Its `facts["violations"]` holds those that the message names.
    """
    named = tuple(violations[:REPORTED_MAX])
    places = "1 place" if count == 1 else f"{count} places"
    lines = [f"the dump {directory} breaks the contract in {places}; nothing was loaded:"]
    lines += [f"  {violation}" for violation in named]
    if count > len(named):
        lines.append(f"  ... and {count - len(named)} more")
    return DumpRefused("\n".join(lines), violations=named, violation_count=count)
