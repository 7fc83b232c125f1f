"""The store in a bucket: dagster-aws's `S3Resource` gives it its credentials and its endpoint.

Importing dagster-aws costs a process 0.7 CPU seconds; a store in a folder does without it.
"""

from typing import Self

import dagster as dg
from dagster_aws.s3 import S3Resource
from typing_extensions import override

from reporting_pipeline.errors import SettingsError
from reporting_pipeline.orchestration.resources import ReportStore
from reporting_pipeline.settings import Settings, child_environment
from reporting_pipeline.store import open_store
from reporting_pipeline.store.bucket import BucketAccess
from reporting_pipeline.store.object_store import ObjectStore

_SECRETS = {
    "aws_access_key_id": "AWS_ACCESS_KEY_ID",
    "aws_secret_access_key": "AWS_SECRET_ACCESS_KEY",
    "aws_session_token": "AWS_SESSION_TOKEN",
}
_PLACES = {
    "endpoint_url": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
    "region_name": ("AWS_REGION", "AWS_DEFAULT_REGION"),
}


class S3(S3Resource):
    """Credentials, region and endpoint of the bucket of report files, by dagster-aws."""

    @override
    def get_object_to_set_on_execution_context(self) -> Self:
        """The resource itself, in place of a client of boto3: the store has a client of its own."""
        return self


class BucketReportStore(ReportStore):
    """The store of report files: a bucket of S3 or a compatible server, reached by `s3`."""

    s3: dg.ResourceDependency[S3]

    @override
    def open(self) -> ObjectStore:
        """Open the store.

        Raises:
            SettingsError: `s3` has a setting that the store does not support.
            StoreError: The address is malformed.
        """
        s3 = self.s3
        if s3.profile_name or s3.use_unsigned_session or s3.verify is not None or not s3.use_ssl:
            message = (
                "the store supports no profile_name, use_unsigned_session, use_ssl or verify of "
                "the resource s3: set keys, region_name and endpoint_url"
            )
            raise SettingsError(message)
        access = BucketAccess(
            endpoint=s3.endpoint_url,
            region=s3.region_name,
            access_key_id=s3.aws_access_key_id,
            secret_access_key=s3.aws_secret_access_key,
            session_token=s3.aws_session_token,
        )
        return open_store(self.as_settings().store_address(), access)


def s3_resources(settings: Settings) -> dict[str, object]:
    """The resources `store` and `s3`, whose values the launchpad may change for a run.

    The UI shows the name of a variable in place of a credential. What no AWS_* variable says, the
    AWS libraries find by themselves.
    """
    environment = child_environment({})
    secrets = {
        name: dg.EnvVar(variable) for name, variable in _SECRETS.items() if variable in environment
    }
    places = {
        name: next((environment[each] for each in variables if each in environment), None)
        for name, variables in _PLACES.items()
    }
    s3 = S3.configure_at_launch(**secrets, **places)
    store = BucketReportStore.configure_at_launch(store_url=settings.store_url, s3=s3)
    return {"s3": s3, "store": store}
