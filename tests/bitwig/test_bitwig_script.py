"""Bitwig's controller script on the host double, before the real engine and the real gateway."""

from __future__ import annotations

import numpy as np
import soundfile
from bitwig_host import clips
from gateway_setup import TOKEN

from daw_clients.client.client import Client

SONG = ("--prompt", "jazz piano", "--seed", 7)


def samples(path) -> np.ndarray:
    audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    assert rate == 48_000
    return audio


def connected(host, engine, **settings) -> None:
    host.start(Token=TOKEN, Port=engine.port, Prompt="jazz piano", Seed=7, **settings)


def test_a_loop_in_slots_is_the_render_to_the_bit(either, house, rendered):
    either.transport(
        bpm=200.0, numerator=7, denominator=8, looping=True, loopStart=3.5, loopEnd=10.5
    )
    either.remote(2, "Output Gain", 0.5)
    connected(either, house, Follow="off")
    either.until(lambda state: "Follow is off" in state["kept"]["Status"])
    either.advance(1_500)
    either.call("press", label="Loop into slots")
    state = either.until(lambda state: len(clips(state)) == 2)
    maps = ("--bpm", 200, "--meter", "1:7/8", "--bars", "2-3")
    song = rendered(*SONG, *maps, "--set", "output_gain=-24")
    assert np.array_equal(np.concatenate([samples(path) for path in clips(state)]), song)
    assert np.abs(song).max() > 1e-4
    assert [clip["name"] for clip in state["slots"][:2]] == ["bar-00002-000001", "bar-00003-000002"]


def test_a_source_is_transformed_as_far_as_the_denoise_control_says(
    bitwig, house, rendered, tmp_path
):
    loop = np.random.default_rng(3).normal(0, 0.1, (57_600, 2)).astype(np.float32)
    soundfile.write(tmp_path / "loop.wav", loop, 48_000, subtype="FLOAT")
    with Client(house.server.endpoint) as client:
        name = client.upload(loop, 48_000)
    bitwig.transport(bpm=200.0, looping=True, loopStart=0.0, loopEnd=8.0)
    bitwig.remote(0, "Denoise", 0.35)
    repeat = {"Source": name, "Source repeats every": 1}
    connected(bitwig, house, Follow="off", **repeat)
    bitwig.until(lambda state: "Follow is off" in state["kept"]["Status"])
    bitwig.advance(1_500)
    bitwig.call("press", label="Loop into slots")
    state = bitwig.until(lambda state: len(clips(state)) == 2)
    heard = np.concatenate([samples(path) for path in clips(state)])
    words = (*SONG, "--bpm", 200, "--bars", "1-2", "--repeat", 1, "--set", "denoise=0.35")
    assert np.array_equal(heard, rendered(tmp_path / "loop.wav", *words))
    assert not np.array_equal(heard, rendered(*SONG, "--bpm", 200, "--bars", "1-2"))


def test_automation_that_was_seen_while_it_played_is_in_the_loop_that_is_rendered(
    bitwig, house, rendered
):
    bitwig.transport(bpm=200.0, looping=True, loopStart=0.0, loopEnd=8.0)
    bitwig.remote(0, "Output Gain", 0.75)
    connected(bitwig, house, Follow="off")
    bitwig.until(lambda state: "Follow is off" in state["kept"]["Status"])
    bitwig.advance(1_500)
    bitwig.transport(playing=True)
    bitwig.advance(1_200)
    bitwig.remote(0, "Output Gain", 0.5)
    bitwig.advance(1_000)
    bitwig.transport(playing=False, ppq=0.0)
    bitwig.advance(400)
    bitwig.call("press", label="Loop into slots")
    state = bitwig.until(lambda state: len(clips(state)) == 2)
    first, second = (samples(path) for path in clips(state))
    maps = ("--bpm", 200, "--bars", "1-2")
    loud = rendered(*SONG, *maps, "--set", "output_gain=-6")
    soft = rendered(*SONG, *maps, "--set", "output_gain=-24")
    seen_late = 6_000  # the host shows its place 20 times a second
    assert np.array_equal(first[:-seen_late], loud[: len(first) - seen_late])
    assert np.array_equal(second[seen_late:], soft[len(first) + seen_late :])
    assert np.abs(first).max() > 4 * np.abs(second[seen_late:]).max() > 0


def test_while_it_plays_every_bar_is_launched_in_the_bar_before_and_is_the_renders(
    bitwig, house, rendered
):
    bitwig.transport(bpm=200.0)
    connected(bitwig, house)
    bitwig.until(lambda state: len(clips(state)) == 2)
    bitwig.transport(playing=True)
    bitwig.play(4_300)
    state = bitwig.state
    assert state["phase"] == "running", state["log"]
    song = rendered(*SONG, "--bpm", 200, "--bars", "1-6")
    bar = 57_600
    heard = [(play["ppq"], samples(play["path"])) for play in state["plays"]]
    assert [ppq for ppq, _ in heard] == [4.0, 8.0, 12.0]  # the first bar line is the first
    for ppq, audio in heard:
        first = int(ppq / 4) * bar
        assert np.array_equal(audio, song[first : first + bar])
    assert all(launch["ppq"] % 4 < 1 for launch in state["launches"])
    assert "late" not in bitwig.status
