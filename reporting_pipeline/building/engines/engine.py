"""An engine that computes report tables in place of PostgreSQL."""

import fcntl
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

from reporting_pipeline.errors import EnvironmentNotReady

POSTGRES = "postgres"


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One engine.

    Attributes:
        name: The name of the engine, which is its target in `dbt_project/profiles.yml`.
        folder: Where its files are: the copy of landing, and rows until they are published.
    """

    name: str
    folder: Path

    def require(self) -> str:
        """The version of the engine's adapter, if it is installed.

        Raises:
            EnvironmentNotReady: It is not.
        """
        found = next(iter(distributions(name=f"dbt-{self.name}")), None)
        if found is None:
            message = (
                f"REPORTING_ENGINE is {self.name}, whose packages are not installed: run "
                f"pip install 'reporting-pipeline[{self.name}]', or set it to {POSTGRES}"
            )
            raise EnvironmentNotReady(message)
        return f"dbt-{self.name} {found.version}"

    def session(self, prefix: str, scratch: Path) -> AbstractContextManager[None]:
        """A context in which dbt runs on the engine; Spark has one session (`one_session`)."""
        if self.name != "spark":
            return nullcontext()
        from reporting_pipeline.building.engines.spark import one_session

        return one_session(prefix, scratch)

    @contextmanager
    def own_folder(self) -> Iterator[Path]:
        """The folder, for one build at a time; only its owner may enter it.

        A second build waits: it would replace files that the first one reads.
        """
        folder = self.folder.absolute()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (folder / "lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield folder


def engine_of(name: str, folder: str) -> Engine | None:
    """The engine of the settings `engine` and `engine_folder`; None for PostgreSQL itself."""
    return None if name == POSTGRES else Engine(name=name, folder=Path(folder))
