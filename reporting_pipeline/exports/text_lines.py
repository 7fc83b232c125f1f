"""Lines of text from columns of text, a whole batch at once.

What belongs here: that. What does not: what the texts are, and how a format quotes them.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def joined_lines(parts: "Sequence[pa.StringArray | str]") -> "pa.Buffer":
    """The parts of each row one after the other, row after row: UTF-8.

    Args:
        parts: Columns without nulls, at least one, and texts that are the same in every row.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    lines = pc.binary_join_element_wise(*parts, "")
    if len(lines) == 0:
        return pa.py_buffer(b"")
    # Texts lie one after the other in an array's last buffer, from its first offset on.
    _, offsets, texts = lines.buffers()
    first = int.from_bytes(offsets.slice(4 * lines.offset, 4), "little")
    return texts.slice(first, pc.sum(pc.binary_length(lines)).as_py())
