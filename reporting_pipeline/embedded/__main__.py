"""The supervisor behind the processes that use a home; started by `attachment`, not by hand.

It gets the owner's lock from the process that starts it, says on standard output what went
wrong or closes it when the servers are up, and ends when no process uses the servers any more.
"""

import json
import os
import sys
from pathlib import Path

from reporting_pipeline.embedded.account import server_account
from reporting_pipeline.embedded.home import Home
from reporting_pipeline.embedded.supervisor import StopRequest, Supervisor
from reporting_pipeline.errors import ReportingError


def supervise(supervisor: Supervisor, home: Home) -> None:
    """Run the servers of `home` until nobody uses them."""
    stop_request = StopRequest()
    users_lock: list[int] = []

    def is_over() -> bool:
        descriptor = home.end_use()
        if descriptor is not None:
            # Kept until this process ends: who comes now waits until the servers have stopped.
            users_lock.append(descriptor)
        return descriptor is not None or stop_request.is_asked()

    with supervisor:
        _say_ready()
        supervisor.watch(is_over)


def _say_ready() -> None:
    """End standard output, which whoever started us is waiting for."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def main(folder: str, pg_bindir: str, durability: str, ownership: str) -> int:
    """Supervise, with the arguments that `attachment` gives."""
    if os.fork():
        # Whoever started us need not wait for us; the parent of orphans will.
        os._exit(0)
    try:
        home = Home(Path(folder), server_account())
        supervisor = Supervisor(
            home,
            Path(pg_bindir) if pg_bindir else None,
            durable=durability == "durable",
            ownership=int(ownership),
        )
        supervise(supervisor, home)
    except ReportingError as error:
        sys.stderr.write(f"{error.message}\n")
        json.dump({"error": type(error).__name__, "message": error.message}, sys.stdout)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
