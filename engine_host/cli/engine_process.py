"""``anacrusis serve`` as a process of its own, for commands that play through it."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.models.catalogue import HOUSE, ModelChoice

START_TIMEOUT_S = 60.0
LOAD_TIMEOUT_S = 900.0  # of a model that is not the built-in one
_HOUSE = ModelChoice()


@contextmanager
def engine_process(port: int, choice: ModelChoice = _HOUSE) -> Iterator[str]:
    """Starts an engine (port 0: a free one) and gives its endpoint; ends it afterwards.

    RefusedError NO_ENGINE where it does not come up.
    """
    command = [sys.executable, "-m", "engine_host", "serve", "--no-gateway"]
    command += ["--port", str(port), *_words(choice)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        timeout_s = START_TIMEOUT_S if choice.model == HOUSE else LOAD_TIMEOUT_S
        yield _endpoint_of(process, timeout_s)
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()


def _words(choice: ModelChoice) -> list[str]:
    told = {
        "--model": choice.model,
        "--device": choice.device,
        "--dtype": choice.dtype,
        "--accelerator": choice.accelerator,
        "--threads": str(choice.threads),
        "--depth": str(choice.depth),
    }
    return [word for pair in told.items() for word in pair]


def _endpoint_of(process: subprocess.Popen[str], timeout_s: float) -> str:
    assert process.stdout is not None
    watchdog = threading.Timer(timeout_s, process.kill)
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
