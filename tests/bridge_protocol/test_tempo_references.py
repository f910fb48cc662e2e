"""Long and odd songs against arithmetic of 40 digits, exact fractions and plain integration."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge_protocol.bars import BarGrid
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.meter import (
    DENOMINATORS,
    MAX_CHANGES,
    MAX_NUMERATOR,
    MeterMap,
    SignatureChange,
)
from bridge_protocol.tempo import (
    MAX_BPM,
    MAX_PPQ,
    MAX_SEGMENTS,
    MIN_BPM,
    MIN_SEGMENT_PPQ,
    TempoLaw,
    TempoMap,
    TempoSegment,
)

STEP, TIME, BEATS = TempoLaw
RATES = (44_100, 48_000, 96_000, 192_000)
NODES, WEIGHTS = np.polynomial.legendre.leggauss(64)
PER_TEST = settings(max_examples=150, deadline=None, derandomize=True)

tempi = st.floats(MIN_BPM, MAX_BPM)
near_flat = st.builds(
    lambda bpm, change: (bpm, min(max(bpm * (1 + change), MIN_BPM), MAX_BPM)),
    tempi,
    st.sampled_from([-1e-4, -1e-7, -1e-12, 0.0, 1e-15, 1e-9, 1e-5]),
)
ramps = st.tuples(tempi, tempi) | near_flat


def mixed_map(count: int) -> TempoMap:
    """Segments of every law, on ticks, up and down and nearly flat, then one tempo for good."""
    rng = np.random.default_rng(5)
    starts = np.append(0, np.cumsum(rng.integers(1, 8 * 960, count))) / 960
    first, last = rng.uniform(MIN_BPM, MAX_BPM, (2, count + 1))
    flat = rng.random(count + 1) < 0.2
    last = np.where(flat, first * (1 + 10.0 ** rng.uniform(-15, -5, count + 1)), last)
    last = np.minimum(last, MAX_BPM)
    laws = [*rng.choice(list(TempoLaw), count).tolist(), "step"]
    rows = zip(starts.tolist(), first.tolist(), last.tolist(), laws, strict=True)
    return TempoMap([TempoSegment(at, b0, b1, TempoLaw(law)) for at, b0, b1, law in rows])


def decimal_length(segment: TempoSegment, end: float) -> Decimal:
    """A segment's seconds in the context's digits."""
    quarters = Decimal(end) - Decimal(segment.start_ppq)
    first, last = Decimal(segment.bpm_start), Decimal(segment.bpm_end)
    if segment.law is STEP or first == last:
        return 60 * quarters / first
    if segment.law is TIME:
        return 60 * quarters / ((first + last) / 2)  # a straight line's mean tempo
    return 60 * quarters * (last / first).ln() / (last - first)


def decimal_starts(song: TempoMap) -> list[Decimal]:
    """The second at which each segment starts, summed in the context's digits."""
    lengths = [decimal_length(a, b.start_ppq) for a, b in pairwise(song.segments)]
    return list(accumulate(lengths, initial=Decimal(0)))


MIXED = mixed_map(5_000)


def test_5000_segments_of_every_law_start_where_40_digits_say() -> None:
    with localcontext() as context:
        context.prec = 40
        want = decimal_starts(MIXED)
        got = MIXED.seconds_array(np.array([s.start_ppq for s in MIXED.segments]))
        off = max(abs(Decimal(a) - b) for a, b in zip(got.tolist(), want, strict=True))
    assert {segment.law for segment in MIXED.segments} == set(TempoLaw)
    assert want[-1] > 3600
    assert off < Decimal("1e-12")


def test_5000_segments_go_both_ways_within_a_nanosecond() -> None:
    rng = np.random.default_rng(6)
    at = rng.uniform(-100, MIXED.segments[-1].start_ppq + 100, 50_000)
    back = MIXED.ppq_array(MIXED.seconds_array(at))
    assert np.max(np.abs(back - at) * 60 / MIXED.bpm_array(at)) < 1e-9
    seconds = rng.uniform(-100, MIXED.seconds(MIXED.segments[-1].start_ppq) + 100, 50_000)
    assert np.max(np.abs(MIXED.seconds_array(MIXED.ppq_array(seconds)) - seconds)) < 1e-9


