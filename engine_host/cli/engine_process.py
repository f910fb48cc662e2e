"""``anacrusis serve`` as a process of its own, for commands that play through it."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bridge_protocol.errors import ErrorCode, RefusedError

START_TIMEOUT_S = 60.0


@contextmanager
def engine_process(port: int) -> Iterator[str]:
    """Starts an engine (port 0: a free one) and gives its endpoint; ends it afterwards.

    RefusedError NO_ENGINE where it does not come up.
    """
    command = [sys.executable, "-m", "engine_host", "serve", "--no-gateway"]
    command += ["--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield _endpoint_of(process)
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()


def _endpoint_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    watchdog = threading.Timer(START_TIMEOUT_S, process.kill)
    watchdog.start()
    line = process.stdout.readline()
    watchdog.cancel()
    if "listening on " not in line:
        code = process.wait()
        raise RefusedError(
            ErrorCode.NO_ENGINE,
            "engine",
            f"The engine did not start (exit code {code}); see above.",
        )
    return line.rsplit("listening on ", 1)[1].strip()
