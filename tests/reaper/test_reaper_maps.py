"""The client's tempo map, meter and frames against the engine's own, number for number."""

import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from anacrusis_reaper.engine_frames import Frames, frame_seconds
from anacrusis_reaper.meter import Meter
from anacrusis_reaper.refusal import RefusedError
from anacrusis_reaper.song_map import SongMap
from anacrusis_reaper.tempo_law import Segment, Tempo
from anacrusis_reaper.tempo_markers import Marker, ProjectTempo, disagreement, song_map
from hypothesis import given
from hypothesis import strategies as st
from toy_model import GEOMETRY as TOY

from bridge_protocol.bars import BarGrid
from bridge_protocol.meter import DENOMINATORS
from daw_clients.client.requests import tempo_message
from daw_clients.projects.reaper_tempo import BaseTempo, TempoPoint, maps_of
from engine_host.models.interface import Geometry
from engine_host.stream.windows import frames_of, window_of

VECTORS = Path(__file__).parents[2] / "bridge_protocol" / "conformance" / "vectors"
BPM = st.floats(20.0, 999.0, allow_nan=False)
SIGNATURE = st.tuples(st.integers(1, 16), st.sampled_from(DENOMINATORS))


@st.composite
def marker_lists(draw):
    """Markers as REAPER has them: in order, the first often at 0."""
    gaps = draw(st.lists(st.floats(0.01, 60.0), min_size=0, max_size=8))
    starts = np.cumsum([draw(st.sampled_from([0.0, 0.5, 3.0])), *gaps]).tolist()
    return [
        Marker(at, draw(BPM), *draw(st.one_of(st.just((0, 0)), SIGNATURE)), draw(st.booleans()))
        for at in starts
    ]


def engines(base, markers):
    """The same markers by the importer of project files."""
    points = [
        TempoPoint(
            m.seconds,
            m.bpm,
            m.is_linear,
            (m.numerator, m.denominator) if m.numerator else None,
            False,
        )
        for m in markers
    ]
    tempo, meter, _ = maps_of(BaseTempo(base.bpm, base.numerator, base.denominator), points)
    return tempo, meter


@given(marker_lists(), BPM, SIGNATURE)
def test_markers_become_the_map_that_the_importer_reads_from_the_project_file(
    markers, bpm, signature
):
    base = ProjectTempo(bpm, *signature)
    tempo, meter = engines(base, markers)
    here = song_map(base, markers)
    theirs = tempo_message(tempo, meter, 7)
    message = here.message(7)
    assert message["tempo"] == [
        {"ppq": e.ppq, "bpm_start": e.bpm_start, "bpm_end": e.bpm_end, "law": e.law.value}
        for e in theirs.tempo
    ]
    assert [
        (e["bar"], e["numerator"], e["denominator"], e.get("ppq")) for e in message["meter"]
    ] == [(e.bar, e.numerator, e.denominator, e.ppq) for e in theirs.meter]


@given(marker_lists(), BPM, SIGNATURE)
def test_bars_lie_on_the_engines_samples(markers, bpm, signature):
    base = ProjectTempo(bpm, *signature)
    here = song_map(base, markers)
    grid = BarGrid(*engines(base, markers), 48_000)
    for bar in range(40):
        assert here.bar_seconds(bar) == grid.seconds(bar)
        assert here.bar_sample(bar, 48_000) == grid.sample(bar)


@given(marker_lists(), st.lists(st.floats(-10.0, 1_000.0), min_size=1, max_size=20))
def test_positions_and_seconds_are_the_engines_to_the_bit(markers, places):
    base = ProjectTempo(120.0, 4, 4)
    tempo, meter = engines(base, markers)
    here = song_map(base, markers)
    for place in places:
        assert here.tempo.seconds(place) == tempo.seconds(place)
        assert here.tempo.ppq(place) == tempo.ppq(place)
        assert here.tempo.bpm(place) == tempo.bpm(place)
        if place >= 0:
            assert here.meter.bar_at(place) == meter.bar_at(place)


def test_the_protocols_tempo_vectors_hold_for_the_laws_that_reaper_has():
    checked = 0
    for entry in json.loads((VECTORS / "tempo.json").read_text()):
        if any(segment["law"] == "linear_beats" for segment in entry["tempo"]):
            continue
        tempo = Tempo(
            [Segment(s["ppq"], s["bpm_start"], s["bpm_end"], s["law"]) for s in entry["tempo"]]
        )
        for bar in entry["bars"]:
            seconds = tempo.seconds(bar["ppq"])
            assert seconds == pytest.approx(bar["seconds"], abs=1e-9)
            assert round(entry["sample_rate_hz"] * seconds) == bar["sample"]
            checked += 1
    assert checked > 20


