"""Bitwig's extension, from its jar, on the host double, before the real engine over ZeroMQ."""

from __future__ import annotations

import json
import random
import socket
import subprocess
import zipfile
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
import zmq
from bitwig_host import JAVA, clips
from gateway_setup import TOKEN, gateway_to, running, toy_server
from listening_engine import ListeningEngine

from bridge_protocol.conformance.vectors import load_vectors
from bridge_protocol.schema import Credit, LaneMessage, LoraUse, Param, Transport

SONG = ("--prompt", "jazz piano", "--seed", 7)
BAR = 57_600
READY = "toy; ready: 2 bars"
LONG_MS = 1_000


def samples(path) -> np.ndarray:
    audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    assert rate == 48_000
    return audio


def port_of(server) -> int:
    return int(server.endpoint.rsplit(":", 1)[1])


def connected(host, port: int, **settings) -> None:
    host.start(**({"Port": port, "Prompt": "0.5", "Status": ""} | settings))


def until_said(host, words: str, step_ms: int = 40) -> dict:
    return host.until(lambda state: words in state["kept"]["Status"], step_ms)


# ------------------------------------------------------------ its sound


def test_while_it_plays_every_bar_is_launched_in_the_bar_before_and_is_the_renders(
    extended, house, rendered
):
    extended.transport(bpm=200.0)
    connected(extended, port_of(house.server), Prompt="jazz piano", Seed=7)
    extended.until(lambda state: len(clips(state)) == 2)
    extended.transport(playing=True)
    extended.play(4_300)
    state = extended.state
    assert state["phase"] == "running", state["log"]
    song = rendered(*SONG, "--bpm", 200, "--bars", "1-6")
    heard = [(play["ppq"], samples(play["path"])) for play in state["plays"]]
    assert [ppq for ppq, _ in heard] == [4.0, 8.0, 12.0]
    for ppq, audio in heard:
        first = int(ppq / 4) * BAR
        assert np.array_equal(audio, song[first : first + BAR])
    assert all(launch["ppq"] % 4 < 1 for launch in state["launches"])
    assert "late" not in extended.status


def test_the_bars_of_a_loop_are_the_scripts_byte_for_byte(bitwig, extended, toy):
    """The gateway writes the script's files, the extension its own."""
    for host, port in ((bitwig, toy.port), (extended, port_of(toy.server))):
        host.transport(bpm=133.0, numerator=7, denominator=8, looping=True, loopStart=0, loopEnd=7)
        host.remote(0, "Denoise", 0.75)
        connected(host, port, Token=TOKEN, **{"Bars ahead": 4})
    found = [host.until(lambda state: len(clips(state)) == 4) for host in (bitwig, extended)]
    script, extension = ([path.read_bytes() for path in clips(state)] for state in found)
    assert script == extension
    assert len(set(script)) > 1
    assert [[path.name for path in clips(state)] for state in found] == [
        [f"bar-{bar:05d}-{n:06d}.wav" for n, bar in enumerate((1, 2, 1, 2), 1)]
    ] * 2


# ------------------------------------------------------------ what it tells


@pytest.fixture
def listening():
    made = ListeningEngine()
    yield made
    made.close()


LORAS = ("tape", ", dust", "dust, , tape ,glue", "a/b", "a, b, c, d, e", "")


def wander(host, seed: int) -> None:
    """A user who plays, turns, jumps, loops, changes the tempo and LoRAs: the same for the same seed."""
    rng = random.Random(seed)
    for _ in range(40):
        match rng.randrange(8):
            case 0:
                host.transport(playing=rng.random() < 0.7)
            case 1:
                host.transport(ppq=rng.randrange(64) / 2)
            case 2:
                start = rng.randrange(8) * 2.0
                host.transport(looping=rng.random() < 0.7, loopStart=start, loopEnd=start + 6.0)
            case 3:
                host.transport(bpm=float(rng.randrange(60, 200)))
            case 4 | 5:
                host.set("LoRAs", rng.choice(LORAS))
            case _:
                host.remote(rng.randrange(2), rng.choice(["Denoise", "LoRA 2"]), rng.random())
        host.advance(rng.randrange(1, 25) * 40)
        host.call("settle", ms=25)


PLACE = ("sample", "address", "ppq", "bar_start_ppq")


def told(engine: ListeningEngine) -> list:
    """Lanes, LoRAs, credit, and transport where it changed: when else it is reported differs."""
    kept, before = [], None
    for message in engine.of(Transport, LaneMessage, LoraUse, Credit, Param):
        if isinstance(message, Param):
            if message.value == LAST_SEED:
                break
            continue
        fields = msgspec.to_builtins(message)
        fields.pop("seq", None)
        state = {name: value for name, value in fields.items() if name not in PLACE}
        if not isinstance(message, Transport) or state != before:
            kept.append(fields)
        before = state if isinstance(message, Transport) else before
    return kept


LAST_SEED = 987_654


def everything_has_arrived(host, engine: ListeningEngine) -> None:
    """Messages keep their order, so what was told before the last one is there when that is."""
    host.call("settle", ms=200)
    host.set("Seed", LAST_SEED)
    host.until(lambda state: any(m.value == LAST_SEED for m in engine.of(Param)))


