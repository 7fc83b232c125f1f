"""What stands now against the alerts that are open: what opens, what changes, what is over.

What belongs here: the comparison, pure. What does not: looking and writing (`evaluate`).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from reporting_pipeline.alerts.alert import Alert, Standing, StoredAlert


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """What is to be written.

    Attributes:
        opened: Causes that stand and have no open alert.
        updated: Open alerts whose cause stands in another way than they say, and that way.
        resolved: Open alerts whose cause does not stand any more.
    """

    opened: tuple[Alert, ...] = ()
    updated: tuple[tuple[StoredAlert, Alert], ...] = ()
    resolved: tuple[StoredAlert, ...] = ()


def compare(standing: Standing, open_alerts: Iterable[StoredAlert]) -> Differences:
    """Compare what stands with the open alerts, cause by cause."""
    now = {each.cause: each for each in standing.alerts if each.cause not in standing.undecided}
    known = {each.alert.cause: each for each in open_alerts}
    return Differences(
        opened=tuple(alert for cause, alert in now.items() if cause not in known),
        updated=tuple(
            (known[cause], alert)
            for cause, alert in now.items()
            if cause in known and known[cause].alert != alert
        ),
        resolved=tuple(
            stored
            for cause, stored in known.items()
            if cause not in now and cause not in standing.undecided
        ),
    )