@PER_TEST
@given(ramps, st.floats(0.01, 1000), st.floats(0, 1))
def test_linear_beats_is_the_integral_of_60_over_the_line(
    tempo: tuple[float, float], length: float, part: float
) -> None:
    b0, b1 = tempo
    song = TempoMap([TempoSegment(0, b0, b1, BEATS), TempoSegment(length, b1, b1, STEP)])
    q = length * part * (NODES + 1) / 2
    want = length * part / 2 * float(WEIGHTS @ (60 / (b0 + (b1 - b0) * q / length)))
    assert song.seconds(length * part) == pytest.approx(want, abs=1e-9)


@PER_TEST
@given(ramps, st.floats(0.01, 1000), st.floats(0, 1))
def test_linear_time_is_the_area_under_the_line(
    tempo: tuple[float, float], length: float, part: float
) -> None:
    b0, b1 = tempo
    song = TempoMap([TempoSegment(0, b0, b1, TIME), TempoSegment(length, b1, b1, STEP)])
    took = 60 * length / ((b0 + b1) / 2)
    t = took * part
    area = t * (b0 + (b0 + (b1 - b0) * part)) / 2 / 60  # a trapezium of tempo over time
    assert song.ppq(t) * 60 / MAX_BPM == pytest.approx(area * 60 / MAX_BPM, abs=1e-9)
    assert song.seconds(area) == pytest.approx(t, abs=1e-9)


def exact_sample(rate: int, told: list[tuple[int, int]], at: Fraction) -> Fraction:
    """A position in samples, under steps of ``(microseconds per quarter, from tick / 960)``."""
    ends = [Fraction(tick, 960) for _, tick in told[1:]] + [at]
    total = Fraction(0)
    for (micros, tick), end in zip(told, ends, strict=True):
        start, bpm = Fraction(tick, 960), Fraction(60e6 / micros)  # the float that a map holds
        total += max(min(at, end) - start, Fraction(0)) * 60 / bpm
    return total * rate


