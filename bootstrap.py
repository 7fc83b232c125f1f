"""Make the virtual environment, then run something in it: `python3 bootstrap.py demo`.

Standard library only, since nothing else is installed yet. The environment is made from the lock
files alone: every package by its hash, as a wheel, so that nothing is compiled and nothing is
resolved. uv is used where it is on PATH, else venv and pip. An environment that is up to date is
not touched.
"""

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
PROGRAMS = ENVIRONMENT / "bin"

# The locks add to each other. pyproject.toml explains which dependencies each one holds.
PRODUCTION, DEMO, DEV = "requirements.lock", "requirements-demo.lock", "requirements-dev.lock"
LOCKS = {
    PRODUCTION: ("--extra", "tracing", "--extra", "celery"),
    DEMO: ("--extra", "embedded", "--extra", "client", "--group", "pyproject.toml:build"),
    DEV: ("--group", "pyproject.toml:dev"),
}

# The interpreter's own path, also when this runs in a virtual environment (perhaps in .venv).
PYTHON = Path(sys.executable).resolve()
PIP_INSTALL = ("-m", "pip", "install", "--disable-pip-version-check")

OLDEST_PYTHON = (3, 11)
FIRST_UNTRIED_PYTHON = (3, 14)

# sqlfluff takes one templater for an invocation: Jinja for dbt, placeholders for all other files.
PLAIN_SQL = (
    *("--templater", "placeholder"),
    *("docs", "reporting_pipeline", "reporting_pipeline_tests"),
)
LINTS = (
    ("format", ("ruff", "format", "--check", ".")),
    ("lint", ("ruff", "check", ".")),
    ("types", ("mypy",)),
    ("layers", ("lint-imports",)),
    ("SQL of dbt", ("sqlfluff", "lint", "dbt_project")),
    ("SQL that Python runs", ("sqlfluff", "lint", *PLAIN_SQL)),
)
FORMATTERS = (
    ("format", ("ruff", "format", ".")),
    ("lint", ("ruff", "check", "--fix", ".")),
    ("SQL of dbt", ("sqlfluff", "fix", "dbt_project")),
    ("SQL that Python runs", ("sqlfluff", "fix", *PLAIN_SQL)),
)
TESTS = ("pytest", "--numprocesses=auto", "--maxprocesses=4", "--dist=worksteal")

USAGE = """\
usage: python3 bootstrap.py COMMAND [ARGUMENTS]

  demo [--no-ui]       run the whole pipeline on the bundled season
  run PROGRAM ...      run any program of the environment, such as `reporting`
  install              make .venv, or bring it up to date, with everything for development

  test [ARGUMENTS]     run the tests; ARGUMENTS go to pytest
  lint                 check format, lint, types, layers and SQL: all of them, then a verdict
  format               rewrite files to the house format
  audit                list the packages, and look for known vulnerabilities if there is a network
  docs                 write the generated pages of docs/
  bench [ARGUMENTS]    measure each case beside its yardstick; needs 20 minutes and 5 GB of disk
  lock [--upgrade]     renew the lock files from pyproject.toml; needs the network

`demo` and `run` install what users need. The commands of the second group add what developers need.
"""


def main(arguments: Sequence[str]) -> int:
    """Bring the environment up to date and run the command."""
    if not arguments or arguments[0] in {"-h", "--help"}:
        say(USAGE)
        return 0
    command, rest = arguments[0], tuple(arguments[1:])
    programs = {
        "demo": ("reporting", "demo", *rest),
        "run": rest,
        "test": (*TESTS, *rest),
        "audit": ("python", "-m", "reporting_pipeline_tests.architecture.dependency_audit"),
        "docs": ("python", "-m", "reporting_pipeline_tests.architecture.generated_pages"),
        "bench": ("python", "-m", "reporting_pipeline_tests.bench", *rest),
    }
    if command not in {"install", "lint", "format", "lock", *programs}:
        say(f"no command {command!r}\n{USAGE}")
        return 2
    choose_python()
    install((PRODUCTION, DEMO) if command in {"demo", "run"} else tuple(LOCKS))
    if command == "install" or not programs.get(command, "known"):
        return 0
    if command == "lock":
        return renew_locks(rest)
    if command in {"test", "bench"}:
        # They start hundreds of Pythons: each would compile all modules again.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # noqa: TID251 - not a setting
    if command in programs:
        become(programs[command])
    return run_all(LINTS if command == "lint" else FORMATTERS)


