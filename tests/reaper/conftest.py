import sys

import pytest
import soundfile
from gateway_setup import gateway_to, running, served
from kept_models import keep_models
from reaper_paths import SCRIPTS

from bridge_protocol.clock import MonotonicClock
from engine_host.cli.app import run
from engine_host.server.router import Server
from engine_host.stream.engine import Engine

sys.path.append(str(SCRIPTS))  # as an installed script does for itself, but behind all others


@pytest.fixture
def toy_host(tmp_path):
    """A toy engine behind a gateway, on real sockets."""
    with served(tmp_path / "sessions") as host:
        yield host


@pytest.fixture
def desk(tmp_path, monkeypatch, toy_host):
    """A REAPER whose scripts reach that gateway."""
    from reaper_desk import Desk  # noqa: PLC0415 - needs the path above

    made = Desk(tmp_path, monkeypatch, toy_host)
    yield made
    made.close()


@pytest.fixture
def house_desk(tmp_path, monkeypatch, model):
    """The same before an engine with the model that is there."""
    from reaper_desk import Desk  # noqa: PLC0415 - as above

    clock = MonotonicClock()
    engine = Engine(model, clock)
    server = Server(engine, clock, port=0)
    engine.on_failure = server.failed
    with running(server), gateway_to(server.endpoint, tmp_path / "sessions", server) as host:
        made = Desk(tmp_path, monkeypatch, host)
        yield made
        made.close()


@pytest.fixture
def anacrusis_render(tmp_path, monkeypatch, model):
    """``anacrusis render`` in this process, with the model that is there: the file's samples."""
    keep_models(monkeypatch, model)
    out = tmp_path / "rendered.wav"

    def call(*words):
        given = ["render", *words, "--bits", "float", "--no-resume", "--out", out]
        monkeypatch.setattr(sys, "argv", ["anacrusis", *map(str, given)])
        with pytest.raises(SystemExit) as end:
            run()
        assert end.value.code in (0, None)
        return soundfile.read(out, dtype="float32")[0]

    return call
