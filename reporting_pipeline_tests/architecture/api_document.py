"""The OpenAPI document of the application, without servers."""

from typing import Any
from unittest import mock

from reporting_pipeline.serving.api.app import create_app
from reporting_pipeline.serving.api.context import ApiContext


def api_document() -> dict[str, Any]:
    """The document that `/openapi.json` gives."""
    context = mock.create_autospec(ApiContext, instance=True)
    context.settings = mock.Mock(api_body_bytes=1)
    context.kept = mock.Mock()
    return create_app(context).openapi()
