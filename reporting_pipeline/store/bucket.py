"""A bucket as a store: S3, or a server that speaks its protocol.

Without a `BucketAccess`, credentials, region and endpoint come from the usual AWS_* variables.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import obstore
from obstore.store import S3Store

from reporting_pipeline.domain.file_names import content_disposition
from reporting_pipeline.errors import StoreError, StoreUnavailable
from reporting_pipeline.settings import child_environment
from reporting_pipeline.store.object_store import (
    BINARY,
    Leftover,
    ObjectStore,
    StoredObject,
    cause,
)

if TYPE_CHECKING:
    from obstore.store import S3Config

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")

# Five retries with backoff and jitter bridge a second or two; callers retry longer outages.
_RETRIES = 5
_RETRY_TIMEOUT = timedelta(minutes=2)
# The limit of one whole request, a long download included, and of a pause without data in it.
_REQUEST_TIMEOUT = timedelta(hours=1)
_PAUSE_TIMEOUT = timedelta(minutes=1)
_LONGEST_LINK = timedelta(minutes=15)

_ANSWER = re.compile(r"(?<=status code: )(?P<status>\d{3})[ A-Za-z-]*")
_CODE = re.compile(r"<Code>(\w+)</Code>")
_RETRYABLE_STATUSES = frozenset({"408", "429", "500", "502", "503", "504"})


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketAccess:
    """How a bucket is reached. None: what the AWS_* variables or the AWS libraries say."""

    endpoint: str | None = None
    region: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)

    def config(self) -> "S3Config":
        """The known values, for obstore."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return cast("S3Config", {name: value for name, value in values.items() if value})


_FROM_ENVIRONMENT = BucketAccess()


def is_bucket(name: str) -> bool:
    """True if S3 allows the name."""
    return _BUCKET.fullmatch(name) is not None


class BucketStore(ObjectStore):
    """A bucket, below a prefix.

    An object appears when its last request completes. A killed upload leaves no object, but parts
    that are billed: `leftovers` lists them. A lifecycle rule of the bucket may abort them too.
    """

    def __init__(
        self, bucket: str, prefix: str = "", access: BucketAccess = _FROM_ENVIRONMENT
    ) -> None:
        objects = S3Store(
            bucket,
            prefix=prefix or None,
            config=access.config(),
            # With this option obstore does not need AWS_ALLOW_HTTP. Only an endpoint that the
            # operator wrote as http:// is used without encryption, and secrets are never sent.
            client_options={
                "allow_http": True,
                "timeout": _REQUEST_TIMEOUT,
                "read_timeout": _PAUSE_TIMEOUT,
            },
            retry_config={"max_retries": _RETRIES, "retry_timeout": _RETRY_TIMEOUT},
        )
        self._bucket = bucket
        self._access = access
        self._prefix = f"{prefix}/" if prefix else ""
        super().__init__(f"s3://{bucket}/{prefix}".rstrip("/"), objects)

    def put(
        self,
        key: str,
        chunks: Iterable[bytes],
        media_type: str = BINARY,
        *,
        file_name: str | None = None,
    ) -> StoredObject:
        """See `ObjectStore.put`; a difference is found after the object has become visible."""
        self._check(key)
        attributes = {"Content-Type": media_type}
        if file_name is not None:
            attributes["Content-Disposition"] = content_disposition(file_name)
        sent = self._write(key, chunks, attributes)
        self._compare(sent)
        return sent

    def location(self, key: str) -> str:
        """The s3:// address."""
        return f"{self.address}/{key}"

    def link(self, key: str) -> str:
        """The object's page in the console of AWS; at another endpoint its plain address."""
        environment = child_environment({})
        found = environment.get("AWS_ENDPOINT_URL_S3", environment.get("AWS_ENDPOINT_URL"))
        endpoint = self._access.endpoint or found
        if endpoint:
            return f"{endpoint.rstrip('/')}/{self._bucket}/{self._prefix}{key}"
        return (
            f"https://s3.console.aws.amazon.com/s3/object/{self._bucket}?prefix={self._prefix}{key}"
        )

    def signed_link(self, key: str, lifetime: timedelta) -> str:
        """See `ObjectStore.signed_link`; the lifetime is a quarter of an hour at most."""
        self._check(key)
        objects = cast("S3Store", self._objects)
        with self._explained("signed", key):
            return obstore.sign(objects, "GET", key, min(lifetime, _LONGEST_LINK))

    def leftovers(self, before: datetime) -> list[Leftover]:
        """The uploads below the prefix that began before an instant and never completed."""
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
        """A client of boto3, for the unfinished uploads that obstore does not list."""
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError

        doing = f"{self.address}: unfinished uploads could not be {done}"
        environment, access = child_environment({}), self._access
        # The bucket is addressed as by obstore. boto3 reads only the second name of the region.
        region = environment.get("AWS_REGION", environment.get("AWS_DEFAULT_REGION"))
        client = boto3.client(
            "s3",
            region_name=access.region or region,
            endpoint_url=access.endpoint,
            aws_access_key_id=access.access_key_id,
            aws_secret_access_key=access.secret_access_key,
            aws_session_token=access.session_token,
            config=Config(s3={"addressing_style": "path"}),
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
            message = f"{doing}: {error}; check AWS_ENDPOINT_URL and that the store is running"
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
        advice = "check AWS_ENDPOINT_URL, that credentials are set and that the store is running"
        return StoreUnavailable(f"{doing}: {reason}; {advice}")
