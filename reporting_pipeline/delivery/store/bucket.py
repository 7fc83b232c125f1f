"""A bucket as a store: S3, or a server that speaks its protocol.

What belongs here: how requests are made and what their errors mean. What does not: credentials;
obstore reads them, the region and the endpoint from the usual AWS_* variables.
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from pathlib import PurePosixPath

from obstore.store import S3Store

from reporting_pipeline.delivery.store.object_store import ObjectStore, StoredObject, cause
from reporting_pipeline.errors import StoreError, StoreUnavailable

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")

# Five retries with backoff and jitter bridge a second or two; longer is the caller's to retry.
_RETRIES = 5
_RETRY_TIMEOUT = timedelta(minutes=2)
# The whole of one request, a long download included, and the longest silence within it.
_REQUEST_TIMEOUT = timedelta(hours=1)
_SILENCE_TIMEOUT = timedelta(minutes=1)

_ANSWER = re.compile(r"(?<=status code: )(?P<status>\d{3})[ A-Za-z-]*")
_CODE = re.compile(r"<Code>(\w+)</Code>")
_RETRYABLE_STATUSES = frozenset({"408", "429", "500", "502", "503", "504"})

_CONTENT_TYPES = {
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def is_bucket(name: str) -> bool:
    """Whether S3 allows such a name."""
    return _BUCKET.fullmatch(name) is not None


class BucketStore(ObjectStore):
    """A bucket, below a prefix.

    An object appears when its last request completes. A killed upload leaves no object, but parts
    that are billed: let the bucket abort incomplete uploads after a day.
    """

    def __init__(self, bucket: str, prefix: str = "") -> None:
        objects = S3Store(
            bucket,
            prefix=prefix or None,
            # Given here, obstore asks for no AWS_ALLOW_HTTP: only an endpoint that the operator
            # wrote as http:// is spoken to in clear, and secrets are never sent.
            client_options={
                "allow_http": True,
                "timeout": _REQUEST_TIMEOUT,
                "read_timeout": _SILENCE_TIMEOUT,
            },
            retry_config={"max_retries": _RETRIES, "retry_timeout": _RETRY_TIMEOUT},
        )
        super().__init__(f"s3://{bucket}/{prefix}".rstrip("/"), objects)

    def put(self, key: str, chunks: Iterable[bytes]) -> StoredObject:
        """See `ObjectStore.put`; a difference is found after the object has become visible."""
        self._check(key)
        content_type = _CONTENT_TYPES.get(PurePosixPath(key).suffix, "application/octet-stream")
        sent = self._write(key, chunks, {"Content-Type": content_type})
        self._compare(sent)
        return sent

    def location(self, key: str) -> str:
        """The s3:// address."""
        return f"{self.address}/{key}"

    def _failure(self, doing: str, error: Exception) -> StoreError:
        answer = _ANSWER.search(str(error))
        if answer is None:
            reason = cause(error).rpartition(" - ")[2]
        else:
            code = _CODE.search(str(error))
            reason = f"the server answered {answer[0]}" + (f", {code[1]}" if code else "")
        if answer is not None and answer["status"] not in _RETRYABLE_STATUSES:
            advice = "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and their rights"
            return StoreError(f"{doing}: {reason}; {advice}")
        advice = "check AWS_ENDPOINT_URL, that credentials are set and that the store is up"
        return StoreUnavailable(f"{doing}: {reason}; {advice}")
