"""The API on a port of this machine, for tests that need a real connection."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from reporting_pipeline.embedded.process import free_port
from reporting_pipeline.serving.api.app import Application


@contextmanager
def served(app: Application) -> Iterator[str]:
    """Serve an application in a thread; its address."""
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, access_log=False)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
