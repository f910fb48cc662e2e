"""Bar lines land on the exact sample, however long the song."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge_protocol.bars import BarGrid, BarLine
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.meter import MeterMap, SignatureChange
from bridge_protocol.tempo import TempoLaw, TempoMap, TempoSegment

MIX = MeterMap([SignatureChange(0, 7, 8), SignatureChange(3, 5, 4), SignatureChange(9, 3, 16)])
RAMPS = TempoMap(
    [
        TempoSegment(0.0, 120.0, 63.5, TempoLaw.LINEAR_TIME),
        TempoSegment(10.5, 63.5, 187.0, TempoLaw.LINEAR_BEATS),
        TempoSegment(30.25, 131.7, 131.7, TempoLaw.STEP),
    ]
)
FASTEST = BarGrid(TempoMap.constant(999), MeterMap.constant(1, 32), 8_000)
GRIDS = [BarGrid(RAMPS, MIX, rate) for rate in (8_000, 44_100, 48_000, 192_000)] + [FASTEST]


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000, 192_000])
@pytest.mark.parametrize("bpm", [119.7, 127.3, 61.1, 173.913, 999.0, 20.3])
def test_an_hour_at_an_odd_tempo_ends_on_the_exact_sample(rate: int, bpm: float) -> None:
    grid = BarGrid(TempoMap.constant(bpm), MIX, rate)
    bar = grid.bar_of_sample(3600 * rate)
    exact = MIX.bar_start(bar) * 60 / Fraction(bpm) * rate
    assert grid.sample(bar) == round(exact)


def test_an_hour_of_alternating_tempi_ends_on_the_exact_sample() -> None:
    tempi = [119.7, 87.3, 143.9, 61.1]
    song = [(q, tempi[q // 7 % 4]) for q in range(0, 6300, 7)]
    grid = BarGrid(
        TempoMap([TempoSegment(float(q), b, b, TempoLaw.STEP) for q, b in song]),
        MeterMap.constant(7, 4),
        44_100,
    )
    for bar in (1, 17, 450, 899):
        exact = sum((7 * 60 / Fraction(bpm) for _, bpm in song[:bar]), Fraction(0)) * 44_100
        assert grid.sample(bar) == round(exact)


def test_adding_up_rounded_bar_lengths_would_drift_by_hundreds_of_samples() -> None:
    grid = BarGrid(TempoMap.constant(127.3), MeterMap.constant(4, 4), 44_100)
    bar = grid.bar_of_sample(3600 * 44_100)
    summed = bar * grid.sample(1)
    assert abs(summed - grid.sample(bar)) > 100


def test_a_line_tells_one_bar_in_every_unit_counted_from_1() -> None:
    grid = BarGrid(TempoMap.constant(128), MeterMap.constant(4, 4), 44_100)
    assert grid.line(2) == BarLine(bar=3, ppq=8.0, seconds=3.75, sample=165_375)


def test_a_half_sample_goes_to_the_even_neighbour() -> None:
    grid = BarGrid(TempoMap.constant(128), MeterMap.constant(4, 4), 44_100)
    assert (grid.sample(1), grid.sample(3)) == (82_688, 248_062)  # 82687.5 and 248062.5


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(GRIDS), st.integers(-200_000, 40_000_000))
def test_every_sample_is_in_exactly_one_bar(grid: BarGrid, sample: int) -> None:
    bar = grid.bar_of_sample(sample)
    assert grid.sample(bar) <= sample < grid.sample(bar + 1)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(GRIDS), st.integers(-20, 3000))
def test_a_bars_own_sample_is_in_it_and_the_one_before_is_not(grid: BarGrid, bar: int) -> None:
    assert grid.bar_of_sample(grid.sample(bar)) == bar
    assert grid.bar_of_sample(grid.sample(bar) - 1) == bar - 1


def all_beats(grid: BarGrid, bars: range) -> list[tuple[float, int]]:
    beats = [
        grid.ppq(bar) + beat * grid.meter.beat_length(bar)
        for bar in bars
        for beat in range(grid.meter.signature(bar).numerator)
    ]
    return [(float(ppq), grid.sample_of_ppq(ppq)) for ppq in beats]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(GRIDS), st.data())
def test_the_next_beat_is_the_first_of_all_beats_at_or_after(
    grid: BarGrid, data: st.DataObject
) -> None:
    beats = all_beats(grid, range(-2, 16))
    index = data.draw(st.integers(1, len(beats) - 1))
    before, at = beats[index - 1][1], beats[index][1]
    sample = data.draw(st.sampled_from([before + 1, at, data.draw(st.integers(before + 1, at))]))
    assert grid.next_beat(sample) == beats[index]


def test_a_beat_that_has_begun_a_sample_ago_is_not_the_next() -> None:
    grid = BarGrid(TempoMap.constant(120), MeterMap.constant(4, 4), 48_000)
    assert grid.next_beat(24_000) == (1.0, 24_000)
    assert grid.next_beat(24_001) == (2.0, 48_000)
    assert grid.next_beat(72_001) == (4.0, 96_000)


@given(st.integers(-(10**8), 10**9))
def test_a_sample_survives_going_to_ppq_and_back(sample: int) -> None:
    assert GRIDS[2].sample_of_ppq(GRIDS[2].ppq_of_sample(sample)) == sample


@pytest.mark.parametrize("rate", [0, -48_000, 7_999, 768_001])
def test_a_sample_rate_that_no_device_has_is_refused(rate: int) -> None:
    with pytest.raises(RefusedError) as refused:
        BarGrid(RAMPS, MIX, rate)
    assert (refused.value.code, refused.value.field) == (ErrorCode.OUT_OF_RANGE, "sample_rate_hz")
