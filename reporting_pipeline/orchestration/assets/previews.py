"""Previews of report files in metadata: first rows, totals by currency and a chart, by pandas.

pandas is imported when a file is read: it costs every process more than a second.
"""

from base64 import b64encode
from html import escape
from typing import TYPE_CHECKING, Any

import dagster as dg

from reporting_pipeline.errors import ReportingError
from reporting_pipeline.orchestration.assets.tables import markdown_table

if TYPE_CHECKING:
    import pandas as pd

ROWS_AT_MOST = 5_000
"""A longer report has no preview: its file would be read whole."""

_FIRST_ROWS = 5
_BARS_AT_MOST = 24
_BAR_HEIGHT, _LABEL_WIDTH, _BAR_WIDTH, _WIDTH = 18, 220, 320, 660


def file_preview(location: str) -> dict[str, dg.MetadataValue[Any]]:
    """The first rows, totals and chart of a file whose rows agree with its manifest.

    Args:
        location: The path or s3:// address of a file in a format that can be read.
    """
    from reporting_pipeline.notebooks import block_names, read_report

    try:
        # Of a report of several blocks the first one is shown.
        frame = read_report(location, block=next(iter(block_names(location)), None))
    except ReportingError as error:
        return {"preview": dg.MetadataValue.md(f"The file cannot be read: {error.message}")}
    parts = {"preview": _first_rows(frame), "totals": _totals(frame), "chart": _chart(frame)}
    return {name: dg.MetadataValue.md(text) for name, text in parts.items() if text}


def _first_rows(frame: "pd.DataFrame") -> str:
    shown = _plain(frame.head(_FIRST_ROWS)).astype(object)
    shown = shown.where(shown.notna(), None)
    return markdown_table(list(shown.columns), shown.itertuples(index=False))


def _totals(frame: "pd.DataFrame") -> str:
    """The sums of money, by currency."""
    money = _money_columns(frame)
    if not money:
        return ""
    sums = _plain(frame)[["currency", *money]].groupby("currency").sum().reset_index()
    return markdown_table(list(sums.columns), sums.itertuples(index=False))


def _chart(frame: "pd.DataFrame") -> str:
    """A bar for each day, or else for each name: the first money, or else the first count."""
    names = [name for name in frame.columns if name.endswith("_name")]
    by = next((c for c in ("date", *names) if c in frame and frame[c].nunique() > 1), None)
    counts = [name for name in frame.columns if name.endswith("_count")]
    figure = next(iter([*_money_columns(frame), *counts]), None)
    if figure is None or by is None:
        return ""
    plain, title = _plain(frame), f"{figure} by {by}"
    if figure not in counts:
        currency = plain["currency"].iloc[0]
        plain, title = plain[plain["currency"] == currency], f"{title}, {currency}"
    bars = plain.groupby(by)[figure].sum().head(_BARS_AT_MOST)
    svg = _svg({str(label): int(value) for label, value in bars.items()})
    return f"![{title}](data:image/svg+xml;base64,{b64encode(svg.encode()).decode()})\n\n{title}"


def _svg(bars: dict[str, int]) -> str:
    greatest = max(map(abs, bars.values())) or 1
    lines = [
        f'<text x="{_LABEL_WIDTH - 8}" y="{y + 13}" text-anchor="end">{escape(label[:32])}</text>'
        f'<rect x="{_LABEL_WIDTH}" y="{y + 3}" height="{_BAR_HEIGHT - 5}"'
        f' width="{_BAR_WIDTH * abs(value) / greatest:.1f}"'
        f' fill="{"#4f43dd" if value >= 0 else "#d24235"}"/>'
        f'<text x="{_LABEL_WIDTH + _BAR_WIDTH + 8}" y="{y + 13}">{value:,}</text>'
        for y, (label, value) in zip(range(0, 10**6, _BAR_HEIGHT), bars.items(), strict=False)
    ]
    size = f'width="{_WIDTH}" height="{_BAR_HEIGHT * len(bars)}"'
    font = 'font-family="sans-serif" font-size="12"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>{"".join(lines)}</svg>'


def _money_columns(frame: "pd.DataFrame") -> list[str]:
    return [name for name in frame.columns if frame[name].dtype == "money"]


def _plain(frame: "pd.DataFrame") -> "pd.DataFrame":
    """The frame with money as whole numbers of minor units."""
    return frame.assign(**{name: frame[name].money.minor for name in _money_columns(frame)})
