"""The addresses of a home's running servers, as the environment variables that name them."""

from sqlalchemy import URL

from reporting_pipeline.embedded.databases import (
    SOURCE_OWNER,
    SOURCE_READER,
    SOURCES,
    WAREHOUSE,
    WAREHOUSE_OWNER,
)
from reporting_pipeline.embedded.home import Home, Running


def server_addresses(home: Home, running: Running) -> dict[str, str]:
    """Environment variable -> address, with passwords, of every server of `home`."""
    secrets = home.secrets()

    def database(name: str, user: str, password: str) -> str:
        url = URL.create("postgresql", user, password, "127.0.0.1", running.postgres_port, name)
        return url.render_as_string(hide_password=False)

    found = {
        "REPORTING_DATABASE_URL": database(WAREHOUSE, WAREHOUSE_OWNER, secrets.warehouse_owner),
        "REPORTING_REDIS_URL": f"redis://:{secrets.redis}@127.0.0.1:{running.redis_port}/0",
    }
    for name in SOURCES:
        variable = f"REPORTING_SOURCE_{name.upper()}"
        found[f"{variable}_URL"] = database(name, SOURCE_READER, secrets.source_reader)
        found[f"{variable}_ADMIN_URL"] = database(name, SOURCE_OWNER, secrets.source_owner)
    return found
