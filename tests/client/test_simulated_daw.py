from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from fake_engine import FakeEngine, Voice, ramp
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge_protocol.blocks import Samples
from bridge_protocol.clock import MonotonicClock, VirtualClock
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.meter import MeterMap
from bridge_protocol.schema import Credit, Error, TempoMapMessage, Transport
from bridge_protocol.tempo import TempoMap
from daw_clients.client.client import Client
from daw_clients.client.simulated_daw import SimulatedDaw

BLOCK_SIZES = [1, 64, 511, 512, 4_096]
BEAT = 24_000  # samples of a quarter note at 120 bpm and 48 kHz
TONE_HZ = 55.0
TONE_LEVEL = 0.5
MINUS_60_DB = 1e-3


def tone(song: np.ndarray[Any, Any], epoch: int) -> Samples:
    wave = TONE_LEVEL * np.sin(2 * np.pi * TONE_HZ * song / 48_000 + epoch)
    return np.stack([wave, wave], axis=1).astype(np.float32)


def opened(
    block_size: int = 512, voice: Voice = ramp, declick_ms: float = 0.0, **more: Any
) -> tuple[SimulatedDaw, FakeEngine]:
    clock = VirtualClock()
    engine = FakeEngine(clock, voice=voice)
    client = Client(engine, clock)
    client.connect()
    daw = SimulatedDaw(
        client,
        TempoMap.constant(120),
        MeterMap.constant(4, 4),
        clock,
        block_size=block_size,
        declick_ms=declick_ms,
        buffer_seconds=more.pop("buffer_seconds", 0.25),
        **more,
    )
    daw.open()
    return daw, engine


def play_to(daw: SimulatedDaw, engine: FakeEngine, timeline: int) -> None:
    assert daw.run_virtual(lambda d: d.timeline >= timeline, engine.work)


def left(daw: SimulatedDaw) -> np.ndarray[Any, Any]:
    return daw.recording[:, 0].astype(np.int64)


def assert_every_played_frame_is_its_own(daw: SimulatedDaw) -> None:
    recording = daw.recording
    for span in daw.heard:
        piece = recording[span.timeline_sample : span.timeline_sample + span.frames]
        if span.kind == "played":
            song = np.arange(span.song_sample, span.song_sample + span.frames)
            np.testing.assert_array_equal(piece, ramp(song, span.epoch))
        elif span.kind != "dry":
            assert not piece.any()
    assert daw.stale_frames_heard == 0


def assert_timeline_is_whole(daw: SimulatedDaw) -> None:
    at = 0
    for span in daw.heard:
        assert span.timeline_sample == at
        at += span.frames
    assert at == daw.timeline


@pytest.mark.parametrize("block_size", BLOCK_SIZES)
def test_the_song_is_heard_to_the_sample(block_size: int) -> None:
    daw, engine = opened(block_size)
    daw.play()
    play_to(daw, engine, 5_000)
    np.testing.assert_array_equal(left(daw), np.arange(daw.timeline))
    assert daw.report().gaps == []


@pytest.mark.parametrize("block_size", BLOCK_SIZES)
def test_a_loop_wraps_inside_a_block_to_the_sample(block_size: int) -> None:
    daw, engine = opened(block_size)
    daw.set_loop(0.0, 1 / 16)
    daw.play()
    play_to(daw, engine, 6_000)
    np.testing.assert_array_equal(left(daw), np.arange(daw.timeline) % 1_500)
    assert daw.head.lap == daw.timeline // 1_500
    assert {span.epoch for span in daw.heard} == {1}
    assert daw.report().gaps == []


@pytest.mark.parametrize("block_size", BLOCK_SIZES)
def test_an_announced_jump_is_joined_to_the_sample(block_size: int) -> None:
    daw, engine = opened(block_size, declick_ms=5.0)
    daw.play()
    daw.announce_jump(1 / 8, 8.0)
    play_to(daw, engine, 6_000)
    expected = np.concatenate([np.arange(3_000), 8 * BEAT + np.arange(daw.timeline - 3_000)])
    np.testing.assert_array_equal(left(daw), expected)
    assert daw.head.epoch == 2
    assert daw.report().gaps == []
    assert daw.stale_blocks_dropped == 0


@pytest.mark.parametrize("block_size", BLOCK_SIZES)
def test_an_unannounced_locate_lets_no_old_epoch_be_heard(block_size: int) -> None:
    daw, engine = opened(block_size)
    daw.play()
    play_to(daw, engine, 2_000)
    daw.locate(4.0)
    start = daw.timeline
    engine.to_client.append(engine.sent_blocks[-1])  # it was on its way
    play_to(daw, engine, 5_000)
    expected = 4 * BEAT + np.arange(daw.timeline - start)
    np.testing.assert_array_equal(left(daw)[start:], expected)
    assert daw.stale_blocks_dropped == 1
    assert_every_played_frame_is_its_own(daw)


