"""Whether the machine has what WeasyPrint loads: Pango and its kin, which are in no wheel.

What belongs here: looking for them, and the command that installs them.
"""

import ctypes
import shutil

from reporting_pipeline.errors import EnvironmentNotReady

# The soname on Linux, the library's name on macOS.
_LIBRARIES = (
    ("libgobject-2.0.so.0", "libgobject-2.0.dylib"),
    ("libpango-1.0.so.0", "libpango-1.0.dylib"),
    ("libharfbuzz.so.0", "libharfbuzz.dylib"),
    ("libfontconfig.so.1", "libfontconfig.dylib"),
    ("libpangoft2-1.0.so.0", "libpangoft2-1.0.dylib"),
)
_INSTALLERS = (
    (
        "apt-get",
        "apt-get install --no-install-recommends "
        "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0",
    ),
    ("brew", "brew install pango"),
    ("dnf", "dnf install pango"),
    ("apk", "apk add pango"),
)


def missing_libraries() -> list[str]:
    """The libraries that are not here, by their names on Linux."""
    return [names[0] for names in _LIBRARIES if not any(map(_loads, names))]


def how_to_install() -> str:
    """The command that installs them on this machine."""
    commands = (command for program, command in _INSTALLERS if shutil.which(program))
    return next(commands, "install Pango, HarfBuzz and Fontconfig with the system's installer")


def require_pango() -> None:
    """Refuse to begin without the libraries.

    Raises:
        EnvironmentNotReady: One is missing; the message holds the command that installs it.
    """
    missing = missing_libraries()
    if missing:
        message = f"PDF files cannot be written without {', '.join(missing)}: {how_to_install()}"
        raise EnvironmentNotReady(message)


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True
