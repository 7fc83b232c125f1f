"""The tree of tags of a file made of pieces: who reads aloud goes through all of them in order.

What belongs here: PDF structure trees. What does not: pages and their content.
"""

from collections.abc import Iterator
from typing import Any


def append_tags(pdf: Any, piece: Any, page_count: int) -> None:
    """Append a piece's tags; its pages follow the first `page_count` pages of `pdf` already."""
    import pikepdf

    tree = pdf.copy_foreign(piece.Root.StructTreeRoot)
    ours = pdf.Root.StructTreeRoot
    document, added = ours.K[0], tree.K[0]
    for element in added.K:
        element.P = document
        document.K.append(element)
    for page in pdf.pages[page_count:]:
        page.obj.StructParents = int(page.obj.StructParents) + page_count
    numbers = list(tree.ParentTree.Nums)
    for key, value in zip(numbers[::2], numbers[1::2], strict=True):
        ours.ParentTree.Nums.append(int(key) + page_count)
        ours.ParentTree.Nums.append(value)
    # Ids of header cells begin at the same numbers in every piece.
    for cell in _cells(added):
        attributes = cell.A
        if "/ID" in cell:
            cell.ID = _of_piece(cell.ID, page_count)
        if "/Headers" in attributes:
            headers = [_of_piece(each, page_count) for each in attributes.Headers]
            attributes.Headers = pikepdf.Array(headers)


def list_header_cells(pdf: Any) -> None:
    """List the header cells by their ids, which the cells below them refer to."""
    import pikepdf

    found = {
        bytes(each.ID): each
        for each in pdf.objects
        if isinstance(each, pikepdf.Dictionary) and each.get("/S") == "/TH" and "/ID" in each
    }
    names = [part for key in sorted(found) for part in (pikepdf.String(key), found[key])]
    pdf.Root.StructTreeRoot.IDTree = pikepdf.Dictionary(Names=pikepdf.Array(names))


def _of_piece(identifier: Any, page_count: int) -> Any:
    import pikepdf

    return pikepdf.String(f"{page_count}-{identifier}")


def _cells(element: Any) -> Iterator[Any]:
    import pikepdf

    waiting = [element]
    while waiting:
        each = waiting.pop()
        if each.S in {"/TH", "/TD"}:
            yield each
        elif "/K" in each:
            kids = each.K
            waiting.extend(
                kid
                for kid in (kids if isinstance(kids, pikepdf.Array) else [kids])
                if isinstance(kid, pikepdf.Dictionary) and "/S" in kid
            )
