"""The kinds of values that settings have: how their text is read, and what is refused.

A message of a refusal shows no secret.
"""

import os
import re
from datetime import date, time
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr

from reporting_pipeline.domain.time_zones import zone_names
from reporting_pipeline.errors import SettingsError
from reporting_pipeline.guards.regular_file import open_regular
from reporting_pipeline.guards.shown_text import shown

_FIRST_YEAR, _LAST_YEAR = 1970, 2199
_MAX_KEY_BYTES = 64 * 1024
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

Network: TypeAlias = IPv4Network | IPv6Network


def _known_zone(name: str) -> str:
    if name not in zone_names():
        message = f"{name!r} is not an IANA time zone such as Europe/Berlin"
        raise ValueError(message)
    return name


def _redis_address(address: SecretStr) -> SecretStr:
    try:
        parts = urlsplit(address.get_secret_value())
        is_known = parts.scheme in {"redis", "rediss", "unix"} and parts.port != 0
    except ValueError:  # the port is not a number
        is_known = False
    if not is_known:
        message = "it is not an address of Redis such as redis://:password@host:6379/0"
        raise ValueError(message)
    return address


def redis_database(address: str) -> tuple[str, int | None, str]:
    """Host, port and number of the database of an address of Redis."""
    parts = urlsplit(address)
    return parts.hostname or parts.path, parts.port or 6379, parts.path.strip("/") or "0"


def _web_address(address: str) -> str:
    """An https address, or one of this machine."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:  # the port is not a number
        host, parts = None, urlsplit("")
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    if not (host and is_safe) or parts.username or shown(address, len(address)) != address:
        message = "it is not an address such as https://login.example.org/keys, without a password"
        raise ValueError(message)
    return address


def _written(pattern: str, example: str) -> BeforeValidator:
    """Text of this form only: pydantic alone also reads 1_000, seconds since 1970 and the like."""

    def check(value: object) -> object:
        if isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) is None:
            message = f"{shown(value)!r} is not of the form {example}"
            raise ValueError(message)
        return value

    return BeforeValidator(check)


def private_key(name: str, value: str) -> str:
    """A private key as PEM, from its text or from its file.

    Args:
        name: The variable, for the error.
        value: The PEM, perhaps on one line, or the path of its file.

    Raises:
        SettingsError: Its file cannot be read, or others than its owner may change it.
    """
    if "-----BEGIN" in value:
        # A file of variables holds a PEM on one line.
        return value.replace("\\n", "\n").strip() + "\n"
    path = Path(value)
    try:
        with open_regular(path) as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_MAX_KEY_BYTES).decode("ascii")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        message = f"{name} names a file that cannot be read: {reason}"
        raise SettingsError(message) from None
    if mode & 0o022:
        message = f"others may change the file of {name}: chmod 600 {path}"
        raise SettingsError(message)
    return content


def networks(text: str | None) -> tuple[Network, ...]:
    """Networks in the form 10.1.0.0/16, separated by commas; none of None.

    Raises:
        ValueError: The text is no such list.
    """
    try:
        return tuple(ip_network(each.strip()) for each in text.split(",")) if text else ()
    except ValueError:
        message = f"{shown(text)!r} is not a list of networks such as 10.1.0.0/16,fd00::/8"
        raise ValueError(message) from None


def _network_list(text: str) -> str:
    if not networks(text):
        message = "it is empty"
        raise ValueError(message)
    return text


def _sensible_day(day: date) -> date:
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        message = f"{day} is not a day of the years {_FIRST_YEAR} to {_LAST_YEAR}"
        raise ValueError(message)
    return day


def _folder(path: Path) -> Path:
    """A path that is a folder, or can become one."""
    if not str(path).strip() or "\0" in str(path):
        message = "it is empty, or no path"
        raise ValueError(message)
    for each in (path, *path.absolute().parents):
        try:
            if each.is_dir():
                return path
            is_other = each.exists() or each.is_symlink()
        except OSError as error:
            message = f"{shown(path)!r} is no path: {error.strerror}"
            raise ValueError(message) from None
        if is_other:
            message = f"{shown(each)!r} is not a folder"
            raise ValueError(message)
    return path


WebAddress = Annotated[str, AfterValidator(_web_address)]
NetworkList = Annotated[str, AfterValidator(_network_list)]
RedisAddress = Annotated[SecretStr, AfterValidator(_redis_address)]
WholeNumber = Annotated[int, _written(r"-?[0-9]{1,19}", "900")]
Day = Annotated[
    date, _written(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "2025-03-09"), AfterValidator(_sensible_day)
]
ClockTime = Annotated[time, _written(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?", "02:15")]
Folder = Annotated[Path, _written(r"(?s).*\S.*", ".reporting"), AfterValidator(_folder)]
ZoneName = Annotated[str, AfterValidator(_known_zone)]
