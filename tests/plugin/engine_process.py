"""The real engine as a process that can be stopped, killed and started again on its port."""

import os
import selectors
import signal
import socket
import subprocess
import sys

READY = "listening on tcp://127.0.0.1:"


def free_port():
    """A port of 127.0.0.1 that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class EngineProcess:
    """``anacrusis serve`` with the house model. A context: whatever happens, it is gone at the end."""

    def __init__(self, port=0):
        self.port = port
        self._process = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_):
        self.kill()

    @property
    def endpoint(self):
        return f"tcp://127.0.0.1:{self.port}"

    def start(self, timeout_s=60.0):
        """Starts it and returns when it is ready; on the port it had before, if any."""
        self.begin()
        line = self._first_line(timeout_s)
        assert READY in line, f"the engine did not start: {line!r}"
        self.port = int(line.rsplit(":", 1)[1])

    def begin(self):
        """Starts it and does not wait until it is ready."""
        assert self._process is None
        words = ["engine_host", "serve", "--no-gateway", "--port", str(self.port)]
        words = [sys.executable, "-m", *words]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)

    def kill(self):
        """SIGKILL, and its end is waited for."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait(10)
        self._process.stdout.close()
        self._process = None

    def freeze(self):
        """SIGSTOP: it lives and does nothing."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self):
        """SIGCONT."""
        os.kill(self._process.pid, signal.SIGCONT)

    def _first_line(self, timeout_s):
        with selectors.DefaultSelector() as ready:
            ready.register(self._process.stdout, selectors.EVENT_READ)
            if not ready.select(timeout_s):
                return f"nothing in {timeout_s} s"
        return self._process.stdout.readline()
