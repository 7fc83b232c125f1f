"""What is wrong with a report definition: a list of fields, each with its reason.

What belongs here: the value, and the error that is made of several. What does not: any rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reporting_pipeline.errors import DefinitionInvalid

_MAX_LISTED = 10
_MAX_FIELD_CHARACTERS = 120
_MAX_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """One field that is not as it must be.

    Attributes:
        field: Its path: `config.columns[2].name`.
        reason: What is wrong, what was found and what is expected.
    """

    field: str
    reason: str

    def below(self, path: str) -> "Problem":
        """The same, of a field that stands below `path`."""
        return Problem(f"{path}.{self.field}", self.reason)

    def __str__(self) -> str:
        """As a person reads it."""
        field = self.field
        if len(field) > _MAX_FIELD_CHARACTERS:
            field = f"{field[:_MAX_FIELD_CHARACTERS]}..."
        return f"{field}: {self.reason}"


def refuse(problems: Sequence[Problem], source: str) -> None:
    """Raise where there are problems; `source` says of which definition.

    Raises:
        DefinitionInvalid: There are; the message lists the first ten, `facts["problems"]` all.
    """
    if not problems:
        return
    listed = [str(problem) for problem in problems[:_MAX_LISTED]]
    if len(problems) > _MAX_LISTED:
        listed.append(f"and {len(problems) - _MAX_LISTED} more")
    raise DefinitionInvalid(f"{source}: {'; '.join(listed)}", problems=tuple(problems))


def shown(value: object) -> str:
    """A value as a message shows it: on one line, in ASCII so that look-alikes differ, not long."""
    text = ascii(value)
    if len(text) <= _MAX_SHOWN_CHARACTERS:
        return text
    return f"{text[:_MAX_SHOWN_CHARACTERS]}... ({len(text)} characters)"
