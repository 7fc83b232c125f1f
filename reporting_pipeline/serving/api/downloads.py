"""Answers with a file: from memory, from a folder, or by a link of a bucket.

A file that memory holds is sent by the API itself. A larger one is streamed from a folder, or the
caller is led to a link of the bucket, which ends after a quarter of an hour. All of them understand
a range of bytes, and the entity tag is the digest of the file.
"""

import re
from datetime import timedelta

from fastapi import Request, Response
from fastapi.responses import FileResponse, RedirectResponse

from reporting_pipeline.domain.file_names import content_disposition
from reporting_pipeline.errors import FileLost
from reporting_pipeline.exports.formats import media_type_named
from reporting_pipeline.serving.api.answers import has_tag
from reporting_pipeline.serving.report_files import CurrentEdition, ReportFile
from reporting_pipeline.store.object_store import ObjectStore

LINK_LIFETIME = timedelta(minutes=15)
_RANGE = re.compile(r"bytes=(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})")


def file_answer(request: Request, store: ObjectStore, found: ReportFile) -> Response:
    """The file of a report's current edition, or a part of it.

    Raises:
        FileLost: The folder has another file now.
        StoreError: The store failed.
    """
    edition = found.edition
    headers = _headers(edition)
    if has_tag(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    if found.content is not None:
        return _part(request, found.content, headers)
    path = store.path(edition.storage_path)
    if path is not None:
        # The headers give the tag, by which the library judges `If-Range`.
        if not path.is_file() or path.stat().st_size != edition.byte_count:
            message = f"report {edition.report_id} has another file in the store: ask again"
            raise FileLost(message)
        return FileResponse(path, headers=headers, media_type=headers["Content-Type"])
    link = store.signed_link(edition.storage_path, LINK_LIFETIME)
    return RedirectResponse(link or "", 307, headers={"Cache-Control": "no-store"})


def _headers(edition: CurrentEdition) -> dict[str, str]:
    return {
        "ETag": f'"{edition.file_sha256}"',
        "Cache-Control": "private, no-cache",
        "Content-Disposition": content_disposition(edition.file_name),
        "Content-Type": media_type_named(edition.file_name),
        "Accept-Ranges": "bytes",
    }


def _part(request: Request, content: bytes, headers: dict[str, str]) -> Response:
    """The whole content, or the one range of bytes that the caller asks for."""
    place = _range(request, len(content), headers["ETag"])
    if place is None:
        return Response(content, headers=headers)
    first, end = place
    if first >= end:
        unsatisfied = {**headers, "Content-Range": f"bytes */{len(content)}"}
        return Response(status_code=416, headers=unsatisfied)
    shown = f"bytes {first}-{end - 1}/{len(content)}"
    return Response(content[first:end], 206, headers={**headers, "Content-Range": shown})


def _range(request: Request, size: int, tag: str) -> tuple[int, int] | None:
    """The first byte and the byte behind the last one; None for the whole content.

    Several ranges, and a range that is not well formed, are answered with the whole, as RFC 9110
    allows.
    """
    found = _RANGE.fullmatch(request.headers.get("range", ""))
    if found is None or request.headers.get("if-range", tag) != tag:
        return None
    first, last = found["first"], found["last"]
    if not first:
        return (max(0, size - int(last)), size) if last else None
    if last and int(last) < int(first):
        return None
    return int(first), min(size, int(last) + 1 if last else size)
