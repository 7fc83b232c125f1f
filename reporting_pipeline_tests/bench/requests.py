"""A large run of requests under fire: `python -m reporting_pipeline_tests.bench.requests`.

A thousand requests of fifty organisations, two workers (`reporting work`), of which one is killed
(SIGKILL) every second, and a Redis that is wiped twice. It prints how many requests were lost or
done twice, the fairness between organisations, and the waits. The servers run for this only.

The exit code is 1 if a guarantee is broken.
"""

import argparse
import fcntl
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, make_url

from reporting_pipeline.building.relations import migrate
from reporting_pipeline.embedded.account import server_account
from reporting_pipeline.embedded.attachment import attached, server_addresses
from reporting_pipeline.embedded.home import Home
from reporting_pipeline.settings import Settings
from reporting_pipeline_tests.bench.measurement import machine, say
from reporting_pipeline_tests.bench.under_fire import (
    WIPES,
    WORKERS,
    Environment,
    Fire,
    FireResult,
    run_under_fire,
)

_MIN_JAIN = 0.9


def main(arguments: Sequence[str]) -> int:
    """Run and print the result; 1 if a guarantee is broken."""
    options = _parser().parse_args(arguments)
    fire = Fire(
        organization_count=options.organizations,
        each=options.each,
        kill_seconds=options.kill_seconds,
        limit_seconds=options.limit_seconds,
    )
    # The servers and workers are stopped even if this process gets a signal.
    signal.signal(signal.SIGTERM, _exit)
    say(
        f"{fire.request_count} requests of {fire.organization_count} organisations, {WORKERS} "
        f"workers, a kill each {fire.kill_seconds:g} s; {machine()}\n"
    )
    found = _run(fire)
    say(_summary(found))
    broken = list(_broken(fire, found))
    say("".join(f"BROKEN: {each}\n" for each in broken))
    return 1 if broken else 0


def _run(fire: Fire) -> FireResult:
    with tempfile.TemporaryDirectory(prefix="reporting-fire-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the servers run as another user
        with warehouse_and_redis(folder) as (warehouse, redis_url):
            return run_under_fire(
                fire, Environment(warehouse=warehouse, redis_url=redis_url, folder=folder)
            )


@contextmanager
def warehouse_and_redis(folder: Path) -> Iterator[tuple[URL, str]]:
    """An empty warehouse, and the address of a Redis, in a folder; both end with the block."""
    with servers(Home(folder / "home", server_account())) as addresses:
        warehouse = make_url(addresses["REPORTING_DATABASE_URL"])
        migrate(warehouse)
        yield warehouse, addresses["REPORTING_REDIS_URL"]


@contextmanager
def servers(home: Home) -> Iterator[Mapping[str, str]]:
    """Servers of a home, and their addresses; they have stopped when the block ends."""
    try:
        with attached(home, Settings.from_environment().pg_bindir, durable=False) as attachment:
            yield server_addresses(home, attachment.running)
    finally:
        with (home.folder / "owner.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)


def _summary(found: FireResult) -> str:
    statuses = ", ".join(f"{count} {status}" for status, count in sorted(found.statuses.items()))
    return (
        f"{found.seconds:.0f} s, {found.kills} kills, {found.wipes} wipes, "
        f"{found.lost_leases} leases of killed workers\n"
        f"{statuses}; {found.lost} lost, {found.doubled} doubled, {found.unpublished} unpublished\n"
        f"Jain {found.jain:.3f} over the organisations' share of the first half, "
        f"p95 from the request to the file {found.p95_seconds:.1f} s\n"
    )


def _broken(fire: Fire, found: FireResult) -> Iterator[str]:
    if found.statuses != {"completed": fire.request_count}:
        yield f"not all {fire.request_count} requests are completed"
    if found.lost or found.doubled or found.unpublished:
        yield "a request is lost, done twice, or its notice was never published"
    if found.jain < _MIN_JAIN:
        yield f"Jain's index is below {_MIN_JAIN}"
    if found.wipes < WIPES:
        yield f"Redis was not wiped {WIPES} times"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--organizations", type=int, default=50)
    parser.add_argument("--each", type=int, default=20, help="requests of each organisation")
    parser.add_argument("--kill-seconds", type=float, default=1.0)
    parser.add_argument("--limit-seconds", type=float, default=600.0)
    return parser


def _exit(*_: Any) -> None:
    sys.exit(143)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
