"""The store of report files: a folder, or a bucket of S3 or of a server that speaks its protocol.

    exports, /srv/exports     a folder; it is created if it is missing
    file:///srv/exports       the same
    s3://bucket/prefix        endpoint, region and credentials from the usual AWS_* variables

What belongs here: writing and reading whole objects, and their errors. What does not: which objects
exist (`catalogue`). Only this package imports obstore; docs/adr explains the choice.
"""

from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from reporting_pipeline.errors import StoreError
from reporting_pipeline.guards.shown_text import shown
from reporting_pipeline.store.bucket import BucketAccess, BucketStore, is_bucket
from reporting_pipeline.store.folder import FolderStore
from reporting_pipeline.store.object_store import ObjectStore, is_key


def open_store(address: str, access: BucketAccess | None = None) -> ObjectStore:
    """The store at an address. A missing folder is created; no request is sent to a bucket yet.

    Args:
        address: As above.
        access: The credentials and the endpoint of a bucket, in place of the AWS_* variables.

    Raises:
        StoreError: The address is malformed, or the folder cannot be created.
    """
    if "://" not in address:
        if not address.strip() or shown(address, len(address)) != address:
            raise StoreError(_malformed(address))
        return FolderStore(Path(address))
    parts = urlsplit(address)
    if parts.query or parts.fragment or "@" in parts.netloc:
        # The address may contain a secret, so the message does not repeat it.
        raise StoreError(_malformed(f"{parts.scheme}://..."))
    if parts.scheme == "s3":
        return _bucket_store(address, parts, access or BucketAccess())
    if parts.scheme == "file" and parts.netloc in {"", "localhost"} and parts.path not in {"", "/"}:
        return FolderStore(Path(unquote(parts.path)))
    raise StoreError(_malformed(address))


def _bucket_store(address: str, parts: SplitResult, access: BucketAccess) -> BucketStore:
    prefix = parts.path.strip("/")
    if not is_bucket(parts.netloc) or (prefix and not is_key(prefix)):
        raise StoreError(_malformed(address))
    return BucketStore(parts.netloc, prefix, access)


def _malformed(address: str) -> str:
    return (
        f"the store's address {shown(address)!r} is malformed: expected a folder, "
        "file:///folder or s3://bucket/prefix; credentials belong in AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY"
    )