def choose_python() -> None:
    """Go on in a Python that the locks were made for; in this one, if it fits."""
    if OLDEST_PYTHON <= sys.version_info[:2] < FIRST_UNTRIED_PYTHON:
        return
    for minor in range(FIRST_UNTRIED_PYTHON[1] - 1, OLDEST_PYTHON[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found is not None:
            os.execv(found, [found, *sys.argv])  # noqa: S606 - no shell wanted
    here = ".".join(map(str, sys.version_info[:3]))
    stop(f"this is Python {here}; Python 3.11, 3.12 or 3.13 is needed and none is on PATH")


def install(locks: Sequence[str]) -> None:
    """Make the environment, or bring it up to date; a second process waits for the first.

    A lock that is installed already stays installed: the demo uses a developer's environment as it
    is. Changed locks, or another Python, make a new environment.
    """
    with (ROOT / PRODUCTION).open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        packages, project = stamps()
        if read(stamp(PRODUCTION)) != packages:
            make_environment()
        missing = [lock for lock in locks if read(stamp(lock)) != packages]
        if missing:
            install_packages(missing)
            for lock in missing:
                stamp(lock).write_text(packages, encoding="ascii")
        project_stamp = ENVIRONMENT / "project.stamp"
        if read(project_stamp) != project:
            install_project()
            project_stamp.write_text(project, encoding="ascii")


def stamp(lock: str) -> Path:
    """The file that says from which state of the locks a lock was installed."""
    return ENVIRONMENT / f"{lock}.stamp"


def stamps() -> "tuple[str, str]":
    """Digests of everything that the packages, and the project in them, are installed from."""
    packages = hashlib.sha256(f"{PYTHON} {sys.version}".encode())
    for lock in LOCKS:
        packages.update((ROOT / lock).read_bytes())
    project = packages.copy()
    for name in ("pyproject.toml", "setup.py"):
        project.update((ROOT / name).read_bytes())
    project.update(str(ROOT).encode())
    return packages.hexdigest(), project.hexdigest()


def make_environment() -> None:
    """Make an empty virtual environment in place of a former one."""
    version = ".".join(map(str, sys.version_info[:3]))
    say(f"[1/3] virtual environment in {ENVIRONMENT.name}, Python {version}")
    uv = shutil.which("uv")
    if uv is not None:
        call([uv, "venv", "--quiet", "--clear", "--python", PYTHON, ENVIRONMENT])
        return
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        minor = ".".join(map(str, sys.version_info[:2]))
        stop(
            "Python's venv module is not installed: on Debian and Ubuntu "
            f"`apt-get install python3-venv` (or python{minor}-venv) installs it; or install uv"
        )
    call([PYTHON, "-m", "venv", "--clear", ENVIRONMENT])


def install_packages(locks: Sequence[str]) -> None:
    """Install the packages of these locks, each file checked against its hash."""
    texts = [(ROOT / lock).read_text(encoding="utf-8") for lock in locks]
    count = sum(len(re.findall(r"^[a-z0-9].*==", text, re.MULTILINE)) for text in texts)
    say(f"[2/3] {count} packages from {', '.join(locks)}; the first time this takes some minutes")
    # The locks are complete, so nothing is resolved; wheels only, so nothing is built.
    options: list[str | Path] = ["--no-deps", "--require-hashes", "--only-binary", ":all:"]
    for lock in locks:
        options += ["--requirement", ROOT / lock]
    uv = shutil.which("uv")
    if uv is not None:
        call([uv, "pip", "install", "--quiet", "--python", PROGRAMS / "python", *options])
        return
    argv = [PROGRAMS / "python", *PIP_INSTALL, "--progress-bar", "off", *options]
    process = subprocess.Popen(  # noqa: S603 - our own arguments
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    show_progress(process, count)


def show_progress(process: "subprocess.Popen[str]", count: int) -> None:
    """Print pip's progress, a line now and then; and its last lines if it fails."""
    lines: list[str] = []
    done = 0
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Collecting "):
            done += 1
            if done % 25 == 0:
                say(f"      {done} of up to {count} fetched")
        elif line.startswith("Installing "):
            say("      all fetched, now unpacking")
    if process.wait() != 0:
        stop("the packages were not installed:\n" + "".join(lines[-15:]))


def install_project() -> None:
    """Install the project itself in place, with the locked build backend and no network."""
    say("[3/3] the project itself")
    uv = shutil.which("uv")
    options: list[str | Path] = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    options += ["--editable", ROOT]
    if uv is not None:
        call([uv, "pip", "install", "--python", PROGRAMS / "python", *options])
        return
    call([PROGRAMS / "python", *PIP_INSTALL, *options])


def renew_locks(arguments: Sequence[str]) -> int:
    """Resolve all dependencies together, then write each package into the first lock it is for.

    Versions stay as they are where pyproject.toml allows them; `--upgrade` takes the newest.
    """
    with tempfile.TemporaryDirectory() as folder:
        pins = Path(folder, "pins.txt")
        pins.write_text("".join((ROOT / lock).read_text("utf-8") for lock in LOCKS), "utf-8")
        compile_pins(pins, *(each for options in LOCKS.values() for each in options), *arguments)
        everything = pins.read_text("utf-8")
        written: set[str] = set()
        for lock, options in LOCKS.items():
            pins.write_text(everything, "utf-8")
            if lock != DEV:
                compile_pins(pins, *options)
            added = [each for each in packages_of(pins) if each not in written]
            written.update(added)
            (ROOT / lock).write_text("".join(added), "utf-8")
            say(f"{lock}: {len(added)} packages")
    return 0


def compile_pins(pins: Path, *options: str) -> None:
    """Resolve pyproject.toml for all platforms and Pythons; pins that the file has are kept."""
    uv = shutil.which("uv") or PROGRAMS / "uv"
    argv = [uv, "pip", "compile", "pyproject.toml", "--quiet", "--universal", "--output-file", pins]
    argv += ["--python-version", ".".join(map(str, OLDEST_PYTHON)), "--only-binary", ":all:"]
    argv += ["--generate-hashes", "--no-annotate", "--no-header", "--no-emit-index-url", *options]
    if subprocess.call(list(map(str, argv)), cwd=ROOT) != 0:  # noqa: S603 - our own arguments
        stop("the dependencies were not resolved, the locks are as they were")


def packages_of(lock: Path) -> "list[str]":
    """The lines of each package in a lock: name, version and hashes."""
    return re.findall(r"^\S.*\n(?:\s.*\n)*", lock.read_text("utf-8"), re.MULTILINE)


def run_all(steps: "Sequence[tuple[str, Sequence[str]]]") -> int:
    """Run every step, also after one that failed, and print which failed."""
    failed = []
    for name, argv in steps:
        say(f"--- {name}: {' '.join(argv)}")
        if subprocess.call([PROGRAMS / argv[0], *argv[1:]], cwd=ROOT) != 0:  # noqa: S603 - above
            failed.append(name)
    say(f"--- failed: {', '.join(failed)}" if failed else "--- all well")
    return 1 if failed else 0


def become(argv: Sequence[str]) -> None:
    """Replace this process by a program of the environment, which gets signals and exit code."""
    os.chdir(ROOT)
    program = str(PROGRAMS / argv[0])
    if not Path(program).exists():
        stop(f"no program {argv[0]!r} in {PROGRAMS}")
    os.execv(program, [program, *argv[1:]])  # noqa: S606 - no shell wanted


def call(argv: "Sequence[str | Path]") -> None:
    """Run a step of the installation; stop if it fails."""
    status = subprocess.call(list(map(str, argv)))  # noqa: S603 - our own arguments
    if status != 0:
        stop(f"this ended with code {status}: {' '.join(map(str, argv))}")


def read(path: Path) -> str:
    """The text of a file; empty if there is no file."""
    return path.read_text(encoding="ascii") if path.exists() else ""


def say(text: str) -> None:
    """Print to the terminal."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def stop(text: str) -> None:
    """End with an error that says what to do."""
    sys.exit(f"bootstrap: {text}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