def align(host) -> None:
    """Up to where the double's looks and the client's fall as at the start."""
    host.advance(200 - host.state["nowMs"] % 200)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_extension_tells_what_the_script_tells(bitwig, extended, listening, tmp_path, seed):
    lists = []
    for host in (bitwig, extended):
        engine = listening if host is bitwig else ListeningEngine()
        with gateway_to(engine.endpoint, tmp_path) as gateway:
            port = gateway.port if host is bitwig else engine.port
            host.transport(ppq=0.0)
            connected(host, port, Token=TOKEN)
            host.until(lambda state, engine=engine: bool(engine.of(Credit)))
            until_said(host, "listener")
            align(host)
            before = len(told(engine))
            wander(host, seed)
            everything_has_arrived(host, engine)
        lists.append(told(engine)[before:])
        if host is extended:
            engine.close()
    script, extension = lists
    assert len(script) > 60
    assert {message["type"] for message in script} == {"transport", "lane", "lora_use", "credit"}
    assert script == extension


# ------------------------------------------------------------ golden vectors


def through_java(java_parts, headers: list[str]) -> list[str]:
    command = [*JAVA, java_parts.runners, "RunVectors"]
    text = "".join(f"{header}\n" for header in headers)
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_every_golden_message_is_read_and_written_to_the_byte(java_parts):
    vectors = load_vectors()["messages"]
    headers = [entry["frames"][1] for entry in vectors]
    lines = through_java(java_parts, headers)
    assert len(lines) == len(vectors) > 0
    for entry, header, line in zip(vectors, headers, lines, strict=True):
        fields, again = line.split("\t")
        assert json.loads(fields) == entry["fields"], entry["name"]
        assert again == header, entry["name"]


def test_what_is_no_message_is_said_to_be_none(java_parts):
    rng = np.random.default_rng(5)
    odd = ["", "c0", "93010203", "8101a0", "81c0a0", "91" * 50_000, "81a474797065a4", "80ff"]
    lines = through_java(java_parts, odd + [rng.bytes(40).hex() for _ in range(500)])
    assert lines[: len(odd)] == ["no message"] * len(odd)
    assert len(lines) == len(odd) + 500


# ------------------------------------------------------------ the jar


def test_the_jar_holds_what_it_needs_and_nothing_of_bitwigs(java_parts):
    with zipfile.ZipFile(java_parts.extension) as jar:
        names = jar.namelist()
        service = jar.read("META-INF/services/com.bitwig.extension.ExtensionDefinition").decode()
        licences = [jar.read(name) for name in names if name.startswith("META-INF/licenses/lib")]
    assert service.strip() == "anacrusis.bitwig.AnacrusisExtensionDefinition"
    assert "anacrusis/bitwig/AnacrusisExtensionDefinition.class" in names
    assert {"org/zeromq/ZMQ.class", "org/msgpack/core/MessagePack.class"} <= set(names)
    assert not [name for name in names if name.startswith("com/bitwig")]
    assert len(licences) == 2
    assert all(b"License" in text for text in licences)


# ------------------------------------------------------------ what goes wrong


def test_without_an_engine_it_says_so_and_connects_when_there_is_one(extended):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    connected(extended, port)
    until_said(extended, f"no engine at port {port}: run `anacrusis serve`", LONG_MS)
    with running(toy_server(port=port)):
        until_said(extended, READY)


def test_an_engine_that_ends_and_comes_back_is_told_the_settings_again(extended):
    first = toy_server()
    with running(first):
        connected(extended, port_of(first), Seed=5)
        until_said(extended, READY)
    until_said(extended, "the engine says nothing; connecting anew", LONG_MS)
    assert all(path.exists() for path in clips(extended.state))
    heard = []
    with running(toy_server(port=port_of(first), heard=heard)):
        until_said(extended, READY)
    assert heard[-1].seed == 5


def test_an_engine_that_was_started_again_unseen_is_greeted_again(extended):
    first = toy_server()
    with running(first):
        connected(extended, port_of(first))
        until_said(extended, READY)
    with running(toy_server(port=port_of(first))):
        extended.until(lambda state: "the engine was started again" in state["status"])
        until_said(extended, READY)


@pytest.mark.parametrize(
    "frames", [[b"HTTP"], [b"ANB\x01"], [b"ANB\x01", b"\xc1"], [b"ANB\x02", b"\x80"]]
)
def test_what_is_no_engine_is_told_and_left(extended, frames):
    context = zmq.Context()
    other = context.socket(zmq.ROUTER)
    other.linger = 0
    port = other.bind_to_random_port("tcp://127.0.0.1")
    connected(extended, port)
    extended.advance(80)
    assert other.poll(20_000)
    identity, *_ = other.recv_multipart()
    other.send_multipart([identity, *frames])
    state = until_said(extended, "is no engine")
    assert state["phase"] == "running"
    other.close()
    context.term()


def test_bitwig_that_ends_is_forgotten_and_served_when_it_is_back(extended, toy):
    connected(extended, port_of(toy.server))
    before = clips(until_said(extended, READY))
    extended.call("exit")
    extended.start(Status="")
    after = clips(until_said(extended, READY))
    assert all(path.exists() for path in before)
    assert not {Path(path) for path in before} & {Path(path) for path in after}
    assert len(toy.server.hub._sessions) == 1
