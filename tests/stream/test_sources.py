import math
import subprocess
import sys

import numpy as np
import pytest
from click_tracks import RATE, clicks, grid, lateness_ms, placed

from bridge_protocol.errors import RefusedError
from engine_host.stream.sources import Placement, Source, own_tempo
from engine_host.stream.warp import SourceTempo

NOISE = np.random.default_rng(0).uniform(-0.5, 0.5, (RATE * 10, 2)).astype(np.float32)


def source(audio=NOISE, rate=RATE):
    return Source("0" * 64, "test", rate, audio)


def test_a_source_that_follows_the_host_is_left_bit_for_bit_whatever_the_map():
    host = grid("1:93, 2:120>60/beats, 4:60")
    heard = Placement(source(), 0.0, 0).read(host, 0, len(NOISE), RATE)
    assert np.array_equal(heard, NOISE)


def test_a_source_that_follows_the_host_is_cut_and_repeated_but_never_stretched():
    host = grid("1:120, 3:90")
    heard = Placement(source(), 4.0, 1).read(host, 0, host.sample(4), RATE)
    assert not heard[: host.sample(1)].any()
    for bar in (1, 2, 3):
        length = host.sample(bar + 1) - host.sample(bar)
        assert np.array_equal(heard[host.sample(bar) : host.sample(bar + 1)], NOISE[:length])


def test_every_part_of_a_placement_is_in_its_key():
    found = {
        placement.key()
        for placement in (
            Placement(source(), 0.0, 0),
            Placement(source(), 1.0, 0),
            Placement(source(), 0.0, 1),
            Placement(source(), 0.0, 0, SourceTempo(93.0)),
            Placement(source(), 0.0, 0, SourceTempo(94.0)),
            Placement(source(), 0.0, 0, SourceTempo(93.0, 0.1)),
        )
    }
    assert len(found) == 6
    assert Placement(source(), 0.0, 0, SourceTempo(93)).key() in found
    assert "93.0, downbeat_seconds=0.1" in repr(
        Placement(source(), 0.0, 0, SourceTempo(93.0, 0.1)).key()
    )  # the plan's digest reads it so


def test_a_source_that_plays_once_ends_with_its_last_frame():
    host = grid("1:120, 3:60")
    assert Placement(source(), 4.0, 0).end_sample(host) == host.sample(1) + len(NOISE)
    assert Placement(source(), 4.0, 2).end_sample(host) is None
    own = Placement(source(), 4.0, 0, SourceTempo(96.0, 2.5))
    assert own.end_sample(host) == host.sample_of_ppq(4.0 + 7.5 * 96 / 60)
    assert Placement(source(), 4.0, 2, SourceTempo(96.0)).end_sample(host) is None


def test_the_downbeat_sounds_at_its_place_and_the_pick_up_before_it():
    host = grid("1:120, 3:120>150/time, 5:150")
    audio = clicks(93, 16, first=0.4)
    downbeat = 0.4 + 2 * 60 / 93  # the third click begins the bar
    heard = placed(audio, 93, downbeat, at=8.0).read(host, 0, host.sample(5), RATE)[:, 0]
    beats = [host.sample_of_ppq(8.0 + beat) for beat in range(-2, 12)]
    assert np.abs(lateness_ms(heard, beats)).max() < 4.5
    first = host.sample_of_ppq(8.0 - 93 / 60 * downbeat)
    assert not heard[:first].any()


def test_a_pick_up_before_the_songs_start_is_not_heard():
    host = grid("1:120")
    heard = placed(clicks(93, 16), 93, 2 * 60 / 93).read(host, 0, host.sample(2), RATE)[:, 0]
    beats = [host.sample_of_ppq(beat) for beat in range(1, 8)]
    assert np.abs(lateness_ms(heard, beats)).max() < 2.0


def test_another_map_moves_the_source_at_once():
    placement = placed(clicks(93, 16), 93)
    for tempo in ("1:120", "1:80", "1:120"):
        host = grid(tempo)
        heard = placement.read(host, 0, host.sample(3), RATE)[:, 0]
        beats = [host.sample_of_ppq(beat) for beat in range(1, 11)]
        assert np.abs(lateness_ms(heard, beats)).max() < 2.0


def test_a_given_tempo_is_taken_as_it_is_and_begins_with_the_source():
    given = source()
    assert own_tempo(given, 93.0) == SourceTempo(93.0, 0.0)
    assert own_tempo(given, 93.0, 0.25) == SourceTempo(93.0, 0.25)
    assert not given.is_heard


def test_a_tempo_that_is_found_brings_the_first_beat_unless_one_is_given():
    given = source(clicks(93, 24, 0.24))
    found = own_tempo(given)
    assert given.is_heard
    assert found.bpm == pytest.approx(93.0, abs=0.01)
    assert found.downbeat_seconds == pytest.approx(0.24, abs=0.002)
    assert own_tempo(given, None, 1.5) == SourceTempo(found.bpm, 1.5)


def test_a_sound_is_listened_to_once(monkeypatch):
    given = source(clicks(93, 24))
    first = given.beats()
    monkeypatch.setattr("engine_host.stream.sources.find_beats", None)
    assert given.beats() is first


@pytest.mark.parametrize(
    ("bpm", "downbeat", "code", "field"),
    [
        (19.0, 0.0, "OUT_OF_RANGE", "bpm"),
        (1000.0, 0.0, "OUT_OF_RANGE", "bpm"),
        (math.nan, 0.0, "NOT_FINITE", "bpm"),
        (93.0, 10.0, "OUT_OF_RANGE", "downbeat"),
        (93.0, -0.1, "OUT_OF_RANGE", "downbeat"),
        (93.0, math.nan, "OUT_OF_RANGE", "downbeat"),
        (None, None, "CANNOT_HEAR", "bpm"),
    ],
)
def test_what_is_no_tempo_is_refused_by_its_field(bpm, downbeat, code, field):
    with pytest.raises(RefusedError) as caught:
        own_tempo(source(), bpm, downbeat)
    assert (caught.value.code, caught.value.field) == (code, field)


def test_only_a_source_with_its_own_tempo_is_held_against_the_map():
    fast = grid("1:500")
    Placement(source(), 0.0, 0).check(fast)
    with pytest.raises(RefusedError, match="let it follow the host"):
        Placement(source(), 0.0, 0, SourceTempo(93.0)).check(fast)


def test_librosa_is_not_imported_before_a_tempo_is_looked_for():
    program = (
        "import sys; import engine_host.stream.engine; "
        "sys.exit(any(name in sys.modules for name in ('librosa', 'numba')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
