"""The child process has no network and limited resources, and reports why it failed."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pikepdf
import pytest

from reporting_pipeline.errors import RenderFailed
from reporting_pipeline.exports.manifest import DefinitionPart, OrganizationPart
from reporting_pipeline.exports.pdf import pdf_format, renderers
from reporting_pipeline.exports.pdf.assembly import (
    MANIFEST_ATTACHMENT,
    PAGES_ATTACHMENT,
    ROWS_ATTACHMENT,
)
from reporting_pipeline.exports.pdf.page_comparison import letters_of
from reporting_pipeline.exports.pdf.pdf_format import PDF, render_job
from reporting_pipeline.exports.pdf.read import page_problems
from reporting_pipeline.exports.pdf.sheet import lay_out
from reporting_pipeline.registry.columns import ColumnType
from reporting_pipeline_tests.exports.documents import column
from reporting_pipeline_tests.exports.pdf.pages import letters_on, report

SINKS = (
    '<img src="{}">',
    '<link rel="stylesheet" href="{}">',
    '<link rel="attachment" href="{}">',
    '<a rel="attachment" href="{}">x</a>',
    '<style>@import "{}";</style>',
    "<style>@font-face {{ font-family: x; src: url({}) }}</style>",
    '<p style="background: url({})">x</p>',
    '<ul style="list-style: url({})"><li>x</ul>',
    '<p style="content: url({})">x</p>',
    '<object data="{}"></object>',
    '<embed src="{}">',
    '<iframe src="{}"></iframe>',
    '<svg><image href="{}"/></svg>',
    '<svg><use href="{}#x"/></svg>',
    '<img src="data:image/svg+xml,<svg><image href={} /></svg>">',
    '<base href="{}">',
    '<meta http-equiv="refresh" content="0; url={}">',
    "<script>fetch('{}')</script>",
    '</td></tr></table><img src="{}">',
    '"><img src={}>',
    "&lt;img src={}&gt;",
    "{{{{ 7 * 7 }}}} {{% include '{}' %}}",
    '<td colspan="100000">{}',
)


@pytest.fixture
def heard() -> Iterator[tuple[int, list[bytes]]]:
    """A port that listens, and the requests that it received."""
    requests: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                requests.append(connection.recv(100))
                connection.close()

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield server.getsockname()[1], requests
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_markup_in_data_and_labels_is_shown_and_has_no_effect(
    tmp_path: Path, heard: tuple[int, list[bytes]]
) -> None:
    port, requests = heard
    secret = tmp_path / "secret"
    secret.write_text("the canary")
    addresses = (f"http://127.0.0.1:{port}/x", secret.as_uri())
    texts = [sink.format(address) for sink in SINKS for address in addresses]
    plain = report(
        tmp_path / "spool",
        (column("text", label=texts[0]), column("day", ColumnType.DATE, label=texts[-1])),
        [(text, None) for text in texts],
        filters=tuple(texts),
        organization=OrganizationPart(id=UUID(int=2), name=texts[2]),
        definition=named(texts[4]),
    )

    PDF.write(plain, tmp_path / "r.pdf")

    shown = "".join(letters_on(tmp_path / "r.pdf"))
    assert [text for text in texts if letters_of(text) not in shown] == []
    assert page_problems(tmp_path / "r.pdf", plain.manifest) == []
    assert requests == []
    with pikepdf.open(tmp_path / "r.pdf") as pdf:
        attached = {MANIFEST_ATTACHMENT, ROWS_ATTACHMENT, PAGES_ATTACHMENT}
        assert set(pdf.attachments) == attached
        assert all("/Annots" not in page.obj for page in pdf.pages)
        streams = [each for each in pdf.objects if isinstance(each, pikepdf.Stream)]
        assert not any(b"the canary" in each.read_bytes() for each in streams)


def test_a_page_that_requests_an_address_is_refused(
    tmp_path: Path, heard: tuple[int, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, requests = heard
    style = tmp_path / "style.css"
    style.write_text(f"h1 {{ background: url(http://127.0.0.1:{port}/x) }}")
    monkeypatch.setattr(pdf_format, "_STYLE", style)

    with pytest.raises(RenderFailed, match="pages must ask for nothing"):
        PDF.write(report(tmp_path / "spool"), tmp_path / "r.pdf")
    assert requests == []
    assert {each.name for each in tmp_path.iterdir()} == {"style.css", "spool"}


@pytest.mark.parametrize(
    ("limit", "value", "named"),
    [
        ("MAX_CPU_SECONDS", 1, "more than 1 s of processor time"),
        ("MAX_MEMORY_BYTES", 200_000_000, " 200000000 bytes"),
        ("MAX_WALL_SECONDS", 0.2, "took more than 0.2 s"),
    ],
)
def test_a_limit_ends_the_child_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: float, named: str
) -> None:
    monkeypatch.setattr(renderers, limit, value)
    rows = [(str(number),) for number in range(1_000)]

    with pytest.raises(RenderFailed) as caught:
        PDF.write(report(tmp_path / "spool", (column("text"),), rows), tmp_path / "r.pdf")

    assert named in caught.value.message
    assert [each.name for each in tmp_path.iterdir()] == ["spool"]


def test_the_last_output_of_the_child_is_the_cause(tmp_path: Path) -> None:
    job = tmp_path / "job.json"
    plain = report(tmp_path / "spool")
    render_job(plain, [lay_out(plain)], tmp_path / "no folder" / "r.pdf").write(job)

    with pytest.raises(RenderFailed, match=r"\(code 1\): [\s\S]*No such file or directory"):
        renderers.render_each([job])


def named(name: str) -> DefinitionPart:
    """The definition of a report with that name."""
    return DefinitionPart(
        id=UUID(int=1),
        slug="named",
        name=name,
        version=1,
        category="sales",
        dataset="sales_daily",
    )
