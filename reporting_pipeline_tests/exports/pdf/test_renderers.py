"""Renderers stay warm, and none is shared, left behind or used after a failure."""

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from reporting_pipeline.errors import RenderFailed
from reporting_pipeline.exports.pdf import renderers
from reporting_pipeline.exports.pdf.pdf_format import PDF, render_job
from reporting_pipeline.exports.pdf.sheet import lay_out
from reporting_pipeline_tests.exports.documents import column
from reporting_pipeline_tests.exports.pdf.pages import report


@pytest.fixture(autouse=True)
def pool() -> Iterator[renderers.Pool]:
    """The pool of this process, without the renderers of former tests."""
    renderers.POOL.stop()
    yield renderers.POOL
    renderers.POOL.stop()


def test_one_renderer_makes_one_document_after_the_other_with_the_same_bytes(
    tmp_path: Path, pool: renderers.Pool
) -> None:
    written = [write(tmp_path, f"{number}.pdf") for number in range(3)]

    assert len(set(written)) == 1
    assert len(pool.waiting) == 1
    pool.stop()
    assert write(tmp_path, "cold.pdf") == written[0]


def test_threads_that_render_at_once_have_a_renderer_each(
    tmp_path: Path, pool: renderers.Pool
) -> None:
    names = [f"{number}.pdf" for number in range(2)]
    threads = [threading.Thread(target=write, args=(tmp_path, name)) for name in names]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert {len((tmp_path / name).read_bytes()) > 0 for name in names} == {True}
    assert 1 <= len(pool.waiting) <= 2


def test_a_document_that_fails_ends_its_renderer_and_the_next_one_succeeds(
    tmp_path: Path, pool: renderers.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "first.pdf")
    [first] = pool.waiting
    with monkeypatch.context() as patch:
        patch.setattr(renderers, "MAX_CPU_SECONDS", 1)
        with pytest.raises(RenderFailed, match="more than 1 s of processor time"):
            write(tmp_path, "long.pdf", rows=1_500)

    assert pool.waiting == []
    assert first.process.returncode == -signal.SIGXCPU
    assert not first.folder.exists()
    write(tmp_path, "next.pdf")


def test_the_limit_on_processor_time_is_of_one_document_and_not_of_all(
    tmp_path: Path, pool: renderers.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renderers, "MAX_CPU_SECONDS", 3)
    write(tmp_path, "first.pdf")
    [renderer] = pool.waiting

    for number in range(12):
        write(tmp_path, f"{number}.pdf", rows=40)

    assert pool.waiting == [renderer]


def test_a_renderer_that_has_ended_by_itself_is_replaced(
    tmp_path: Path, pool: renderers.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renderers, "MAX_DOCUMENTS", 1)
    write(tmp_path, "first.pdf")
    [first] = pool.waiting
    assert first.process.wait(60) == 0

    write(tmp_path, "second.pdf")

    assert pool.waiting != [first]
    assert not first.folder.exists()


def test_a_renderer_that_is_not_used_ends(
    tmp_path: Path, pool: renderers.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renderers, "IDLE_SECONDS", 0.1)
    renderer = renderers.Renderer.start()

    assert renderer.process.wait(60) == 0
    renderer.stop()


def test_a_renderer_ends_with_its_parent_also_while_it_renders(tmp_path: Path) -> None:
    document = report(tmp_path / "spool", (column("text"),), [("x",)] * 1_900)
    render_job(document, [lay_out(document)], tmp_path / "r.pdf").write(tmp_path / "job.json")
    with subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-c", _PARENT, str(tmp_path / "job.json")], stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        renderer = int(parent.stdout.readline())
        ended = os.pidfd_open(renderer)
        parent.kill()
    assert select.select([ended], [], [], 60)[0] == [ended]
    os.close(ended)
    assert not (tmp_path / "r.pdf").exists()


_PARENT = """
import subprocess, sys
from pathlib import Path
from reporting_pipeline.exports.pdf import renderers
started = subprocess.Popen
def start(*arguments, **options):
    process = started(*arguments, **options)
    print(process.pid, flush=True)
    return process
subprocess.Popen = start
renderers.render_each([Path(sys.argv[1])])
"""


def test_ctrl_c_reaches_the_parent_and_not_its_renderer(
    tmp_path: Path, pool: renderers.Pool
) -> None:
    write(tmp_path, "first.pdf")
    [renderer] = pool.waiting
    for each in (signal.SIGINT, signal.SIGTERM):
        renderer.process.send_signal(each)

    write(tmp_path, "second.pdf")

    assert pool.waiting == [renderer]


def test_a_forked_process_leaves_the_renderers_to_its_parent(
    tmp_path: Path, pool: renderers.Pool
) -> None:
    write(tmp_path, "first.pdf")
    [renderer] = pool.waiting
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, str(len(pool.waiting)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)

    with os.fdopen(reading) as pipe:
        assert pipe.read() == "0"
    write(tmp_path, "second.pdf")
    assert pool.waiting == [renderer]


def write(folder: Path, name: str, *, rows: int = 2) -> bytes:
    """Write a PDF of one column, and return its bytes."""
    document = report(folder / f"spool of {name}", (column("text"),), [("x",)] * rows)
    PDF.write(document, folder / name)
    return (folder / name).read_bytes()