@PER_TEST
@given(
    st.lists(
        st.tuples(st.integers(60_061, 3_000_000), st.integers(1, 200_000)), min_size=1, max_size=25
    ),
    st.tuples(st.integers(1, MAX_NUMERATOR), st.sampled_from(DENOMINATORS)),
    st.sampled_from(RATES),
)
def test_an_hour_of_a_midi_files_tempi_ends_on_the_exact_sample(
    steps: list[tuple[int, int]], signature: tuple[int, int], rate: int
) -> None:
    ticks = accumulate((gap for _, gap in steps[:-1]), initial=0)
    told = [(micros, tick) for (micros, _), tick in zip(steps, ticks, strict=True)]
    song = TempoMap([TempoSegment(t / 960, 60e6 / m, 60e6 / m, STEP) for m, t in told])
    meter = MeterMap.constant(*signature)
    grid = BarGrid(song, meter, rate)
    last = grid.bar_of_sample(3600 * rate)
    for bar in (last, last // 2, last // 3, 1):
        exact = exact_sample(rate, told, meter.bar_start(bar))
        assert abs(grid.sample(bar) - exact) <= Fraction(1, 2) + Fraction(1, 10_000)


def test_an_hour_of_ramps_ends_on_the_exact_sample() -> None:
    rng = np.random.default_rng(7)
    lengths = [Fraction(4 * int(n), int(d)) for n, d in zip(rng.integers(3, 13, 900), rng.choice([4, 8], 900), strict=True)]  # fmt: skip
    starts = [float(at) for at in accumulate(lengths, initial=Fraction(0))]
    bpm = rng.uniform(60, 120, 901).tolist()
    laws = [TIME, BEATS, STEP] * 300
    rows = zip(starts, pairwise(bpm), laws, strict=False)
    song = TempoMap(
        [TempoSegment(at, b0, b1, law) for at, (b0, b1), law in rows]
        + [TempoSegment(starts[-1], bpm[-1], bpm[-1], STEP)]
    )
    meter = MeterMap.from_positions(
        [(at, int(length * 2), 8) for at, length in zip(starts, lengths, strict=False)]
    )
    grid = BarGrid(song, meter, 44_100)
    with localcontext() as context:
        context.prec = 40
        exact = [int((second * 44_100).to_integral_value()) for second in decimal_starts(song)]
    assert [grid.sample(bar) for bar in range(901)] == exact
    assert exact[-1] > 3600 * 44_100


@pytest.mark.parametrize("denominator", DENOMINATORS)
def test_every_signature_has_its_length_and_keeps_it_for_an_hour(denominator: int) -> None:
    tempo, rate = TempoMap.constant(133.713), 48_000
    for numerator in range(1, MAX_NUMERATOR + 1):
        grid = BarGrid(tempo, MeterMap.constant(numerator, denominator), rate)
        length = Fraction(4 * numerator, denominator)
        last = math.floor(3600 * Fraction(133.713) / 60 / length)
        assert (grid.meter.bar_length(last), grid.ppq(last)) == (length, last * length)
        assert grid.sample(last) == round(last * length * 60 / Fraction(133.713) * rate)
        assert grid.bar_of_sample(3600 * rate) == last


# ---------------------------------------------------------------- what is no map

STEADY = (0.0, 120.0, 120.0, STEP)


def step(at: float, bpm: float = 120.0) -> tuple[float, float, float, TempoLaw]:
    return (at, bpm, bpm, STEP)


@pytest.mark.parametrize(
    ("segments", "code", "field"),
    [
        ([step(0.0, 0.0)], ErrorCode.OUT_OF_RANGE, "segments[0].bpm_start"),
        ([step(0.0, -120.0)], ErrorCode.OUT_OF_RANGE, "segments[0].bpm_start"),
        ([step(0.0, math.nan)], ErrorCode.NOT_FINITE, "segments[0].bpm_start"),
        ([step(0.0, -math.inf)], ErrorCode.NOT_FINITE, "segments[0].bpm_start"),
        ([(0.0, 120.0, math.nan, TIME), step(4.0)], ErrorCode.NOT_FINITE, "segments[0].bpm_end"),
        ([(0.0, 120.0, math.inf, BEATS), step(4.0)], ErrorCode.NOT_FINITE, "segments[0].bpm_end"),
        ([(0.0, 120.0, 0.0, BEATS), step(4.0)], ErrorCode.OUT_OF_RANGE, "segments[0].bpm_end"),
        ([step(-4.0), step(0.0)], ErrorCode.OUT_OF_RANGE, "segments[0].start_ppq"),
        ([STEADY, step(8.0), step(4.0)], ErrorCode.BAD_ORDER, "segments[2].start_ppq"),
        ([STEADY, step(-4.0)], ErrorCode.BAD_ORDER, "segments[1].start_ppq"),
        (
            [STEADY, step(8.0), step(8.0 + MIN_SEGMENT_PPQ / 2)],
            ErrorCode.BAD_ORDER,
            "segments[2].start_ppq",
        ),
        ([STEADY, step(math.inf)], ErrorCode.NOT_FINITE, "segments[1].start_ppq"),
        ([STEADY, step(-math.inf)], ErrorCode.NOT_FINITE, "segments[1].start_ppq"),
        ([STEADY, step(MAX_PPQ + 1)], ErrorCode.OUT_OF_RANGE, "segments[1].start_ppq"),
        ([step(float(i)) for i in range(MAX_SEGMENTS + 1)], ErrorCode.LIMIT, "segments"),
    ],
)
def test_a_map_that_is_none_is_refused_by_code_and_field(
    segments: list[tuple[float, float, float, TempoLaw]], code: ErrorCode, field: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        TempoMap([TempoSegment(*row) for row in segments])
    assert (refused.value.code, refused.value.field) == (code, field)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ([(0, -4, 4)], ErrorCode.OUT_OF_RANGE, "changes[0].numerator"),
        ([(0, 4, 0)], ErrorCode.OUT_OF_RANGE, "changes[0].denominator"),
        ([(0, 4, -4)], ErrorCode.OUT_OF_RANGE, "changes[0].denominator"),
        ([(0, 4, 4), (5, 0, 4)], ErrorCode.OUT_OF_RANGE, "changes[1].numerator"),
        ([(-1, 4, 4), (0, 4, 4)], ErrorCode.OUT_OF_RANGE, "changes[0].bar"),
        ([(0, 4, 4), (5, 3, 4), (4, 4, 4)], ErrorCode.BAD_ORDER, "changes[2].bar"),
        ([(0, 4, 4), (-5, 3, 4)], ErrorCode.BAD_ORDER, "changes[1].bar"),
        ([(i, 4, 4) for i in range(MAX_CHANGES + 1)], ErrorCode.LIMIT, "changes"),
    ],
)
def test_a_meter_that_is_none_is_refused_by_code_and_field(
    changes: list[tuple[int, int, int]], code: ErrorCode, field: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        MeterMap([SignatureChange(*row) for row in changes])
    assert (refused.value.code, refused.value.field) == (code, field)