def test_a_locate_while_the_engine_is_behind_is_silent_and_no_gap() -> None:
    daw, engine = opened()
    daw.play()
    play_to(daw, engine, 2_048)
    engine.starved = True
    daw.locate(4.0)
    play_to(daw, engine, 4_096)
    assert not daw.recording[2_048:].any()
    assert daw.heard[-1].kind == "waiting"
    assert daw.report().gap_frames == 0


@pytest.mark.parametrize("block_size", [64, 511])
def test_starvation_is_counted_and_it_comes_back_in_place(block_size: int) -> None:
    daw, engine = opened(block_size, buffer_seconds=0.05)
    daw.play()
    play_to(daw, engine, 3_000)
    engine.starved = True
    play_to(daw, engine, 9_000)
    engine.starved = False
    play_to(daw, engine, 14_000)
    assert_every_played_frame_is_its_own(daw)
    assert_timeline_is_whole(daw)
    report = daw.report()
    assert len(report.gaps) == 1
    assert report.gap_frames == report.gaps[0].frames > 2_000
    assert report.late_frames_dropped > 0
    assert daw.heard[-1].kind == "played"
    assert left(daw)[-1] == daw.timeline - 1


def test_stop_is_silent_and_play_goes_on_from_there_at_once() -> None:
    daw, engine = opened()
    daw.play()
    play_to(daw, engine, 2_048)
    daw.stop()
    play_to(daw, engine, 4_096)
    assert not daw.recording[2_048:].any()
    engine.starved = True  # what was sent before the stop is still there
    daw.play()
    play_to(daw, engine, 6_144)
    np.testing.assert_array_equal(left(daw)[4_096:], np.arange(2_048, 4_096))
    assert [span.kind for span in daw.heard if span.kind == "stopped"] == ["stopped"]
    assert daw.head.epoch == 1
    assert daw.report().gaps == []


def test_a_jump_that_was_taken_back_by_a_stop_leaves_a_whole_song() -> None:
    daw, engine = opened()
    daw.play()
    daw.announce_jump(1 / 8, 8.0)
    play_to(daw, engine, 1_024)
    daw.stop()
    play_to(daw, engine, 2_048)
    daw.play()
    play_to(daw, engine, 8_192)
    np.testing.assert_array_equal(left(daw)[2_048:], np.arange(1_024, 7_168))
    assert daw.report().gaps == []


def test_what_is_sent_while_the_host_stands_is_heard_at_once() -> None:
    daw, engine = opened()
    play_to(daw, engine, 1_024)
    engine.starved = True
    daw.play()
    play_to(daw, engine, 4_096)
    np.testing.assert_array_equal(left(daw)[1_024:], np.arange(3_072))


def test_a_loop_that_moves_an_announced_jump_keeps_it_whole() -> None:
    daw, engine = opened()
    daw.play()
    play_to(daw, engine, 2_048)
    daw.announce_jump(1 / 8, 8.0)
    play_to(daw, engine, 2_560)
    daw.set_loop(0.0, 5 / 48)  # ends at 2500: passed, so the jump stays where it was
    daw.set_loop(0.0, 11 / 96)  # ends at 2750: the jump at 3000 is never reached
    play_to(daw, engine, 8_192)
    expected = np.concatenate([np.arange(2_750), np.arange(8_192 - 2_750) % 2_750])
    np.testing.assert_array_equal(left(daw), expected)
    assert daw.report().gaps == []


def test_a_loop_set_while_playing_replaces_what_was_sent_ahead() -> None:
    daw, engine = opened()
    daw.play()
    play_to(daw, engine, 1_024)
    daw.set_loop(0.0, 1 / 8)
    play_to(daw, engine, 8_192)
    np.testing.assert_array_equal(left(daw), np.arange(8_192) % 3_000)
    daw.clear_loop()
    play_to(daw, engine, 16_384)
    expected = 8_192 % 3_000 + np.arange(8_192)
    np.testing.assert_array_equal(left(daw)[8_192:], expected)
    assert daw.report().gaps == []


def test_a_jump_out_of_a_loop_comes_on_the_next_pass_where_it_has_to() -> None:
    daw, engine = opened()
    daw.set_loop(0.0, 1 / 8)
    daw.play()
    play_to(daw, engine, 2_048)
    daw.announce_jump(1 / 16, 4.0)  # sample 1500: behind, so after the wrap
    play_to(daw, engine, 8_192)
    expected = np.concatenate(
        [np.arange(3_000), np.arange(1_500), 4 * BEAT + np.arange(8_192 - 4_500)]
    )
    np.testing.assert_array_equal(left(daw), expected)
    assert daw.report().gaps == []


