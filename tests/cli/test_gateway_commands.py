"""The gateway as a part of `anacrusis serve`, and as a process beside it."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.meter import MeterMap
from bridge_protocol.schema import AudioFile, Credit, Render, RenderDone
from bridge_protocol.tempo import TempoMap
from daw_clients.client.client import Client
from daw_clients.client.gateway_link import GatewayLink


class Home:
    """A user whose folders are elsewhere."""

    def __init__(self, folder: Path) -> None:
        self.environment = {
            **{name: value for name, value in os.environ.items() if "ANACRUSIS" not in name},
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_CACHE_HOME": str(folder / "cache"),
        }
        self.token_file = folder / "data" / "anacrusis" / "gateway.token"
        self.sessions = folder / "cache" / "anacrusis" / "sessions"

    @property
    def token(self) -> str:
        return self.token_file.read_text().strip()

    def start(self, *words, **environment) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-m", "engine_host", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment | environment,
        )

    @contextmanager
    def running(self, *words, lines: int, **environment):
        """A command that runs until the block ends, and its first lines; it ends without a fault."""
        process = self.start(*words, **environment)
        try:
            yield [process.stdout.readline().strip() for _ in range(lines)]
        finally:
            process.send_signal(signal.SIGTERM)
            _, told = process.communicate(timeout=20)
        assert process.returncode == 0, told
        assert "Traceback" not in told


def endpoint_in(line: str) -> str:
    return next(word.rstrip(",") for word in line.split() if "://" in word)


def rendered(link) -> np.ndarray:
    with Client(link) as client:
        client.set_tempo(TempoMap.constant(150.0), MeterMap.constant(4, 4))
        client.prompt("jazz piano")
        return client.render(1, 4)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return Home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def engine(home):
    """The ZeroMQ endpoint and the gateway of a real engine, and a render over ZeroMQ."""
    with home.running("serve", "--port", 0, "--gateway-port", 0, lines=2) as lines:
        assert "listening on tcp://127.0.0.1:" in lines[0]
        assert str(home.token_file) in lines[1]
        assert not any(home.token in line for line in lines)
        endpoint = lines[0].rsplit(" ", 1)[1]
        yield endpoint, endpoint_in(lines[1]), rendered(endpoint)
    assert list(home.sessions.iterdir()) == []


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
def test_a_render_through_the_gateway_of_serve_has_the_bits_of_zeromq(home, engine, encoding):
    found = rendered(GatewayLink(engine[1], home.token, encoding=encoding))
    assert found.tobytes() == engine[2].tobytes()
    assert np.sqrt(np.mean(found**2)) > 0.01


def test_bars_come_as_files_from_a_real_engine(home, engine):
    with Client(GatewayLink(engine[1], home.token, audio="files")) as client:
        client.set_tempo(TempoMap.constant(150.0), MeterMap.constant(4, 4))
        client.prompt("jazz piano")
        client.request(Render(stream=1, first_bar=1, last_bar=4))
        client.tell(Credit(stream=1, epoch=0, frames=2**40))
        while not client.kept(RenderDone):
            assert client.poll(30.0)
        files = client.kept(AudioFile)
        assert [file.bar for file in files] == [1, 2, 3, 4]
        parts = [soundfile.read(file.path, dtype="float32")[0] for file in files]
        assert np.concatenate(parts).tobytes() == engine[2].tobytes()
        assert all(Path(file.path).is_relative_to(home.sessions) for file in files)


def test_a_gateway_of_its_own_leads_to_the_same_engine(home, engine):
    words = ("gateway", "--engine", engine[0], "--port", 0)
    secret = "a token of the environment"
    with home.running(*words, lines=1, ANACRUSIS_GATEWAY_TOKEN=secret) as (line,):
        assert line.endswith(f"for the engine at {engine[0]}")
        assert "ANACRUSIS_GATEWAY_TOKEN" in line
        assert secret not in line
        with pytest.raises(RefusedError) as refused:
            rendered(GatewayLink(endpoint_in(line), home.token))
        assert refused.value.code is ErrorCode.BAD_TOKEN
        found = rendered(GatewayLink(endpoint_in(line), secret))
    assert found.tobytes() == engine[2].tobytes()


def test_serve_goes_on_without_its_gateway_where_the_port_is_taken(home):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = home.start("serve", "--port", 0, "--gateway-port", port)
        endpoint = process.stdout.readline().strip().rsplit(" ", 1)[1]
        with Client(endpoint) as client:
            assert client.core.welcome.model.name == "house-1"
        process.send_signal(signal.SIGTERM)
        out, told = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "")
    assert "note gateway: it is left out." in told
    assert str(port) in told


def test_show_token_prints_the_token_and_nothing_else(anacrusis, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("ANACRUSIS_GATEWAY_TOKEN", raising=False)
    code, out, told = anacrusis("gateway", "--show-token")
    (file,) = (tmp_path / "anacrusis").iterdir()
    assert (code, out, told) == (0, file.read_text(), "")
    assert len(out.strip()) >= 43
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert anacrusis("gateway", "--show-token")[1] == out


def test_a_gateway_whose_port_is_taken_ends_with_exit_code_2(anacrusis, monkeypatch):
    monkeypatch.setenv("ANACRUSIS_GATEWAY_TOKEN", "a token of the tests")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, out, told = anacrusis("gateway", "--port", taken.getsockname()[1])
    assert (code, out) == (2, "")
    assert "error PORT_IN_USE port:" in told


def test_a_gateway_to_what_is_no_endpoint_ends_with_exit_code_2(anacrusis, monkeypatch):
    monkeypatch.setenv("ANACRUSIS_GATEWAY_TOKEN", "a token of the tests")
    code, out, told = anacrusis("gateway", "--engine", "nonsense", "--port", 0)
    assert (code, out) == (2, "")
    assert "error BAD_FIELD engine:" in told
