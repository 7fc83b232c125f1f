"""Make the virtual environment, then run something in it: `python3 bootstrap.py demo`.

Standard library only, since nothing else is there yet. The environment is made from
`requirements.lock` alone: every package by its hash, as a wheel, so that nothing is compiled and
nothing is resolved. uv is used where it is on PATH, else venv and pip. What is up to date is left
as it is. What belongs here: getting as far as the project's own command line.
"""

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
PROGRAMS = ENVIRONMENT / "bin"
LOCK = ROOT / "requirements.lock"

# Of the interpreter itself, also when we run in a virtual environment, perhaps the one to be made.
PYTHON = Path(sys.executable).resolve()
PIP_INSTALL = ("-m", "pip", "install", "--disable-pip-version-check")

OLDEST_PYTHON = (3, 11)
FIRST_UNTRIED_PYTHON = (3, 14)

LINTS = (
    ("format", ("ruff", "format", "--check", ".")),
    ("lint", ("ruff", "check", ".")),
    ("types", ("mypy",)),
    ("layers", ("lint-imports",)),
    ("SQL", ("sqlfluff", "lint", "dbt_project/models")),
    (
        "SQL of the checks",
        ("sqlfluff", "lint", "--templater", "placeholder", "reporting_pipeline/checks"),
    ),
)
FORMATTERS = (
    ("format", ("ruff", "format", ".")),
    ("lint", ("ruff", "check", "--fix", ".")),
    ("SQL", ("sqlfluff", "fix", "dbt_project/models")),
)
TESTS = ("pytest", "--numprocesses=auto", "--maxprocesses=4", "--dist=worksteal")

USAGE = """\
usage: python3 bootstrap.py COMMAND [ARGUMENTS]

  install              make .venv, or bring it up to date
  demo [--no-ui]       the whole pipeline on the bundled season
  test [ARGUMENTS]     the tests; ARGUMENTS go to pytest
  lint                 format, lint, types, layers, SQL lint: all of them, then a verdict
  format               rewrite files to the house format
  bench [ARGUMENTS]    how fast reports are written; takes a quarter of an hour, 10 GB of disk
  run PROGRAM ...      any program of the environment, `reporting` say
"""


def main(arguments: Sequence[str]) -> int:
    """Bring the environment up to date and run the command."""
    if not arguments or arguments[0] in {"-h", "--help"}:
        say(USAGE)
        return 0
    command, rest = arguments[0], tuple(arguments[1:])
    programs = {
        "demo": ("reporting", "demo", *rest),
        "test": (*TESTS, *rest),
        "bench": ("python", "-m", "reporting_pipeline_tests.bench", *rest),
        "run": rest,
    }
    if command not in {"install", "lint", "format", *programs}:
        say(f"no command {command!r}\n{USAGE}")
        return 2
    choose_python()
    install()
    if command == "install" or not programs.get(command, "known"):
        return 0
    if command in programs:
        become(programs[command])
    return run_all(LINTS if command == "lint" else FORMATTERS)


