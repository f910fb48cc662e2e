"""What the host hears where sound ends, begins or is replaced: a fade of 5 ms, never an edge.

The engine is real, the link slow or broken where it says so. An edge is how far a frame is from
where the two before it lead. A hard cut of a tone leaves up to twice its level, 0 dB of full
scale; what is faded leaves its own step from frame to frame, and that of the fade, at most.
"""

from itertools import pairwise

import numpy as np
import pytest
from tone_host import (
    DECLICK,
    LEVEL,
    OTHER_HZ,
    RATE,
    TONE_HZ,
    TURNED,
    ToneHost,
    beyond_slope,
    far_apart,
    other_tone,
    tone,
)

OWN_STEP = LEVEL * 2 * np.pi * TONE_HZ / RATE  # -42.9 dB
DRY_STEP = LEVEL * 2 * np.pi * OTHER_HZ / RATE  # -39.3 dB
FADE_STEP = np.pi / 2 / DECLICK * 2 * LEVEL  # -43.7 dB, from one crest to the other
HARD = 5 * (OWN_STEP + FADE_STEP)
SENT = 10_240  # frames: what changes so much later changes inside what was sent
START, AFTER = 12_000, 8_000


def assert_no_edge(host: ToneHost, own_step: float = OWN_STEP) -> None:
    heard = host.daw.recording
    assert beyond_slope(heard).max() < own_step + FADE_STEP
    assert np.abs(np.diff(heard[:, 0])).max() < own_step + FADE_STEP


# ---------------------------------------------------------------- replaced under the host's eyes


def _loop_told(host: ToneHost, ahead: int) -> int:
    end = host.here + ahead
    host.loop(end - TURNED, end)
    return end


def _loop_let_go(host: ToneHost, ahead: int) -> int:
    end = _loop_told(host, SENT + ahead)
    host.play_on(SENT)
    host.daw.clear_loop()
    return end


def _loop_moved(host: ToneHost, ahead: int) -> int:
    end = _loop_told(host, SENT + ahead)
    host.play_on(SENT)
    host.loop(end - 2 * TURNED, end + 777)
    return end


def _jump_told(host: ToneHost, ahead: int) -> int:
    at = host.here + ahead
    host.jump(at, at - TURNED)
    return at


def _jump_told_again(host: ToneHost, ahead: int) -> int:
    at = _jump_told(host, SENT + ahead)
    host.play_on(SENT)
    host.jump(at + 777, at - 3 * TURNED)
    return at


@pytest.mark.parametrize("late_ms", [0.0, 20.0])
@pytest.mark.parametrize(
    "deed", [_loop_told, _loop_let_go, _loop_moved, _jump_told, _jump_told_again]
)
def test_what_changes_so_near_that_the_engine_can_not_join_it_is_faded(deed, late_ms):
    """Less than the engine's own fade ahead of the host, or in the middle of one."""
    hard = 0
    for ahead in (1, 3, 20, 100, DECLICK, 500, 1_000, 1_919):
        host = ToneHost(5.0, late_ms)
        host.play_on(START)
        at = deed(host, ahead)
        host.play_on(ahead + AFTER)
        assert_no_edge(host)
        assert host.daw.report().gap_frames < (1_200 if late_ms else 1)
        hard += far_apart(at, at - TURNED)
    assert hard >= 6


def test_without_the_clients_fade_the_edges_are_there():
    for deed in (_loop_let_go, _jump_told):
        host = ToneHost(0.0)
        host.play_on(START)
        deed(host, 3)
        host.play_on(AFTER)
        assert beyond_slope(host.daw.recording).max() > HARD


# ---------------------------------------------------------------- sound ends, and comes back


def _stop(host: ToneHost) -> None:
    host.daw.stop()
    host.play_on(4_000)
    host.daw.play()


def _locate(host: ToneHost) -> None:
    host.daw.locate(host.ppq(host.here - 7_919))


def _locate_while_standing(host: ToneHost) -> None:
    host.daw.stop()
    host.play_on(1)
    host.daw.locate(host.ppq(host.here - 7_919))
    host.play_on(2_000)
    host.daw.play()


def _edit_the_tempo(host: ToneHost) -> None:
    host.daw.set_grid(host.daw.grid.tempo, host.daw.grid.meter)


def _starve(host: ToneHost) -> None:
    """Nothing comes for a while, then all of it at once."""
    host.client.link.silent = True
    host.play_on(host.daw.buffer_frames + 4_000)
    host.client.link.silent = False


