"""The system libraries that WeasyPrint loads and no wheel contains: Pango and its companions.

The doctor uses this module without the format.
"""

import ctypes
import shutil
from functools import cache

from reporting_pipeline.errors import EnvironmentNotReady

# The name on Linux, and on macOS.
_LIBRARIES = (
    ("libgobject-2.0.so.0", "libgobject-2.0.dylib"),
    ("libpango-1.0.so.0", "libpango-1.0.dylib"),
    ("libharfbuzz.so.0", "libharfbuzz.dylib"),
    ("libfontconfig.so.1", "libfontconfig.dylib"),
    ("libpangoft2-1.0.so.0", "libpangoft2-1.0.dylib"),
)
_VERSIONS = (
    ("Pango", _LIBRARIES[1], "pango_version_string"),
    ("HarfBuzz", _LIBRARIES[2], "hb_version_string"),
)
_INSTALLERS = (
    (
        "apt-get",
        "apt-get install --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0",
    ),
    ("brew", "brew install pango"),
    ("dnf", "dnf install pango"),
    ("apk", "apk add pango"),
)


def missing_libraries() -> list[str]:
    """The libraries that this machine lacks, by their names on Linux."""
    return [names[0] for names in _LIBRARIES if not any(map(_loads, names))]


@cache
def library_versions() -> dict[str, str]:
    """The versions of Pango and HarfBuzz, which break lines and place glyphs, by name."""
    found = {}
    for name, libraries, ask in _VERSIONS:
        library = next(filter(_loads, libraries), None)
        if library is not None:
            function = getattr(ctypes.CDLL(library), ask)
            function.restype = ctypes.c_char_p
            found[name] = function().decode()
    return found


def how_to_install() -> str:
    """The command that installs them on this machine."""
    commands = (command for program, command in _INSTALLERS if shutil.which(program))
    return next(commands, "install Pango, HarfBuzz and Fontconfig with the system's installer")


def require_pango() -> None:
    """Check that the libraries are there, before any work is done.

    Raises:
        EnvironmentNotReady: One is missing; the message has the command that installs it.
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
