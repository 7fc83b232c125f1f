"""The store that files go to, by address: a folder, or a bucket of S3 or what speaks its protocol.

    exports, /srv/exports     a folder; it is made where it is missing
    file:///srv/exports       the same
    s3://bucket/prefix        endpoint, region and credentials from the usual AWS_* variables

What belongs here: whole objects in and out, and what went wrong. What does not: which objects there
are. Only this package imports obstore; docs/adr says why it is obstore.
"""

from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from reporting_pipeline.errors import StoreError
from reporting_pipeline.store.bucket import BucketStore, is_bucket
from reporting_pipeline.store.folder import FolderStore
from reporting_pipeline.store.object_store import ObjectStore, is_key


def open_store(address: str) -> ObjectStore:
    """The store at an address. Nothing is sent to a bucket yet; a folder is made where missing.

    Raises:
        StoreError: The address is malformed, or the folder cannot be made.
    """
    if "://" not in address:
        if not address or "\0" in address:
            raise StoreError(_malformed(address))
        return FolderStore(Path(address))
    parts = urlsplit(address)
    if parts.query or parts.fragment or "@" in parts.netloc:
        # A secret may stand here: the address is not repeated.
        raise StoreError(_malformed(f"{parts.scheme}://..."))
    if parts.scheme == "s3":
        return _bucket_store(address, parts)
    if parts.scheme == "file" and parts.netloc in {"", "localhost"} and parts.path not in {"", "/"}:
        return FolderStore(Path(unquote(parts.path)))
    raise StoreError(_malformed(address))


def _bucket_store(address: str, parts: SplitResult) -> BucketStore:
    prefix = parts.path.strip("/")
    if not is_bucket(parts.netloc) or (prefix and not is_key(prefix)):
        raise StoreError(_malformed(address))
    return BucketStore(parts.netloc, prefix)


def _malformed(address: str) -> str:
    return (
        f"the store's address {address!r} is malformed: expected a folder, file:///folder or "
        "s3://bucket/prefix; credentials belong in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )
