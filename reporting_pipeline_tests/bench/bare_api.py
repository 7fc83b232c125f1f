"""The yardstick of the API: the same framework and server, answering a constant.

`uvicorn --factory reporting_pipeline_tests.bench.bare_api:application`; `BARE_BYTES` is the length
of the answer.
"""

import os

from fastapi import FastAPI, Response


def application() -> FastAPI:
    """An application with one route."""
    content = b"x" * int(os.environ["BARE_BYTES"])  # noqa: TID251 - of a program of its own
    app = FastAPI()

    @app.get("/constant")
    async def constant() -> Response:
        return Response(content, media_type="text/csv")

    return app
