"""A bucket as a store: S3, or a server that speaks its protocol.

What belongs here: how requests are made and what their errors mean. What does not: credentials;
obstore reads them, the region and the endpoint from the usual AWS_* variables.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from obstore.store import S3Store

from reporting_pipeline.errors import StoreError, StoreUnavailable
from reporting_pipeline.settings import child_environment
from reporting_pipeline.store.object_store import (
    BINARY,
    Leftover,
    ObjectStore,
    StoredObject,
    cause,
)

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


def is_bucket(name: str) -> bool:
    """Whether S3 allows such a name."""
    return _BUCKET.fullmatch(name) is not None


class BucketStore(ObjectStore):
    """A bucket, below a prefix.

    An object appears when its last request completes. A killed upload leaves no object, but parts
    that are billed: `leftovers` lists them, and a rule of the bucket may abort them too.
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
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        super().__init__(f"s3://{bucket}/{prefix}".rstrip("/"), objects)

    def put(self, key: str, chunks: Iterable[bytes], media_type: str = BINARY) -> StoredObject:
        """See `ObjectStore.put`; a difference is found after the object has become visible."""
        self._check(key)
        sent = self._write(key, chunks, {"Content-Type": media_type})
        self._compare(sent)
        return sent

    def location(self, key: str) -> str:
        """The s3:// address."""
        return f"{self.address}/{key}"

    def leftovers(self, before: datetime) -> list[Leftover]:
        """The uploads below the prefix that were begun before an instant and never completed."""
        found = []
        with self._uploads("listed") as client:
            pages = client.get_paginator("list_multipart_uploads")
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
                found += [
                    Leftover(
                        name=each["Key"].removeprefix(self._prefix),
                        upload_id=each["UploadId"],
                        begun_at=each["Initiated"],
                    )
                    for each in page.get("Uploads", [])
                    if each["Initiated"] < before
                ]
        return sorted(found, key=lambda each: (each.begun_at, each.name))

    def remove(self, leftover: Leftover) -> None:
        """See `ObjectStore.remove`."""
        with self._uploads("aborted") as client:
            try:
                client.abort_multipart_upload(
                    Bucket=self._bucket,
                    Key=f"{self._prefix}{leftover.name}",
                    UploadId=leftover.upload_id,
                )
            except client.exceptions.NoSuchUpload:
                return

    @contextmanager
    def _uploads(self, done: str) -> Iterator[Any]:
        """A client that knows of unfinished uploads, which obstore does not list."""
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError

        doing = f"{self.address}: unfinished uploads could not be {done}"
        environment = child_environment({})
        # As obstore addresses the bucket; of the two names of the region boto3 knows the second.
        region = environment.get("AWS_REGION", environment.get("AWS_DEFAULT_REGION"))
        client = boto3.client(
            "s3", region_name=region, config=Config(s3={"addressing_style": "path"})
        )
        try:
            yield client
        except ClientError as error:
            answer = error.response.get("Error", {}).get("Code", "no reason")
            message = (
                f"{doing}: the server answered {answer}; check the rights of AWS_ACCESS_KEY_ID"
            )
            raise StoreError(message) from error
        except BotoCoreError as error:
            message = f"{doing}: {error}; check AWS_ENDPOINT_URL and that the store is up"
            raise StoreUnavailable(message) from error
        finally:
            client.close()

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
