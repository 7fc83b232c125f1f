"""A role whose password has every printable character, and whose name has blanks."""

import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline.addresses import postgres_url
from reporting_pipeline.embedded.postgres import WAREHOUSE_OWNER, ensure_role

ROLE = "role with blanks"
# Each printable character of ASCII, escaped by hand where a URL has to escape it.
_ESCAPES = {
    " ": "%20",
    '"': "%22",
    "#": "%23",
    "%": "%25",
    "/": "%2F",
    ":": "%3A",
    "?": "%3F",
    "@": "%40",
    "[": "%5B",
    "]": "%5D",
}
PRINTABLE = "".join(map(chr, range(32, 127))) + "äß€"
ESCAPED = "".join(_ESCAPES.get(each, each) for each in PRINTABLE)


@pytest.fixture
def printable_url(superuser: psycopg.Connection, warehouse_url: URL) -> URL:
    """The address of a new warehouse for this role, which may do what its owner may."""
    ensure_role(superuser, ROLE, PRINTABLE)
    superuser.execute(f'grant {WAREHOUSE_OWNER} to "{ROLE}"'.encode())
    place = f"{warehouse_url.host}:{warehouse_url.port}/{warehouse_url.database}"
    role = ROLE.replace(" ", "%20")
    return postgres_url("X", f"postgresql://{role}:{ESCAPED}@{place}", "psycopg")