def test_a_jump_that_playing_never_reaches_is_refused() -> None:
    daw, engine = opened()
    with pytest.raises(RefusedError):
        daw.announce_jump(1.0, 2.0)
    daw.play()
    play_to(daw, engine, 2_048)
    with pytest.raises(RefusedError) as refused:
        daw.announce_jump(0.0, 4.0)
    assert refused.value.code is ErrorCode.BAD_ORDER
    with pytest.raises(RefusedError):
        daw.set_loop(2.0, 1.0)


def test_an_announced_jump_that_never_comes_leaves_no_sound_behind() -> None:
    daw, engine = opened()
    daw.play()
    daw.announce_jump(1 / 8, 8.0)
    play_to(daw, engine, 1_024)
    daw.locate(2.0)
    play_to(daw, engine, 8_192)
    np.testing.assert_array_equal(left(daw)[1_024:], 2 * BEAT + np.arange(7_168))
    assert daw.head.epoch == 3  # 2 was announced and never came


def test_a_new_grid_goes_on_from_the_same_quarter_note() -> None:
    daw, engine = opened()
    daw.play()
    play_to(daw, engine, 2_048)
    daw.set_grid(TempoMap.constant(60), MeterMap.constant(3, 4))
    assert (daw.head.sample, daw.head.epoch) == (4_096, 2)
    daw.pump()
    kinds = [type(m) for m in engine.seen if isinstance(m, Transport | TempoMapMessage)]
    assert kinds[-2:] == [TempoMapMessage, Transport]
    assert (engine.seen[-2].bpm, engine.seen[-2].numerator) == (60.0, 3)


def edges(audio: Samples) -> np.ndarray[Any, Any]:
    """How far each frame lies from the one before it."""
    return np.abs(np.diff(audio[:, 0].astype(np.float64), prepend=0.0))


def noisy_life(declick_ms: float, block_size: int) -> SimulatedDaw:
    """Start, locate, starvation, stop and start, with a tone whose phase jumps with the epoch."""
    daw, engine = opened(block_size, tone, declick_ms, buffer_seconds=0.05)

    def play_on(frames: int) -> None:
        play_to(daw, engine, daw.timeline + frames)

    daw.locate(1.003)
    daw.play()
    play_on(4_000)
    daw.locate(7.77)
    play_on(4_000)
    engine.starved = True
    play_on(5_000)
    engine.starved = False
    play_on(9_000)
    daw.stop()
    play_on(2_000)
    daw.play()
    play_on(3_000)
    daw.stop()
    play_on(2_000)
    return daw


@pytest.mark.parametrize("block_size", [64, 511, 4_096])
def test_no_edge_is_heard_above_minus_60_db(block_size: int) -> None:
    daw = noisy_life(5.0, block_size)
    audio = daw.recording
    spans = daw.heard
    starts = [
        after.timeline_sample
        for before, after in pairwise(spans)
        if (before.kind, before.epoch) != (after.kind, after.epoch)
    ]
    steps = edges(audio)
    assert len(starts) >= 6
    assert max(steps[start] for start in starts) < MINUS_60_DB
    tone_slope = 2 * np.pi * TONE_HZ / 48_000 * TONE_LEVEL
    fade_slope = np.pi / 2 / 240 * 2 * TONE_LEVEL
    assert steps.max() < tone_slope + fade_slope
    assert not audio[-100:].any()


def test_without_declick_the_edges_are_there() -> None:
    assert edges(noisy_life(0.0, 511).recording).max() > 0.1


def test_declick_leaves_what_the_engine_joined_alone() -> None:
    daw, engine = opened(512, tone, 5.0)
    daw.set_loop(0.0, 1 / 8)
    daw.play()
    play_to(daw, engine, 12_000)
    song = np.arange(12_000) % 3_000
    np.testing.assert_array_equal(daw.recording[300:12_000], tone(song, 1)[300:])


def test_the_dry_signal_stands_in_and_the_gap_is_still_counted() -> None:
    def dry(sample: int, frames: int) -> Samples:
        return -ramp(np.arange(sample, sample + frames), 0)

    daw, engine = opened(dry=dry, buffer_seconds=0.02)
    engine.starved = True
    daw.play()
    play_to(daw, engine, 1_024)
    engine.starved = False
    play_to(daw, engine, 4_096)
    engine.starved = True
    play_to(daw, engine, 8_192)
    assert [span.kind for span in daw.heard if span.header is None] == ["dry", "dry"]
    np.testing.assert_array_equal(np.abs(left(daw)), np.arange(8_192))
    report = daw.report()
    assert report.dry_frames == 1_024 + report.gap_frames
    assert report.gap_frames > 2_000


