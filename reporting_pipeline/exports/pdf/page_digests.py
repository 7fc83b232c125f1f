"""Digests of finished pages: the marks on them, their fonts, and everything over them.

A digest does not depend on how a file is packed: another program may compress, order or number its
objects differently. It changes with every mark on the page.
"""

import hashlib
from decimal import Decimal
from typing import Any

# The look of a page depends on these; they may be inherited from the tree of pages.
_INHERITED = ("/Resources", "/MediaBox", "/CropBox", "/Rotate")
_OWN = ("/Annots", "/UserUnit")
_PACKING = frozenset({"/Length", "/Filter", "/DecodeParms", "/DL"})
_MAX_DEPTH = 40


class PageDigests:
    """Digests of the pages of one open file."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], bytes] = {}

    def of(self, page: Any) -> str:
        """The digest of a page, as hexadecimal digits."""
        digest = hashlib.sha256(_content(page))
        for name in _INHERITED:
            digest.update(name.encode() + self._value(_inherited(page.obj, name), 0))
        for name in _OWN:
            digest.update(name.encode() + self._value(page.obj.get(name), 0))
        return digest.hexdigest()

    def _value(self, value: Any, depth: int) -> bytes:
        if depth > _MAX_DEPTH:
            return b"deep"
        import pikepdf

        if not isinstance(value, pikepdf.Object):
            return _plain(value)
        key = value.objgen
        if key != (0, 0) and key in self._known:
            return self._known[key]
        if key != (0, 0):
            self._known[key] = b"cycle"
        found = hashlib.sha256(b"".join(self._parts(value, depth))).digest()
        if key != (0, 0):
            self._known[key] = found
        return found

    def _parts(self, value: Any, depth: int) -> list[bytes]:
        import pikepdf

        if isinstance(value, pikepdf.Array):
            return [b"[", *(self._value(each, depth + 1) for each in value)]
        if isinstance(value, pikepdf.Dictionary | pikepdf.Stream):
            parts = [b"<"]
            for name in sorted(value.keys()):
                if name not in _PACKING and name != "/Parent":
                    parts += [name.encode(), self._value(value[name], depth + 1)]
            return [*parts, b"stream", _data(value)] if isinstance(value, pikepdf.Stream) else parts
        if isinstance(value, pikepdf.String):
            return [b"(", bytes(value)]
        return [str(value).encode()]


def _content(page: Any) -> bytes:
    import pikepdf

    contents = page.obj.get("/Contents")
    if contents is None:
        return b""
    streams = contents if isinstance(contents, pikepdf.Array) else [contents]
    return b"\n".join(_data(each).rstrip() for each in streams)


def _data(stream: Any) -> bytes:
    import pikepdf

    try:
        return bytes(stream.read_bytes())
    except pikepdf.PdfError:
        return bytes(stream.read_raw_bytes())


def _inherited(node: Any, name: str) -> Any:
    for _ in range(_MAX_DEPTH):
        if name in node:
            return node[name]
        if "/Parent" not in node:
            return None
        node = node["/Parent"]
    return None


def _plain(value: Any) -> bytes:
    """Numbers, booleans and None; 12 and 12.0 are the same."""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return format(Decimal(value).normalize(), "f").encode()
    return repr(value).encode()
