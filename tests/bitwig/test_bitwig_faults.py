"""What goes wrong between Bitwig and the engine, and what the script does about it."""

from __future__ import annotations

import json
import socket
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from bitwig_host import clips
from gateway_setup import TOKEN, gateway_to, running, toy_server

from bridge_protocol.clock import MonotonicClock
from daw_clients.client.client import Client
from daw_clients.client.upload import source_hash
from engine_host.server.gateway import Gateway
from engine_host.server.gateway_limits import GatewayLimits
from engine_host.server.gateway_token import GatewayToken

READY = "toy; ready: 2 bars"
LONG_MS = 1_000  # where much of the host's time has to pass; a sign of life comes 4 times a second


def connected(host, port: int, **settings) -> None:
    host.start(**({"Token": TOKEN, "Port": port, "Prompt": "0.5", "Status": ""} | settings))


def until_ready(host, step_ms: int = 40) -> dict:
    return host.until(lambda state: state["kept"]["Status"] == READY, step_ms)


def until_said(host, words: str, step_ms: int = 40) -> dict:
    return host.until(lambda state: words in state["kept"]["Status"], step_ms)


@pytest.fixture
def listener():
    """Somebody else on the port."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        made.listen(8)
        made.settimeout(20)
        yield made


def port_of(listener) -> int:
    return listener.getsockname()[1]


# ------------------------------------------------------------ signing in


def test_without_a_token_nothing_is_tried_and_the_user_is_told(bitwig, toy):
    connected(bitwig, toy.port, Token="")
    bitwig.advance(5_000)
    assert "paste the token" in bitwig.status
    assert bitwig.state["connections"] == 0


def test_a_wrong_token_is_told_once_and_not_tried_again_until_it_changes(bitwig, toy):
    connected(bitwig, toy.port, Token="not this one at all")
    until_said(bitwig, "wrong token: paste what `anacrusis gateway --show-token` prints")
    bitwig.advance(60_000)
    state = bitwig.state
    assert (state["connections"], state["open"]) == (1, 0)
    assert sum("wrong token" in words for words in state["popups"]) == 1
    bitwig.set("Token", f" {TOKEN}\n")
    until_said(bitwig, "toy")


def test_another_version_is_told_in_the_gateways_words(bitwig, listener):
    connected(bitwig, port_of(listener))
    bitwig.advance(80)
    peer, _ = listener.accept()
    with peer:
        assert heard(peer)["type"] == "sign_in"
        say(peer, {"type": "ok", "re": 1})
        bitwig.until(lambda state: len(state["sent"]) == 2)
        say(peer, {"type": "refused", "re": 2, "code": "VERSION", "message": "Update me."})
        until_said(bitwig, "Update me.")
    bitwig.advance(60_000)
    assert bitwig.state["connections"] == 1


# ------------------------------------------------------------ frames


def heard(peer) -> dict:
    length = int.from_bytes(exactly(peer, 4), "big")
    return json.loads(exactly(peer, length))


def exactly(peer, count: int) -> bytes:
    peer.settimeout(20)
    found = b""
    while len(found) < count:
        octets = peer.recv(count - len(found))
        assert octets
        found += octets
    return found


def say(peer, message: dict) -> None:
    body = json.dumps(message).encode()
    peer.sendall(len(body).to_bytes(4, "big") + body)


@pytest.mark.parametrize(
    "part", [b"\x00\x00", b"\x00\x00\x00\x20", b"\x00\x00\x00\x20" + b'{"type"']
)
def test_half_a_frame_is_given_up_after_five_seconds_and_the_script_connects_anew(
    bitwig, listener, part
):
    connected(bitwig, port_of(listener))
    bitwig.advance(80)
    peer, _ = listener.accept()
    with peer:
        heard(peer)
        peer.sendall(part)
        bitwig.until(lambda state: state["open"] == 1)
        bitwig.advance(4_000)
        assert bitwig.state["open"] == 1
        until_said(bitwig, "the engine says nothing; connecting anew")
        assert peer.recv(1) == b""
    bitwig.advance(2_500)
    second, _ = listener.accept()
    with second:
        assert heard(second)["type"] == "sign_in"


@pytest.mark.parametrize("rubbish", [b"HTTP", b"[]", b"\x82\xa4type", b"", b'{"type":'])
def test_rubbish_is_told_and_the_script_connects_anew(bitwig, listener, rubbish):
    connected(bitwig, port_of(listener))
    bitwig.advance(80)
    peer, _ = listener.accept()
    with peer:
        heard(peer)
        peer.sendall(len(rubbish).to_bytes(4, "big") + rubbish)
        until_said(bitwig, "is no gateway")
    bitwig.advance(2_500)
    listener.accept()[0].close()


def test_a_host_that_writes_lengths_itself_is_understood(bitwig, toy):
    bitwig.call("world", field="addsHeader", value=True)
    connected(bitwig, toy.port)
    until_ready(bitwig)


# ------------------------------------------------------------ an engine that comes and goes


def test_without_an_engine_the_script_asks_again_until_there_is_one(bitwig, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    connected(bitwig, port)
    until_said(bitwig, f"no engine at port {port}: run `anacrusis serve`", LONG_MS)
    server = toy_server()
    with running(server), gateway_on(port, server, tmp_path):
        until_ready(bitwig, LONG_MS)


@contextmanager
def gateway_on(port: int, server, files: Path):
    """As gateway_to, on a port that somebody had before."""
    limits = GatewayLimits(wrong_token_s=0.0)
    token = GatewayToken(TOKEN, "of the tests")
    made = Gateway(token, server.endpoint, MonotonicClock(), port=port, files=files, limits=limits)
    with running(made):
        yield


def test_an_engine_that_ends_and_comes_back_is_told_everything_again(bitwig, tmp_path):
    bitwig.remote(0, "Denoise", 0.25)
    first = toy_server()
    port = int(first.endpoint.rsplit(":", 1)[1])
    with gateway_to(first.endpoint, tmp_path) as gateway:
        with running(first):
            connected(bitwig, gateway.port, Seed=5)
            until_ready(bitwig)
        until_said(bitwig, "The engine has ended or was started again")
        assert clips(bitwig.state)  # the bars that are there stay, and so do their files
        assert all(path.exists() for path in clips(bitwig.state))
        told = len(bitwig.state["sent"])
        with running(toy_server(port=port)):
            until_ready(bitwig, LONG_MS)
    again = [json.loads(text) for text in bitwig.state["sent"][told:]]
    kinds = [message["type"] for message in again]
    for wanted in ("sign_in", "hello", "lane", "transport", "param", "prompt", "open_stream"):
        assert wanted in kinds
    assert kinds.index("transport") < kinds.index("open_stream") < kinds.index("credit")
    (lane,) = (message for message in again if message["type"] == "lane")
    assert (lane["parameter"], lane["values"]) == ("denoise", [0.25])
    (seed,) = (message for message in again if message["type"] == "param")
    assert seed["value"] == 5


def test_a_gateway_that_ends_in_the_middle_of_playing_leaves_bitwig_playing(bitwig, tmp_path):
    server = toy_server()
    with running(server):
        with gateway_to(server.endpoint, tmp_path) as gateway:
            connected(bitwig, gateway.port)
            until_ready(bitwig)
            bitwig.transport(playing=True)
            bitwig.play(1_200)
        state = until_said(bitwig, "no engine at port")
    assert state["phase"] == "running"
    assert state["launches"]


# ------------------------------------------------------------ scripts and projects that come and go


def test_a_script_that_is_loaded_anew_says_goodbye_and_leaves_no_socket(bitwig, toy):
    connected(bitwig, toy.port)
    before = clips(until_ready(bitwig))
    assert bitwig.call("exit") == {"leaked": 0}
    assert [message["type"] for message in map(json.loads, bitwig.state["sent"])][-1] == "bye"
    toy.until_left(0)
    bitwig.start(Status="")
    after = until_ready(bitwig)
    assert all(path.exists() for path in before)
    assert len([clip for clip in after["slots"] if clip]) == 2  # its own clips were replaced
    assert not set(clips(after)) & set(before)


def test_bitwig_that_dies_is_forgotten_by_the_gateway_and_served_when_it_is_back(bitwig, toy):
    connected(bitwig, toy.port)
    until_ready(bitwig)
    bitwig.call("kill")
    toy.until_left(0)
    bitwig.start(Status="")
    until_ready(bitwig)
    assert len(toy.gateway.clients) == 1


def test_exit_before_the_connection_is_there_opens_none(bitwig, listener):
    connected(bitwig, port_of(listener))
    bitwig.advance(40)
    assert bitwig.call("exit") == {"leaked": 0}
    bitwig.call("settle", ms=100)
    assert (bitwig.state["phase"], bitwig.state["error"]) == ("exited", None)


# ------------------------------------------------------------ slots


def test_the_users_own_clips_are_never_touched(bitwig, toy):
    for slot in (0, 2):
        bitwig.call("clip", slot=slot, name="my riff")
    connected(bitwig, toy.port)
    state = until_ready(bitwig)
    assert [clip and clip["name"] for clip in state["slots"][:4]] == [
        "my riff", "bar-00001-000001", "my riff", "bar-00002-000002",
    ]  # fmt: skip


def test_a_file_that_bitwig_does_not_take_is_tried_twice_and_told(bitwig, toy):
    bitwig.call("world", field="refusesFiles", value=True)
    connected(bitwig, toy.port)
    state = until_said(bitwig, "Bitwig did not take bar", LONG_MS)
    assert any("is it an audio track?" in words for words in state["popups"])
    assert state["phase"] == "running"


def test_an_instrument_track_is_told(bitwig, toy):
    bitwig.call("track", index=1, name="Anacrusis", kind="instrument")
    connected(bitwig, toy.port)
    until_said(bitwig, "is it an audio track?", LONG_MS)


def test_without_a_track_of_that_name_the_user_is_told_and_the_bars_wait(bitwig, toy):
    bitwig.call("track", index=1, name="Other")
    connected(bitwig, toy.port)
    state = until_said(bitwig, "name an audio track Anacrusis", LONG_MS)
    assert not clips(state)
    bitwig.call("track", index=1, name="Anacrusis")
    until_ready(bitwig)


def test_a_bar_that_was_sent_for_a_place_that_was_left_is_not_placed(bitwig, toy):
    connected(bitwig, toy.port)
    until_ready(bitwig)
    bitwig.transport(ppq=32.0)
    state = bitwig.until(
        lambda state: {path.name[:9] for path in clips(state)} >= {"bar-00009", "bar-00010"}
    )
    assert not state["launches"]
    transports = bitwig.sent("transport")
    assert {message["epoch"] for message in transports} == {1, 2}
    assert transports[-1]["sample"] == 768_000


def test_a_tempo_that_moves_starts_the_song_anew_once(bitwig, toy):
    connected(bitwig, toy.port)
    until_ready(bitwig)
    for bpm in range(121, 140):
        bitwig.transport(bpm=float(bpm))
        bitwig.advance(40)
    until_said(bitwig, "the tempo moves")
    bitwig.until(lambda state: bitwig.sent("transport")[-1]["bpm"] == 139)
    until_ready(bitwig)
    assert {message["epoch"] for message in bitwig.sent("transport")} == {1, 2}
    assert bitwig.sent("transport")[-1]["bpm"] == 139


# ------------------------------------------------------------ what the engine refuses


def test_a_lane_that_is_refused_is_told_and_not_sent_again(bitwig, listener):
    bitwig.remote(0, "Guidance", 0.5)
    connected(bitwig, port_of(listener), Follow="off")
    bitwig.advance(80)
    peer, _ = listener.accept()
    with peer:
        greet(bitwig, peer)
        bitwig.until(lambda state: any('"lane"' in text for text in state["sent"]))
        while (message := heard(peer))["type"] != "lane":
            pass
        say(peer, {"type": "error", "re": message["seq"], "code": "CANNOT_HEAR", "message": "No."})
        state = until_said(bitwig, "No.")
        assert "Anacrusis: No." in state["popups"]
        bitwig.remote(0, "Guidance", 0.9)
        bitwig.advance(400)
    assert len(bitwig.sent("lane")) == 1


def greet(bitwig, peer) -> None:
    """Says yes to whatever signs in."""
    assert heard(peer)["type"] == "sign_in"
    say(peer, {"type": "ok", "re": 1})
    bitwig.until(lambda state: len(state["sent"]) == 2)
    assert heard(peer)["type"] == "hello"
    say(peer, {"type": "welcome", "re": 2, "model": {"name": "fake"}})


def test_a_source_that_is_no_name_or_unknown_is_told(bitwig, toy):
    connected(bitwig, toy.port, Source="loop.wav")
    until_said(bitwig, "Source: paste the name that `anacrusis source FILE` prints")
    assert not bitwig.sent("source_use")
    bitwig.set("Source", "0" * 64)
    until_said(bitwig, "the engine does not have the source: run `anacrusis source FILE`")
    silence = np.zeros((48_000, 2), np.float32)
    bitwig.set("Source", source_hash(silence))
    until_said(bitwig, "the engine does not have the source")
    with Client(toy.server.endpoint) as client:
        client.upload(silence, 48_000)
    until_ready(bitwig, LONG_MS)  # it is asked for again by itself
    bitwig.set("Source", "")
    bitwig.until(lambda state: bitwig.sent("source_use")[-1]["hash"] == "")


def test_a_render_without_a_loop_on_bar_lines_is_explained(bitwig, toy):
    connected(bitwig, toy.port, Follow="off")
    until_said(bitwig, "Follow is off")
    bitwig.call("press", label="Loop into slots")
    bitwig.transport(looping=True, loopStart=1.0, loopEnd=6.0)
    bitwig.advance(200)
    bitwig.call("press", label="Loop into slots")
    assert (
        bitwig.state["popups"][1:]
        == ["Anacrusis: set the arranger's loop on bar lines, and switch it on"] * 2
    )


def test_a_loop_longer_than_the_slots_is_cut_and_said(bitwig, toy):
    bitwig.transport(looping=True, loopStart=0.0, loopEnd=64.0)
    connected(bitwig, toy.port, Follow="off")
    until_said(bitwig, "Follow is off")
    bitwig.advance(1_500)
    bitwig.call("press", label="Loop into slots")
    state = bitwig.until(lambda state: len(clips(state)) == 8)
    assert "Anacrusis: there are 8 slots; bars 1 to 8" in state["popups"]
    assert [path.name[:9] for path in clips(state)] == [f"bar-{bar:05d}" for bar in range(1, 9)]


def test_a_change_of_prompt_seed_and_loras_is_wanted_at_a_bar_line(bitwig, toy):
    connected(bitwig, toy.port)
    until_ready(bitwig)
    bitwig.set("Prompt", "0.25")
    bitwig.set("Seed", 9)
    bitwig.set("LoRAs", ", tape")
    bitwig.advance(80)
    assert bitwig.sent("prompt")[-1]["when"] == {"kind": "next_bar"}
    (lora,) = bitwig.sent("lora_use")
    assert (lora["place"], lora["name"], lora["when"]) == (2, "tape", {"kind": "next_bar"})
    assert bitwig.sent("param")[-1] == {
        "type": "param", "parameter": "seed", "value": 9, "when": {"kind": "next_bar"},
        "seq": bitwig.sent("param")[-1]["seq"],
    }  # fmt: skip
