"""Explains a lost warehouse: the work that a command keeps, and the command to run again."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from reporting_pipeline.errors import ReportingError, WarehouseError
from reporting_pipeline.warehouse.failures import unexpected_failure

_READS = "this command only reads: run it again"
_NOTHING_CHANGED = "nothing was changed: run it again"
_AS_LANDING = "nothing of this landing was kept, and the sources still have every row: run it again"
# Command, or group and command -> the rest of the sentence.
KEPT: Mapping[str, str] = MappingProxyType(
    {
        "demo": "rows and reports that were finished are kept: run it again",
        "doctor": _READS,
        "init": _READS,
        "migrate": "each migration that was finished is kept, no other was begun: run it again",
        "up": _READS,
        "exec": "the program was not started: run it again",
        "sources check": _READS,
        "sources findings": _READS,
        "sources load": "rows that are loaded twice are there once: run it again",
        "sources generate": "rows that are loaded twice are there once: run it again",
        "sources compare": _AS_LANDING,
        "sources accept": _NOTHING_CHANGED,
        "sources take-back": _NOTHING_CHANGED,
        "land": _AS_LANDING,
        "build": (
            "tables that were finished are kept, all others have their former rows, and touched "
            "days stay queued: run it again"
        ),
        "definitions apply": "definitions are applied all or none: run it again",
        "definitions export": _READS,
        "definitions list": _READS,
        "definitions retire": _NOTHING_CHANGED,
        "definitions show": _READS,
        "organizations": _READS,
        "events": _READS,
        "due": _READS,
        "export": "reports that were published are kept: run it again, it writes only the others",
        "request": "a request that was stored is kept, and is not stored twice: run it again",
        "requests": _READS,
        "work": "a request that had begun is queued again by the next worker: run it again",
        "reports": _READS,
        "get": "files that were saved are whole: run it again with --overwrite",
        "verify": _READS,
        "keys new": _READS,
        "breaks": _READS,
        "breaks accept": _NOTHING_CHANGED,
        "breaks take-back": _NOTHING_CHANGED,
        "devices": _READS,
        "alerts": "alerts and messages that were stored are kept: run it again",
        "audit": _READS,
        "token": _READS,
        "serve": "calls that were answered stay answered: run it again",
        "webhooks add": _NOTHING_CHANGED,
        "webhooks list": _READS,
        "webhooks messages": _READS,
        "webhooks pause": _NOTHING_CHANGED,
        "webhooks resume": _NOTHING_CHANGED,
        "webhooks remove": _NOTHING_CHANGED,
        "webhooks replay": _NOTHING_CHANGED,
        "webhooks send": "a message whose answer was not stored is sent once more: run it again",
        "bi grant": _NOTHING_CHANGED,
        "bi revoke": _NOTHING_CHANGED,
        "bi roles": _READS,
        "bi export": _READS,
        "bi hyper": _READS,
        "lake": "days that were written are kept: run it again, it writes only the others",
        "sweep": "what was deleted stays deleted, the rest is still there: run it again",
        "metrics": _READS,
        "daemon": "runs and ticks are kept: run it again",
    }
)


def explained(error: Exception, words: Sequence[str]) -> ReportingError | None:
    """The error for a person; None if it is a fault of the program.

    Args:
        error: Any error of a command.
        words: The command as it was called, a group first.
    """
    found = error if isinstance(error, ReportingError) else unexpected_failure(error)
    if not isinstance(found, WarehouseError):
        return found
    kept = KEPT.get(" ".join(words[:2])) or KEPT.get(" ".join(words[:1]))
    message = found.message.removesuffix(";")
    return type(found)(f"{message}; {kept}", **found.facts) if kept else found