def test_bar_starts_are_heard_on_the_grid() -> None:
    daw, engine = opened(4_096, buffer_seconds=0.5)
    daw.play()
    play_to(daw, engine, 200_000)
    bars = daw.report().bars
    assert [(bar.bar, bar.timeline_sample) for bar in bars] == [(1, 0), (2, 96_000), (3, 192_000)]
    assert {bar.error_samples for bar in bars} == {0}


def test_a_change_is_followed_to_the_ear_whether_its_promise_comes_early_or_late() -> None:
    daw, engine = opened(480)
    daw.play()
    play_to(daw, engine, 4_800)
    early = daw.param("denoise", 0.5)
    late = daw.prompt("rain")
    assert early.sent_address == 4_800
    engine.promise(early.seq, 9_600, daw.head.epoch)
    play_to(daw, engine, 14_400)
    engine.promise(late.seq, 7_200, daw.head.epoch)
    daw.pump()
    assert early.promised_sample == 123
    assert early.knob_to_ear_ms == pytest.approx(100.0)
    assert late.knob_to_ear_ms == pytest.approx(50.0)
    assert daw.report().knob_to_ear_ms == pytest.approx([100.0, 50.0])


def test_a_refused_change_says_so() -> None:
    daw, engine = opened()
    engine.refuse = Error(code="OUT_OF_RANGE", field="value", message="Too much.")
    change = daw.param("denoise", 9.0)
    daw.pump()
    assert "Too much" in change.refused
    assert change.knob_to_ear_ms is None


def test_credit_is_cumulative_bounded_and_not_chatty() -> None:
    daw, engine = opened(64)
    daw.play()
    play_to(daw, engine, 48_000)
    grants = [m.frames for m in engine.seen if isinstance(m, Credit)]
    assert grants == sorted(grants)
    assert grants[0] == daw.buffer_frames
    assert grants[-1] <= daw.head.address + daw.buffer_frames
    assert len(grants) <= 102


def test_the_transport_is_told_ten_times_a_second_and_at_changes() -> None:
    daw, engine = opened()
    daw.play()
    play_to(daw, engine, 96_000)
    told = [m for m in engine.seen if isinstance(m, Transport)]
    assert 20 <= len(told) <= 24
    first = {}
    for message in told:
        first.setdefault(message.epoch, message)
        assert message.sample == message.address
    assert {m.address for m in first.values()} == {0}


def test_it_runs_in_the_time_of_its_clock() -> None:
    daw, _ = opened(480)
    daw.play()
    assert daw.run_until(lambda d: d.timeline >= 48_000)
    assert daw.clock.now_ns() == pytest.approx(1e9, abs=2e7)
    assert not daw.run_until(lambda _: False, timeout_s=0.1)
    np.testing.assert_array_equal(left(daw)[480:48_000], np.arange(0, 47_520) + left(daw)[480])


def test_virtual_time_needs_a_virtual_clock() -> None:
    engine = FakeEngine(VirtualClock())
    daw = SimulatedDaw(
        Client(engine), TempoMap.constant(120), MeterMap.constant(4, 4), MonotonicClock()
    )
    with pytest.raises(TypeError):
        daw.run_virtual(lambda _: True)


def test_the_recording_is_bounded() -> None:
    daw, engine = opened(keep_seconds=0.1)
    daw.play()
    play_to(daw, engine, 40_000)
    assert 4_800 <= len(daw.recording) <= 9_600
    assert daw.recording_start + len(daw.recording) == daw.timeline
    assert left(daw)[-1] == daw.timeline - 1


actions = st.lists(
    st.tuples(
        st.sampled_from(["play", "stop", "locate", "jump", "loop", "unloop", "starve", "feed"]),
        st.integers(0, 40),
        st.integers(1, 40),
        st.integers(0, 4_000),
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(actions, st.sampled_from([64, 511, 1_024]))
def test_whatever_the_host_does_only_the_right_sound_is_heard(
    steps: list[tuple[str, int, int, int]], block_size: int
) -> None:
    daw, engine = opened(block_size, buffer_seconds=0.05)
    daw.play()
    for name, here, there, frames in steps:
        _act(daw, engine, name, here / 16, there / 16)
        play_to(daw, engine, daw.timeline + frames)
    assert_every_played_frame_is_its_own(daw)
    assert_timeline_is_whole(daw)
    if not any(name == "starve" for name, *_ in steps):
        assert daw.report().gaps == []


def _act(daw: SimulatedDaw, engine: FakeEngine, name: str, here: float, there: float) -> None:
    if name in ("play", "stop"):
        getattr(daw, name)()
    elif name == "locate":
        daw.locate(here)
    elif name == "jump":
        try:
            daw.announce_jump(here, there)
        except RefusedError as error:
            assert error.code is ErrorCode.BAD_ORDER
    elif name == "loop":
        daw.set_loop(here, here + there)
    elif name == "unloop":
        daw.clear_loop()
    else:
        engine.starved = name == "starve"
