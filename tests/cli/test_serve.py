"""A real engine process on a real socket, and a simulated DAW in real time."""

import json
import signal
import socket
import subprocess
import sys

import numpy as np
import pytest
import soundfile
import zmq

from bridge_protocol.clock import MonotonicClock
from bridge_protocol.meter import MeterMap
from bridge_protocol.tempo import TempoMap
from daw_clients.client.client import Client
from daw_clients.client.simulated_daw import SimulatedDaw
from daw_clients.client.upload import source_hash


def start(*words):
    return subprocess.Popen(
        [sys.executable, "-m", "engine_host", "serve", "--no-gateway", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def endpoint():
    process = start("--port", "0")
    line = process.stdout.readline()
    assert "listening on tcp://127.0.0.1:" in line
    yield line.rsplit(" ", 1)[1].strip()
    process.send_signal(signal.SIGTERM)
    more, told = process.communicate(timeout=15)
    assert process.returncode == 0, told
    assert more == ""  # --no-gateway: nothing more is said to listen
    assert "Traceback" not in told


def test_a_daw_plays_its_bars_from_a_real_engine_without_a_gap(endpoint):
    clock = MonotonicClock()
    with Client(endpoint, clock) as client:
        client.connect()
        client.prompt("house drums, synth bass")
        tempo, meter = TempoMap.constant(174.0), MeterMap.constant(7, 8)
        daw = SimulatedDaw(client, tempo, meter, clock)
        daw.open()
        assert daw.run_until(lambda d: d.buffered_frames >= d.buffer_frames, 30)
        daw.play()
        assert daw.run_until(lambda d: d.head.sample > d.grid.sample(4), 20)
        report = daw.report()
    assert [bar.bar for bar in report.bars] == [1, 2, 3, 4, 5]
    assert all(bar.error_samples == 0 for bar in report.bars)
    assert (report.gap_frames, report.stale_frames_heard) == (0, 0)
    assert np.sqrt(np.mean(daw.recording[-48_000:] ** 2)) > 0.01


def test_a_render_over_the_wire_comes_whole_with_its_progress(endpoint):
    done = []
    with Client(endpoint, MonotonicClock()) as client:
        client.connect()
        client.set_tempo(TempoMap.constant(150.0), MeterMap.constant(4, 4))
        client.prompt("jazz piano")
        once = client.render(1, 4, on_progress=lambda p: done.append(p.done_bars))
        again = client.render(1, 4)
    assert once.shape == (4 * 4 * 60 * 48_000 // 150, 2)
    assert once.tobytes() == again.tobytes()
    assert done[-1] == 4


def test_a_client_that_sends_rubbish_is_told_and_the_engine_lives(endpoint):
    context = zmq.Context()
    raw = context.socket(zmq.DEALER)
    raw.linger = 0
    raw.connect(endpoint)
    rng = np.random.default_rng(5)
    for _ in range(50):
        raw.send_multipart([rng.bytes(40), rng.bytes(300)])
    assert raw.poll(5_000)
    raw.close()
    context.term()
    with Client(endpoint, MonotonicClock()) as client:
        assert client.connect().model.name == "house-1"


def test_a_second_engine_on_the_port_is_refused_with_exit_code_2(endpoint):
    port = endpoint.rsplit(":", 1)[1]
    second = start("--port", port)
    out, told = second.communicate(timeout=60)
    assert second.returncode == 2
    assert out == ""
    assert "error PORT_IN_USE port:" in told


def test_an_engine_that_is_not_there_is_said_in_words():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    client = Client(f"tcp://127.0.0.1:{port}", MonotonicClock())
    with pytest.raises(Exception, match="anacrusis serve"):
        client.connect(timeout_s=0.3)
    client.close()


def test_doctor_tells_the_model_and_which_ports_are_taken(anacrusis, endpoint):
    port = endpoint.rsplit(":", 1)[1]
    with socket.create_server(("127.0.0.1", 0)) as gone:
        free = gone.getsockname()[1]
    code, out, _ = anacrusis("doctor", "--json", "--port", port, "--gateway-port", str(free))
    assert code == 0
    found = json.loads(out)
    assert found["model"]["name"] == "house-1"
    assert found["port"]["state"].endswith("an engine may be running")
    assert found["gateway_port"] == {"number": free, "state": "free"}


def test_a_file_given_to_the_engine_is_there_for_every_client(endpoint, tmp_path):
    audio = np.random.default_rng(3).normal(0, 0.1, (24_000, 2)).astype(np.float32)
    soundfile.write(tmp_path / "take.wav", audio, 48_000, subtype="FLOAT")
    words = [sys.executable, "-m", "engine_host", "source", str(tmp_path / "take.wav")]
    told = subprocess.run(
        [*words, "--endpoint", endpoint], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == source_hash(audio)
    with Client(endpoint, MonotonicClock()) as client:
        client.use_source(told.stdout.strip())


def test_a_file_for_an_engine_that_is_not_there_is_one_line(tmp_path):
    soundfile.write(tmp_path / "take.wav", np.zeros((4_800, 1)), 48_000)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        words = [sys.executable, "-m", "engine_host", "source", str(tmp_path / "take.wav")]
        told = subprocess.run(
            [*words, "--endpoint", nobody], capture_output=True, text=True, check=False
        )
    assert told.returncode == 2
    assert told.stderr.startswith("error NO_ENGINE endpoint: ")
