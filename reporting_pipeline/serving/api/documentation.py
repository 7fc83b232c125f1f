"""`/docs`: the page that describes every call, with its scripts from this server.

The framework's own page loads scripts from other hosts. It stays empty where those cannot be
reached, and their scripts would read the token that somebody types into it.
"""

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

PAGE = "/docs"
_FILES = "/docs-files"
PAGE_SOURCES = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
)
"""What the page may load and call: this server."""


def add_documentation(app: FastAPI) -> None:
    """Serve the page and its scripts."""
    page = get_swagger_ui_html(
        openapi_url=str(app.openapi_url),
        title=f"{app.title}: HTTP API",
        swagger_js_url=f"{_FILES}/swagger-ui-bundle.js",
        swagger_css_url=f"{_FILES}/swagger-ui.css",
        swagger_favicon_url=f"{_FILES}/favicon-32x32.png",
        swagger_ui_parameters={"persistAuthorization": False},
    )

    @app.get(PAGE, include_in_schema=False)
    async def documentation() -> HTMLResponse:
        return page

    app.mount(_FILES, StaticFiles(packages=[("fastapi_swagger", "resources")]))