def choose_python() -> None:
    """Go on in a Python that the lock was made for; this one, if it will do."""
    if OLDEST_PYTHON <= sys.version_info[:2] < FIRST_UNTRIED_PYTHON:
        return
    for minor in range(FIRST_UNTRIED_PYTHON[1] - 1, OLDEST_PYTHON[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found is not None:
            os.execv(found, [found, *sys.argv])  # noqa: S606 - no shell wanted
    here = ".".join(map(str, sys.version_info[:3]))
    stop(f"this is Python {here}; Python 3.11, 3.12 or 3.13 is needed and none is on PATH")


def install() -> None:
    """Make the environment, or bring it up to date; a second process waits for the first."""
    with LOCK.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        packages, project = stamps()
        packages_stamp = ENVIRONMENT / "packages.stamp"
        project_stamp = ENVIRONMENT / "project.stamp"
        if read(packages_stamp) != packages:
            make_environment()
            install_packages()
            packages_stamp.write_text(packages, encoding="ascii")
        if read(project_stamp) != project:
            install_project()
            project_stamp.write_text(project, encoding="ascii")


def stamps() -> "tuple[str, str]":
    """What the environment's packages and the project in it were made from, in a few letters."""
    python = f"{PYTHON} {sys.version}"
    packages = hashlib.sha256(LOCK.read_bytes() + python.encode())
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
            f"`apt-get install python3-venv` (or python{minor}-venv) brings it; or install uv"
        )
    call([PYTHON, "-m", "venv", "--clear", ENVIRONMENT])


def install_packages() -> None:
    """Install what the lock names, each file checked against its hash."""
    count = len(re.findall(r"^[a-z0-9].*==", LOCK.read_text(encoding="utf-8"), re.MULTILINE))
    say(f"[2/3] {count} packages from {LOCK.name}; the first time this takes some minutes")
    # The lock is complete, so nothing is resolved; wheels only, so nothing is built.
    options: list[str | Path] = ["--no-deps", "--require-hashes", "--only-binary", ":all:"]
    options += ["--requirement", LOCK]
    uv = shutil.which("uv")
    if uv is not None:
        call([uv, "pip", "install", "--quiet", "--python", PROGRAMS / "python", *options])
        return
    argv = [PROGRAMS / "python", *PIP_INSTALL, "--progress-bar", "off", *options]
    process = subprocess.Popen(  # noqa: S603 - our own arguments
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    tell_progress(process, count)


def tell_progress(process: "subprocess.Popen[str]", count: int) -> None:
    """Say how far pip is, a line now and then; and its last words, should it fail."""
    heard: list[str] = []
    done = 0
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    for line in process.stdout:
        heard.append(line)
        if line.startswith("Collecting "):
            done += 1
            if done % 25 == 0:
                say(f"      {done} of up to {count} fetched")
        elif line.startswith("Installing "):
            say("      all fetched, now unpacking")
    if process.wait() != 0:
        stop("the packages were not installed:\n" + "".join(heard[-15:]))


def install_project() -> None:
    """Install the project itself where it lies, with the locked build backend and no network."""
    say("[3/3] the project itself")
    uv = shutil.which("uv")
    options: list[str | Path] = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    options += ["--editable", ROOT]
    if uv is not None:
        call([uv, "pip", "install", "--python", PROGRAMS / "python", *options])
        return
    call([PROGRAMS / "python", *PIP_INSTALL, *options])


def run_all(steps: "Sequence[tuple[str, Sequence[str]]]") -> int:
    """Run every step, also after one that failed, and say which did."""
    failed = []
    for name, argv in steps:
        say(f"--- {name}: {' '.join(argv)}")
        if subprocess.call([PROGRAMS / argv[0], *argv[1:]], cwd=ROOT) != 0:  # noqa: S603 - above
            failed.append(name)
    say(f"--- failed: {', '.join(failed)}" if failed else "--- all well")
    return 1 if failed else 0


def become(argv: Sequence[str]) -> None:
    """Let a program of the environment take this process's place, signals and exit code too."""
    os.chdir(ROOT)
    program = str(PROGRAMS / argv[0])
    if not Path(program).exists():
        stop(f"no program {argv[0]!r} in {PROGRAMS}")
    os.execv(program, [program, *argv[1:]])  # noqa: S606 - no shell wanted


def call(argv: "Sequence[str | Path]") -> None:
    """Run a step of the installation; its failure is ours."""
    status = subprocess.call(list(map(str, argv)))  # noqa: S603 - our own arguments
    if status != 0:
        stop(f"this ended with code {status}: {' '.join(map(str, argv))}")


def read(path: Path) -> str:
    """The text of a file; nothing when there is none."""
    return path.read_text(encoding="ascii") if path.exists() else ""


def say(text: str) -> None:
    """Tell the person at the terminal."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def stop(text: str) -> None:
    """End with an error that says what to do."""
    sys.exit(f"bootstrap: {text}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
