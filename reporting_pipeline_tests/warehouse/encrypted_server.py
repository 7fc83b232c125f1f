"""A PostgreSQL server that accepts encrypted connections only, with a certificate of its own."""

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from reporting_pipeline.embedded import postgres as embedded
from reporting_pipeline.embedded.account import Account, private_file
from reporting_pipeline.embedded.postgres import (
    WAREHOUSE_OWNER,
    Postgres,
    PostgresInstall,
    ensure_reader,
    ensure_role,
    superuser_connection,
)

_HBA = (
    "hostssl all all 127.0.0.1/32 scram-sha-256\nhost all supervisor 127.0.0.1/32 scram-sha-256\n"
)


@dataclass(frozen=True, kw_only=True)
class EncryptedServer:
    """A running server; `certificate` has signed itself, and `another` belongs to nobody."""

    postgres: Postgres
    certificate: Path
    another: Path


@contextmanager
def encrypted_server(account: Account, folder: Path, password: str) -> Iterator[EncryptedServer]:
    """Run the server; skips the test where no PostgreSQL with OpenSSL is installed."""
    server = Postgres(
        install=_install_with_openssl(account, folder),
        folder=folder / "encrypted",
        account=account,
        password=password,
        durable=False,
    )
    server.start()
    try:
        certificate, key = _certificate("127.0.0.1")
        for name, content in (("server.crt", certificate), ("server.key", key)):
            private_file(server.cluster / name, content, account)
        (server.cluster / "pg_hba.conf").write_text(_HBA, encoding="utf-8")
        with superuser_connection(server.url("postgres")) as connection:
            ensure_role(connection, WAREHOUSE_OWNER, password)
            ensure_reader(connection, WAREHOUSE_OWNER)
            connection.execute(f"create database warehouse owner {WAREHOUSE_OWNER}".encode())
            connection.execute("alter system set ssl = on")
            connection.execute("select pg_reload_conf()")
        roots = []
        for name, content in (("root.crt", certificate), ("another.crt", _certificate("x")[0])):
            roots.append(folder / name)
            roots[-1].write_text(content, encoding="ascii")
        _wait_for_encryption(server, roots[0])
        yield EncryptedServer(postgres=server, certificate=roots[0], another=roots[1])
    finally:
        server.stop()


def _install_with_openssl(account: Account, folder: Path) -> PostgresInstall:
    for path in embedded._candidates():  # the wheel's programs have no OpenSSL
        install = PostgresInstall.find(path) if (path / "postgres").exists() else None
        if install is not None and b"ssl_ctx" in (path / "postgres").read_bytes().lower():
            return install.reachable_for(account, folder / "bin")
    pytest.skip(
        "no package of PyPI has a PostgreSQL with OpenSSL: install Debian's package `postgresql`"
    )


def _wait_for_encryption(server: Postgres, root: Path) -> None:
    parameters = {"sslmode": "verify-full", "sslrootcert": str(root)}
    url = server.url("postgres").update_query_dict(parameters)
    for _ in range(200):
        try:
            with superuser_connection(url) as connection:
                assert connection.info.parameter_status("is_superuser") == "on"
                return
        except psycopg.OperationalError:
            with superuser_connection(server.url("postgres")) as connection:
                connection.execute("select pg_sleep(0.05)")
    pytest.fail("the server does not accept encrypted connections")


def _certificate(name: str) -> tuple[str, str]:
    """A certificate that signs itself, and its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    text = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return built.public_bytes(pem).decode(), text
