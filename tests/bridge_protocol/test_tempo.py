"""The tempo map against closed forms, independent integration and random maps."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad, solve_ivp  # type: ignore[import-untyped]

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.tempo import (
    MAX_BPM,
    MAX_PPQ,
    MIN_BPM,
    TempoLaw,
    TempoMap,
    TempoSegment,
)

STEP, TIME, BEATS = TempoLaw


def ramp(b0: float, b1: float, length: float, law: TempoLaw) -> TempoMap:
    return TempoMap([TempoSegment(0.0, b0, b1, law), TempoSegment(length, b1, b1, STEP)])


def random_map(seed: int, count: int) -> TempoMap:
    rng = np.random.default_rng(seed)
    lengths = rng.choice([1 / 960, 0.125, 3.5, 4.0, 64.0], count - 1) * rng.uniform(1, 2, count - 1)
    starts = np.concatenate([[0.0], np.cumsum(lengths)])
    bpm = rng.uniform(MIN_BPM, MAX_BPM, (count, 2))
    bpm[:, 1] = np.where(rng.random(count) < 0.2, bpm[:, 0] * (1 + 1e-9), bpm[:, 1])
    bpm[:, 1] = np.minimum(bpm[:, 1], MAX_BPM)
    laws = rng.choice(list(TempoLaw), count).tolist()
    laws[-1] = STEP
    rows = zip(starts.tolist(), bpm.tolist(), laws, strict=True)
    return TempoMap([TempoSegment(at, b[0], b[1], TempoLaw(law)) for at, b, law in rows])


maps = st.builds(random_map, st.integers(0, 2**32 - 1), st.sampled_from([1, 2, 3, 20, 200, 2000]))
tempi = st.floats(MIN_BPM, MAX_BPM)
ramps = st.builds(ramp, tempi, tempi, st.floats(0.01, 400), st.sampled_from([TIME, BEATS]))


def test_120_to_60_over_8_quarters_linear_in_time_takes_16_thirds_of_a_second() -> None:
    assert ramp(120, 60, 8, TIME).seconds(8) == pytest.approx(16 / 3, abs=1e-12)


def test_120_to_60_over_8_quarters_linear_in_beats_takes_8_ln_2_seconds() -> None:
    assert ramp(120, 60, 8, BEATS).seconds(8) == pytest.approx(8 * math.log(2), abs=1e-12)


def test_60_to_120_over_4_beats_takes_what_ableton_live_takes() -> None:
    assert ramp(60, 120, 4, BEATS).seconds(4) == pytest.approx(2.7726, abs=5e-5)


def test_a_step_stays_at_its_own_tempo_and_ignores_its_end() -> None:
    assert ramp(120, 60, 8, STEP).seconds(8) == 4.0


@settings(max_examples=60, deadline=None)
@given(ramps, st.floats(0, 1))
def test_both_ramps_are_the_integral_of_60_over_bpm(song: TempoMap, part: float) -> None:
    end = song.segments[1].start_ppq * part
    want, _ = quad(lambda q: 60 / song.bpm(q), 0, end, epsabs=1e-11, epsrel=1e-12)
    assert song.seconds(end) == pytest.approx(want, abs=1e-8, rel=1e-10)


@pytest.mark.parametrize(("b0", "b1", "length"), [(120, 60, 8), (20, 999, 300), (97.3, 98.1, 0.5)])
def test_linear_time_is_a_straight_line_over_seconds(b0: float, b1: float, length: float) -> None:
    # Independent of every formula in the module: integrate dq/dt = bpm(t)/60 until q = length.
    took = length * 60 / ((b0 + b1) / 2)

    def arrived(_t: float, q: np.ndarray) -> float:
        return float(q[0]) - length

    arrived.terminal = True  # type: ignore[attr-defined]
    run = solve_ivp(
        lambda t, _q: [(b0 + (b1 - b0) * t / took) / 60],
        (0, took * 1.01),
        [0.0],
        events=arrived,
        rtol=1e-11,
        atol=1e-12,
    )
    assert ramp(b0, b1, length, TIME).seconds(length) == pytest.approx(run.t_events[0][0], abs=1e-8)


@pytest.mark.parametrize("part", [0.0, 0.25, 0.5, 0.9])
def test_linear_time_has_the_tempo_of_the_line_at_each_second(part: float) -> None:
    song = ramp(60, 180, 16, TIME)
    at = song.seconds(16) * part
    assert song.bpm(song.ppq(at)) == pytest.approx(60 + 120 * part, abs=1e-9)


@pytest.mark.parametrize("part", [0.0, 0.25, 0.5, 0.9])
def test_linear_beats_has_the_tempo_of_the_line_at_each_quarter(part: float) -> None:
    assert ramp(60, 180, 16, BEATS).bpm(16 * part) == pytest.approx(60 + 120 * part, abs=1e-9)


@pytest.mark.parametrize("law", [TIME, BEATS])
@pytest.mark.parametrize("change", [0.0, 1e-13, 1e-9, 1e-7, 5e-5, 9.99e-5, 1.001e-4, 1e-3])
def test_a_ramp_that_hardly_ramps_is_as_exact_as_any(law: TempoLaw, change: float) -> None:
    b1 = 120 * (1 + change)
    with localcontext() as context:
        context.prec = 50
        first, last, length = Decimal(120), Decimal(b1), Decimal(1000)
        if first == last:
            want = 60 * length / first
        elif law is TIME:
            want = 120 * length / (first + last)
        else:
            want = 60 * length / (last - first) * (last / first).ln()
    song = ramp(120, b1, 1000, law)
    assert abs(Decimal(song.seconds(1000)) - want) < Decimal("2e-13")
    assert song.ppq(song.seconds(999.5)) == pytest.approx(999.5, abs=1e-11)


@settings(max_examples=60, deadline=None)
@given(maps, st.lists(st.floats(-0.1, 1.1), min_size=1, max_size=50))
def test_seconds_go_to_ppq_and_back_within_a_nanosecond(song: TempoMap, parts: list[float]) -> None:
    end = song.seconds(song.segments[-1].start_ppq + 1.0)
    at = np.array(parts) * end
    assert np.max(np.abs(song.seconds_array(song.ppq_array(at)) - at)) < 1e-9


@settings(max_examples=60, deadline=None)
@given(maps, st.lists(st.floats(-0.1, 1.1), min_size=1, max_size=50))
def test_ppq_go_to_seconds_and_back_within_a_nanosecond(song: TempoMap, parts: list[float]) -> None:
    at = np.array(parts) * (song.segments[-1].start_ppq + 1.0)
    off_seconds = np.abs(song.ppq_array(song.seconds_array(at)) - at) * 60 / song.bpm_array(at)
    assert np.max(off_seconds) < 1e-9


@settings(max_examples=30, deadline=None)
@given(maps)
def test_every_segment_start_survives_both_ways_bit_for_bit(song: TempoMap) -> None:
    starts = np.array([s.start_ppq for s in song.segments])
    assert np.array_equal(song.ppq_array(song.seconds_array(starts)), starts)


@settings(max_examples=30, deadline=None)
@given(maps)
def test_time_never_runs_backwards_across_a_seam(song: TempoMap) -> None:
    starts = np.array([s.start_ppq for s in song.segments])
    near = np.concatenate([starts, np.nextafter(starts, -np.inf), np.nextafter(starts, np.inf)])
    assert np.all(np.diff(song.seconds_array(np.sort(near))) >= 0)
    times = song.seconds_array(starts)
    near = np.concatenate([times, np.nextafter(times, -np.inf), np.nextafter(times, np.inf)])
    assert np.all(np.diff(song.ppq_array(np.sort(near))) >= 0)


@settings(max_examples=20, deadline=None)
@given(maps, st.lists(st.floats(-50, 5000), min_size=1, max_size=9))
def test_scalars_and_arrays_give_the_same_bits(song: TempoMap, at: list[float]) -> None:
    array = np.array(at)
    assert song.seconds_array(array).tolist() == [song.seconds(x) for x in at]
    assert song.ppq_array(array).tolist() == [song.ppq(x) for x in at]
    assert song.bpm_array(array).tolist() == [song.bpm(x) for x in at]


def test_sums_over_thousands_of_segments_are_the_exact_ones() -> None:
    rng = np.random.default_rng(1)
    starts = np.concatenate([[0.0], np.cumsum(rng.integers(1, 64, 19_999) / 8)])
    bpm = rng.integers(20, 999, 20_000)
    song = TempoMap(
        [TempoSegment(at, b, b, STEP) for at, b in zip(starts.tolist(), bpm.tolist(), strict=True)]
    )
    with localcontext() as context:
        context.prec = 40
        spans = zip(pairwise(starts.tolist()), bpm.tolist(), strict=False)
        want = sum(60 * (Decimal(b) - Decimal(a)) / Decimal(rate) for (a, b), rate in spans)
    assert abs(Decimal(song.seconds(float(starts[-1]))) - want) < Decimal("3e-11")


def test_before_zero_the_first_tempo_continues_backwards() -> None:
    song = ramp(120, 60, 8, BEATS)
    assert (song.seconds(-4.0), song.ppq(-2.0), song.bpm(-4.0)) == (-2.0, -4.0, 120.0)


def test_after_the_last_start_its_tempo_stays() -> None:
    song = ramp(120, 60, 8, TIME)
    assert song.seconds(108.0) - song.seconds(8.0) == pytest.approx(100.0, abs=1e-12)
    assert song.bpm(1e5) == 60.0


@pytest.mark.parametrize("law", list(TempoLaw))
def test_a_last_segment_may_have_any_law_when_it_stays_level(law: TempoLaw) -> None:
    song = TempoMap([TempoSegment(0.0, 90.0, 90.0, law)])
    assert song.seconds(3.0) == pytest.approx(2.0, abs=1e-15)
    assert song.ppq(2.0) == pytest.approx(3.0, abs=1e-15)
    assert song.bpm(3.0) == 90.0


def test_at_a_seam_the_tempo_is_the_new_one() -> None:
    song = TempoMap([TempoSegment(0, 120, 60, BEATS), TempoSegment(8, 90, 90, STEP)])
    assert song.bpm(8) == 90.0


def test_maps_are_equal_and_hashed_by_their_segments() -> None:
    assert ramp(120, 60, 8, TIME) == ramp(120, 60, 8, TIME)
    assert hash(ramp(120, 60, 8, TIME)) == hash(ramp(120, 60, 8, TIME))
    assert ramp(120, 60, 8, TIME) != ramp(120, 60, 8, BEATS)
    assert TempoMap.constant(120) != 120


@pytest.mark.parametrize(
    ("segments", "code", "field"),
    [
        ([], ErrorCode.WRONG_LENGTH, "segments"),
        ([(1.0, 120, 120, STEP)], ErrorCode.OUT_OF_RANGE, "segments[0].start_ppq"),
        ([(math.nan, 120, 120, STEP)], ErrorCode.NOT_FINITE, "segments[0].start_ppq"),
        (
            [(0.0, 120, 120, STEP), (MAX_PPQ * 2, 120, 120, STEP)],
            ErrorCode.OUT_OF_RANGE,
            "segments[1].start_ppq",
        ),
        ([(0.0, 19.99, 120, STEP)], ErrorCode.OUT_OF_RANGE, "segments[0].bpm_start"),
        ([(0.0, 120, 999.1, STEP)], ErrorCode.OUT_OF_RANGE, "segments[0].bpm_end"),
        (
            [(0.0, 120, 120, STEP), (4.0, math.inf, 120, STEP)],
            ErrorCode.NOT_FINITE,
            "segments[1].bpm_start",
        ),
        (
            [(0.0, 120, 120, STEP), (4.0, 90, 90, STEP), (4.0, 60, 60, STEP)],
            ErrorCode.BAD_ORDER,
            "segments[2].start_ppq",
        ),
        ([(0.0, 120, 60, TIME)], ErrorCode.BAD_FIELD, "segments[0].law"),
    ],
)
def test_a_bad_map_is_refused_by_code_and_field(
    segments: list[tuple[float, float, float, TempoLaw]], code: ErrorCode, field: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        TempoMap([TempoSegment(*row) for row in segments])
    assert (refused.value.code, refused.value.field) == (code, field)