def _starve_and_move(host: ToneHost) -> None:
    """Nothing comes, and the host goes elsewhere and stops meanwhile."""
    host.client.link.silent = True
    host.play_on(host.daw.buffer_frames + 2_000)
    host.daw.locate(host.ppq(host.here - 7_919))
    host.play_on(2_000)
    host.daw.stop()
    host.play_on(2_000)
    host.daw.play()
    host.play_on(2_000)
    host.client.link.silent = False


def _hang(host: ToneHost) -> None:
    """The engine hears nothing and says nothing for a while."""
    host.client.link.hung = host.client.link.silent = True
    host.play_on(host.daw.buffer_frames + 4_000)
    host.client.link.hung = host.client.link.silent = False


def _close_the_stream(host: ToneHost) -> None:
    host.client.close_stream(1)
    host.play_on(host.daw.buffer_frames + 4_000)
    here = host.ppq(host.here)
    host.daw.open()
    host.daw.locate(here)
    host.daw.play()


def _kill(host: ToneHost) -> None:
    host.client.link.silent = True


AWAY = [_locate, _edit_the_tempo, _starve, _starve_and_move, _hang, _close_the_stream, _kill]
DEEDS = [_stop, _locate_while_standing, *AWAY]


def lived(deed, dry=None) -> ToneHost:
    """Something that ends the sound, over and over, at other places of the tone each time."""
    host = ToneHost(5.0, buffer_seconds=0.1, dry=dry)
    host.play_on(6_000)
    for turn in range(1 if deed is _kill else 7):
        deed(host)
        host.play_on(12_000 + 512 * turn)
    return host


def ends(host: ToneHost) -> list[tuple[int, bool]]:
    """Where sound gives way to silence (or the dry signal), and where it comes back (True)."""
    played = [span.kind == "played" for span in host.daw.heard]
    edges = zip(pairwise(played), host.daw.heard[1:], strict=True)
    return [(after.timeline_sample, back) for (was, back), after in edges if was != back]


@pytest.mark.parametrize("deed", DEEDS)
def test_sound_fades_out_from_where_it_ends_and_fades_in_from_where_it_is_back(deed):
    host = lived(deed)
    heard, found = host.daw.recording[:, 0], ends(host)
    assert_no_edge(host)
    silent = [span for span in host.daw.heard if span.kind != "played"]
    assert all(span.frames > 2 * DECLICK for span in silent)
    for at, back in found:
        before, after = heard[at - DECLICK - 1 : at], heard[at : at + 3 * DECLICK]
        if back:
            assert not before.any()
            assert abs(after[0]) < 1e-7
        else:
            assert after[0] == before[-1]
            assert np.all(np.diff(np.abs(after[:DECLICK])) <= 0)
            assert not after[DECLICK:].any()
    outs, ins = [sum(back == way for _, back in found) for way in (False, True)]
    assert (outs, ins) == ((1, 1) if deed is _kill else (7, 8))
    loud = [abs(heard[at - 1]) for at, back in found if not back]
    assert max(loud) > (0.05 if deed is _kill else 0.3)


@pytest.mark.parametrize("deed", DEEDS)
def test_outside_its_fades_the_sound_is_the_engines_to_the_bit(deed):
    host = lived(deed)
    for span in host.daw.heard:
        if span.kind == "played":
            start, end = span.timeline_sample, span.timeline_sample + span.frames
            song = span.song_sample + np.arange(span.frames)
            settled = slice(DECLICK, None) if span.frames > DECLICK else slice(0, 0)
            assert np.array_equal(host.daw.recording[start:end, 0][settled], tone(song)[settled])


def _dry(sample: int, frames: int):
    return np.repeat(other_tone(sample + np.arange(frames))[:, None], 2, axis=1)


@pytest.mark.parametrize("deed", AWAY)
def test_the_dry_signal_comes_and_goes_in_a_fade_too(deed):
    host = lived(deed, _dry)
    assert_no_edge(host, DRY_STEP)
    heard, compared = host.daw.recording[:, 0], 0
    for span in host.daw.heard:
        if span.kind == "dry" and span.frames > DECLICK:
            song = span.song_sample + np.arange(DECLICK, span.frames)
            end = span.timeline_sample + span.frames
            assert np.array_equal(heard[end - len(song) : end], other_tone(song))
            compared += len(song)
    assert compared > 2_000
