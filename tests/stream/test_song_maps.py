"""A session's song takes a tempo map only if the model can play each of its bars."""

from __future__ import annotations

import pytest

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.meter import MeterMap
from bridge_protocol.tempo import TempoLaw, TempoMap, TempoSegment
from engine_host.models.interface import Geometry
from engine_host.session.song import Song

GEOMETRY = Geometry(
    sample_rate_hz=48_000,
    audio_channels=2,
    samples_per_frame=1_920,
    latent_channels=4,
    frame_multiple=2,
    decode_halo_frames=2,
    longest_window_frames=750,
)
SLOWING = TempoMap(
    [
        TempoSegment(0.0, 999.0, 20.0, TempoLaw.LINEAR_BEATS),
        TempoSegment(577.0, 20.0, 20.0, TempoLaw.STEP),
    ]
)


def test_a_bar_too_long_is_found_behind_the_one_that_a_change_cuts_short() -> None:
    song = Song(48_000, GEOMETRY)
    before = song.grid
    meter = MeterMap.from_positions([(0, 64, 4), (577, 1, 4)])  # bar 9 is the slowest whole one
    with pytest.raises(RefusedError, match="Bar 9 lasts 6") as refused:
        song.set_map(SLOWING, meter)
    assert (refused.value.code, song.grid) == (ErrorCode.LIMIT, before)


def test_a_cut_bar_is_measured_by_what_is_left_of_it() -> None:
    song = Song(48_000, GEOMETRY)
    steady = TempoMap.constant(20.0)  # a whole bar of 16/4 lasts 48 s
    song.set_map(steady, MeterMap.from_positions([(0, 16, 4), (4, 4, 4)]))
    assert [song.grid.sample(bar) for bar in (1, 2)] == [12 * 48_000, 24 * 48_000]
    with pytest.raises(RefusedError, match="Bar 1 lasts 48"):
        song.set_map(steady, MeterMap.from_positions([(0, 16, 4), (20, 4, 4)]))
