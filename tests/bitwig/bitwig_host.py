"""A controller script on the host double, in node or in Rhino, driven line by line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CONTROLLER = ROOT / "daw_clients" / "bitwig" / "controller"
EXTENSION = ROOT / "daw_clients" / "bitwig" / "extension"
STUBS = EXTENSION / "src" / "stubs"
RHINO = Path("/usr/share/java/js.jar")
LIBRARIES = (Path("/usr/share/java/jeromq.jar"), Path("/usr/share/java/msgpack-core.jar"))
JAVA = ("java", "-XX:TieredStopAtLevel=1", "-cp")
PATIENCE_S = 45.0
LONGEST_SETTLE_MS = 250  # the engine gives a sign of life that often


def need(*programs: str) -> None:
    """Skips, in words, where a program is missing; in CI that is a failure."""
    _need([name for name in programs if shutil.which(name) is None])


def need_file(*files: Path) -> None:
    """The same for files that a package brings."""
    _need([path.name for path in files if not path.exists()])


def _need(missing: list[str]) -> None:
    if not missing:
        return
    words = f"{', '.join(missing)} is not installed; see daw_clients/bitwig/test-packages.txt"
    if os.environ.get("CI"):
        pytest.fail(words)
    pytest.skip(words)


@dataclass(frozen=True)
class JavaParts:
    """What was built: the extension, and the class path of the programs that run it and Rhino."""

    extension: Path
    runners: str


def built_java(folder: Path) -> JavaParts:
    """Builds the extension as `make bitwig-extension` does, and what runs it."""
    need("java", "javac", "jar")
    need_file(RHINO, *LIBRARIES)
    subprocess.run([str(EXTENSION / "build.sh"), str(folder)], check=True, capture_output=True)
    extension, runners = folder / "Anacrusis.bwextension", folder / "run"
    sources = [str(path) for path in sorted((HERE / "java").glob("*.java"))]
    path = f"{RHINO}:{folder / 'classes'}"
    command = ["javac", "-implicit:class", "-sourcepath", str(STUBS), "-cp", path]
    subprocess.run([*command, "-d", str(runners), *sources], check=True)
    return JavaParts(extension, f"{RHINO}:{extension}:{runners}")


class BitwigHost:
    """The double and the script in it; every call waits for its answer."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def call(self, op: str, **arguments):
        """A command of run_in_node.js or host_double.js."""
        self._process.stdin.write(json.dumps({"op": op} | arguments) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the host double has ended"
        answer = json.loads(line)
        assert "failed" not in answer, answer["failed"]
        return answer

    def start(self, folder: Path = CONTROLLER, **settings) -> None:
        """Loads the script; settings are those that Bitwig kept from another time."""
        for label, value in settings.items():
            self.set(label.replace("_", " "), value)
        self.call("start", folder=str(folder))

    def set(self, label: str, value) -> None:
        self.call("setting", label=label, value=value)

    def transport(self, **values) -> None:
        self.call("transport", values=values)

    def remote(self, index: int, name: str, value: float) -> None:
        self.call("remote", index=index, name=name, value=value)

    def advance(self, ms: int) -> None:
        """Lets the host's own clock run; nothing is waited for."""
        self.call("advance", ms=ms)

    def play(self, ms: int) -> None:
        """Lets the host's clock run as fast as the wall's."""
        self.call("play", ms=ms)

    @property
    def state(self) -> dict:
        return self.call("state")

    @property
    def status(self) -> str:
        return self.state["kept"]["Status"]

    def sent(self, kind: str) -> list[dict]:
        """What the script has sent of one type."""
        found = (json.loads(text) for text in self.state["sent"])
        return [message for message in found if message["type"] == kind]

    def until(self, done: Callable[[dict], bool], step_ms: int = 40) -> dict:
        """Goes on, the host's clock with it, until the state is as wanted; fails after a while."""
        end = time.monotonic() + PATIENCE_S
        while not done(state := self.state):
            assert state["phase"] == "running", state["log"]
            assert time.monotonic() < end, state["status"][-3:] + state["popups"] + state["log"]
            self.call("settle", ms=min(step_ms, LONGEST_SETTLE_MS))
            self.advance(step_ms)
        return state

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(timeout=10)
        self._process.stdout.close()


@contextmanager
def bitwig_in_node() -> Iterator[BitwigHost]:
    need("node")
    with closing(["node", str(HERE / "run_in_node.js")]) as host:
        yield host


@contextmanager
def bitwig_in_rhino(built: JavaParts) -> Iterator[BitwigHost]:
    with closing([*JAVA, built.runners, "RunInRhino", str(HERE)]) as host:
        yield host


@contextmanager
def bitwig_with_extension(built: JavaParts, bars: Path) -> Iterator[BitwigHost]:
    """The extension from its jar in place of a script; its files go to ``bars``."""
    with closing([*JAVA, built.runners, "RunExtension", str(HERE), str(bars)]) as host:
        yield host


@contextmanager
def closing(command: list[str]) -> Iterator[BitwigHost]:
    host = BitwigHost(command)
    try:
        yield host
    finally:
        host.close()


def clips(state: dict) -> list[Path]:
    """The files in the slots, from the top; slots that have none are left out."""
    return [Path(clip["path"]) for clip in state["slots"] if clip and clip["path"]]