def test_120_to_60_over_8_quarters_takes_as_long_as_reaper_takes():
    tempo = Tempo([Segment(0, 120, 60, "linear_time"), Segment(8, 60, 60, "step")])
    assert tempo.seconds(8) == pytest.approx(5 + 1 / 3, abs=1e-12)


def test_a_signature_within_a_bar_cuts_it_and_is_told_with_its_place():
    markers = [Marker(0.0, 120.0, 4, 4, False), Marker(3.0, 120.0, 3, 4, False)]
    song = song_map(ProjectTempo(120.0, 4, 4), markers)
    assert song.message(1)["meter"] == [
        {"bar": 1, "numerator": 4, "denominator": 4},
        {"bar": 3, "numerator": 3, "denominator": 4, "ppq": 6.0},
    ]
    assert song.meter.bar_start(3) == Fraction(9)


@pytest.mark.parametrize("bpm", [19.9, 999.5, math.nan, math.inf])
def test_a_tempo_out_of_range_is_refused_with_its_number(bpm):
    with pytest.raises(RefusedError) as refused:
        song_map(ProjectTempo(120.0, 4, 4), [Marker(0.0, bpm, 0, 0, False)])
    assert refused.value.code == "OUT_OF_RANGE"
    assert f"{bpm:g} quarter notes a minute" in refused.value.message


def test_a_host_that_counts_otherwise_is_noticed_at_markers_after_them_and_at_bars():
    markers = [Marker(0.0, 120.0, 6, 8, False), Marker(8.0, 90.0, 0, 0, False)]
    song = song_map(ProjectTempo(120.0, 6, 8), markers)
    agree = song.tempo.ppq

    def bar_ppq(bar):
        return float(song.meter.bar_start(bar))

    assert disagreement(song, markers, agree, bar_ppq) == ""
    eighths = disagreement(song, markers, lambda s: agree(s) / 2, bar_ppq)
    assert eighths == "REAPER has 8 s at quarter note 8.000000, this map at 16.000000"
    late = disagreement(song, markers, lambda s: agree(min(s, 8.5)), bar_ppq)
    assert late.startswith("REAPER has 9 s")
    bars = disagreement(song, markers, agree, lambda bar: 1.5)
    assert bars.startswith("REAPER begins bar 1 at quarter note 1.5")


def test_bars_of_a_selection_are_those_it_touches_with_a_millisecond_of_grace():
    song = song_map(ProjectTempo(120.0, 4, 4), [])
    assert song.bars_of(0.0, 2.0) == (0, 1)
    assert song.bars_of(0.5, 2.5) == (0, 2)
    assert song.bars_of(1.9995, 4.0005) == (1, 2)
    assert song.bars_of(1.99, 4.01) == (0, 3)
    assert song.bars_of(3.0, 3.0) == (1, 2)


ELEVEN_HZ = Geometry(44_100, 2, 4_009, 7, 2, 0, 660)
LONG_HALO = Geometry(44_100, 2, 4_096, 256, 1, 12, 4_134)


@given(
    marker_lists(),
    st.integers(1, 6),
    st.sampled_from([44_100, 48_000, 96_000]),
    st.sampled_from([TOY, ELEVEN_HZ, LONG_HALO]),
)
def test_every_frame_that_the_engine_reads_is_among_those_that_are_sampled(
    markers, window_bars, rate_hz, geometry
):
    base = ProjectTempo(120.0, 4, 4)
    here = song_map(base, markers)
    grid = BarGrid(*engines(base, markers), rate_hz)
    longest_s = geometry.longest_window_frames / geometry.frame_rate_hz
    frames = Frames(rate_hz, geometry.frame_rate_hz, longest_s)
    mine = frame_seconds(here, frames, window_bars, (2, 9))
    assert mine == sorted(mine)
    known = set(mine)
    for bar in range(2, 9):
        if grid.seconds(bar + 1) - grid.seconds(bar) > longest_s - 3:
            continue  # the engine refuses such a map
        window = window_of(bar, window_bars, grid, 0, geometry)
        read = frames_of(window, grid, geometry).seconds()
        assert {at for at in read.tolist() if at >= 0} <= known


def test_bars_before_a_cut_count_as_the_engines_do():
    meter = Meter([(Fraction(0), 4, 4), (Fraction(7, 2), 4, 4)])
    assert [meter.bar_start(bar) for bar in (0, 1, 2)] == [0, Fraction(7, 2), Fraction(15, 2)]
    song = SongMap(Tempo([Segment(0, 120, 120, "step")]), meter)
    assert song.bar_at(1.75) == 1
