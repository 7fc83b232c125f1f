"""`reporting keys`: makes the keys that sign manifests."""

import os
from pathlib import Path

import click

from reporting_pipeline.cli.listing import say
from reporting_pipeline.cli.parameters import NEW_FILE
from reporting_pipeline.errors import EnvironmentNotReady
from reporting_pipeline.exports.signing import Signer

_PUBLIC_SUFFIX = ".pub"
_OWNER_ONLY, _ALL_READ = 0o600, 0o644


@click.group()
def keys() -> None:
    """Make a pair of keys that sign manifests."""


@keys.command()
@click.argument("file", type=NEW_FILE)
def new(file: Path) -> None:
    """Make a pair of keys: the private one in FILE, the public one in FILE.pub.

    Both files must be new. Only their owner may read FILE.
    """
    signer, public_file = Signer.new(), file.with_name(file.name + _PUBLIC_SUFFIX)
    for each in (file, public_file):
        if each.exists():
            raise EnvironmentNotReady(f"{each} exists: name a new file, a key is never replaced")
    _write_new(file, signer.pem, _OWNER_ONLY)
    _write_new(public_file, signer.public_key.pem.encode(), _ALL_READ)
    say(f"key {signer.public_key.id}")
    say(f"private: {file}; keep it secret, and set REPORTING_SIGNING_KEY={file.absolute()}")
    say(f"public:  {public_file}; give it to your readers: reporting verify FILE --key KEY")


def _write_new(path: Path, content: bytes, mode: int) -> None:
    try:
        # The file never exists with other rights, not even for a moment.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except OSError as error:
        message = f"{path} was not written: {error.strerror}; name a file in a folder of yours"
        raise EnvironmentNotReady(message) from error
