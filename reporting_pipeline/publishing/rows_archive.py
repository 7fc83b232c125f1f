"""The rows of published editions, kept so that a later edition can say what it changed.

One compressed object per set of rows, under the digest of its rows: formats of a report, and
editions with the same rows, share it.

What belongs here: keeping and fetching rows. What does not: comparing them (`restatement`).
"""

from collections.abc import Iterator
from pathlib import Path

from reporting_pipeline.catalogue.report_keys import rows_key
from reporting_pipeline.errors import ObjectNotFound
from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.exports.row_spool import RowSpool
from reporting_pipeline.store.object_store import ObjectStore

_CHUNK_BYTES = 1024 * 1024


def keep_rows(store: ObjectStore, manifest: Manifest, rows: RowSpool) -> None:
    """Keep a report's rows, where they are not kept already."""
    import pyarrow as pa

    key = rows_key(manifest)
    if store.exists(key):
        return
    compressed = rows.path.with_suffix(".zst")
    try:
        with (
            rows.path.open("rb") as source,
            pa.CompressedOutputStream(str(compressed), "zstd") as target,
        ):
            while chunk := source.read(_CHUNK_BYTES):
                target.write(chunk)
        store.put(key, chunks(compressed))
    finally:
        compressed.unlink(missing_ok=True)


def fetch_rows(store: ObjectStore, manifest: Manifest, folder: Path) -> Path | None:
    """The canonical rows of a published edition as a file in `folder`; None if they are gone."""
    import pyarrow as pa

    compressed = folder / f"{manifest.rows_sha256}.zst"
    rows = folder / f"{manifest.rows_sha256}.rows"
    try:
        with compressed.open("wb") as target:
            for chunk in store.get(rows_key(manifest)):
                target.write(chunk)
    except ObjectNotFound:
        return None
    with pa.CompressedInputStream(str(compressed), "zstd") as source, rows.open("wb") as target:
        while chunk := source.read(_CHUNK_BYTES):
            target.write(chunk)
    compressed.unlink()
    return rows


def chunks(path: Path) -> Iterator[bytes]:
    """A file's bytes in chunks of a mebibyte."""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
