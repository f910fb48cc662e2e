"""Where two sounds meet in what the engine sends there is no step, and no dip or bump.

A step is counted beyond the sound's own slope: how far a frame is from where the two before it
lead. The tones' own bend is at most -72.6 dB in it; cut hard, they leave up to 0 dB.
"""

import numpy as np
from stream_helpers import RATE, put, render, song, source
from tone_host import FADE, TURNED, ToneHost, beyond_slope, far_apart, other_tone, tone

from bridge_protocol.schema import When
from engine_host.stream.settings import set_placement
from engine_host.stream.sources import Placement, Source

MINUS_60_DB = 1e-3
SENT = 10_240  # frames: so much later things change, inside what was sent (a second) by then
START, AFTER = 30_000, 60_000  # played before something happens, and after it


def played(host: ToneHost) -> np.ndarray:
    """What was heard from the first frame on that the host played."""
    spans = [span for span in host.daw.heard if span.kind == "played"]
    return host.daw.recording[spans[0].timeline_sample :]


def assert_joined(host: ToneHost, joins: int) -> None:
    """Every step is below -60 dB; so many crossfades of full length were sent and heard."""
    assert host.daw.report().gap_frames == 0
    assert beyond_slope(played(host)).max() < MINUS_60_DB
    marks = [mark for mark in host.join_marks() if mark[1] > 0]
    assert [frames for frames, _ in marks] == [FADE] * joins
    assert all(step < MINUS_60_DB for _, step in marks)


def test_sounds_that_meet_at_a_bar_line_or_at_a_change_leave_no_step():
    for kind in ("next_bar", "next_beat", "now"):
        host = ToneHost()
        host.play_on(START)
        host.client.use_source(host.other, when=When(kind=kind))
        host.play_on(3 * AFTER)
        assert_joined(host, joins=1)
        heard = played(host)[:, 0]
        here = host.here - len(heard) + np.arange(len(heard))
        leaves = np.flatnonzero(heard != tone(here))[0]
        assert np.array_equal(heard[leaves + FADE :], other_tone(here[leaves + FADE :]))
        edge = here[leaves] + FADE
        assert abs(tone(edge) - other_tone(edge)) > 0.02
        assert kind != "next_bar" or edge % (2 * RATE) == 0


def test_bar_lines_inside_one_sound_leave_it_as_it_is_to_the_bit():
    host = ToneHost(window_bars=1)
    host.play_on(4 * 2 * RATE)
    heard = played(host)[:, 0]
    assert np.array_equal(heard, tone(host.here - len(heard) + np.arange(len(heard))))
    assert len(host.daw.report().bars) >= 4
    assert host.join_marks() == []


def test_a_loop_closes_without_a_click():
    host = ToneHost()
    host.play_on(START)
    end = host.here + 2 * RATE
    host.loop(end - TURNED, end)
    host.play_on(4 * RATE)
    assert host.daw.head.lap >= 4
    assert far_apart(end, end - TURNED)
    assert_joined(host, joins=host.daw.head.lap)


def test_an_announced_jump_leaves_no_step():
    host = ToneHost()
    host.play_on(START)
    at, to = host.here + 30_000, host.here - TURNED
    host.jump(at, to)
    host.play_on(AFTER)
    assert far_apart(at, to)
    assert host.here == to + host.daw.head.address
    assert_joined(host, joins=1)


def test_a_loop_told_inside_what_was_sent_already_is_joined_before_its_end():
    for ahead in (FADE, FADE + 1, SENT, 40_000):
        host = ToneHost()
        host.play_on(START)
        end = host.here + ahead
        host.loop(end - TURNED, end)
        host.play_on(ahead + 15_000)
        assert host.daw.head.lap == 1
        assert_joined(host, joins=1)


def test_a_loop_let_go_inside_what_was_sent_already_leaves_not_a_trace():
    for ahead in (FADE, SENT):
        host = ToneHost()
        host.play_on(START)
        end = host.here + SENT + ahead
        host.loop(end - TURNED, end)
        host.play_on(SENT)
        assert host.daw.buffered_frames >= ahead - 512  # up to the wrap, its fade with it
        host.daw.clear_loop()
        host.play_on(AFTER)
        heard = played(host)[:, 0]
        assert np.array_equal(heard, tone(host.here - len(heard) + np.arange(len(heard))))
        assert host.here > end


def test_a_loop_or_a_jump_moved_inside_what_was_sent_already_is_joined_where_it_is_now():
    for move in (-3_001, 3_001):
        looping = ToneHost()
        looping.play_on(START)
        end = looping.here + SENT + 8_000
        looping.loop(end - TURNED, end)
        looping.play_on(SENT)
        looping.loop(end - TURNED, end + move)
        looping.play_on(15_000)
        assert looping.daw.head.lap == 1
        assert_joined(looping, joins=1)
        assert looping.here == end - TURNED + (looping.daw.head.address - _address_of_wrap(looping))


def _address_of_wrap(host: ToneHost) -> int:
    return next(span.address for span in host.daw.heard if span.lap == 1)


# ---------------------------------------------------------------- level

BARS = 9


def _bar_by_bar(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """The two sources in turn, a bar each; and where they meet."""
    made = song(denoise=0.0)
    source(made, first)
    for bar in range(2, BARS + 1):
        audio = second if bar % 2 == 0 else first
        placed = Placement(Source(f"{bar:064d}", "test", RATE, audio), 0.0, 0)
        put(made, "source", set_placement("source", placed), bar=bar)
    return render(made, 1, BARS), [made.grid.sample(bar) for bar in range(1, BARS)]


def _noise(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal((BARS * 2 * RATE, 2))).astype(np.float32)


def test_different_sounds_keep_their_level_through_a_join_within_1_db():
    heard, lines = _bar_by_bar(_noise(1), _noise(2))
    joins = np.stack([heard[line - FADE : line] for line in lines]).astype(np.float64)
    pieces = joins.reshape(len(lines), 20, FADE // 20, 2)
    levels = 10 * np.log10((pieces**2).mean(axis=(0, 2, 3)) / 0.1**2)
    assert np.abs(levels).max() < 1.0
    assert np.abs(levels.mean()) < 0.2


def test_the_same_sound_passes_a_join_unchanged_to_the_bit():
    same = _noise(1)
    heard, _ = _bar_by_bar(same, same.copy())
    assert np.array_equal(heard, same)


def test_nearly_the_same_sound_has_no_bump_in_a_join():
    quiet = np.float32(0.9)
    heard, lines = _bar_by_bar(_noise(1), quiet * _noise(1))
    for line in lines:
        ratio = heard[line - FADE : line] / _noise(1)[line - FADE : line]
        assert ratio.min() > 0.9 - 1e-3
        assert ratio.max() < 1.0 + 1e-3
