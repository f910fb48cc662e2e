"""Bars that are cut short: pick-ups, and signatures that a host has in the middle of a bar."""

from __future__ import annotations

import math
from bisect import bisect_right
from fractions import Fraction
from itertools import pairwise

import msgspec
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
from bridge_protocol.notation import parse_position, position_ppq
from bridge_protocol.schema import MeterEntry, TempoMapMessage
from bridge_protocol.tempo import TempoMap
from daw_clients.client.requests import tempo_message
from engine_host.session.song import map_of

Positions = list[tuple[Fraction, int, int]]
STEADY = TempoMap.constant(120.0)
PICKUP = MeterMap([SignatureChange(0, 4, 4), SignatureChange(1, 4, 4, Fraction(1))])
CUT = MeterMap.from_positions([(0.0, 4, 4), (6.25, 7, 8), (16.75, 3, 4)])
PER_TEST = settings(max_examples=80, deadline=None, derandomize=True)


@st.composite
def positions(draw: st.DrawFn) -> Positions:
    """Signatures on a host's ticks, on bar lines and within bars."""
    gaps = draw(st.lists(st.integers(1, 40_000), max_size=12))
    signature = st.tuples(st.integers(1, MAX_NUMERATOR), st.sampled_from(DENOMINATORS))
    ticks = np.cumsum([0, *gaps]).tolist()
    return [(Fraction(tick, 960), *draw(signature)) for tick in ticks]


def walked(told: Positions, end: Fraction) -> list[Fraction]:
    """Every bar line from 0 to ``end``, found by walking bar by bar."""
    lines = []
    stops = [at for at, _, _ in told[1:]] + [end]
    for (start, numerator, denominator), stop in zip(told, stops, strict=True):
        line = start
        while line < stop:
            lines.append(line)
            line += Fraction(4 * numerator, denominator)
    return [*lines, end]


@PER_TEST
@given(positions())
def test_bars_are_where_walking_the_song_bar_by_bar_finds_them(told: Positions) -> None:
    last, numerator, denominator = told[-1]
    lines = walked(told, last + 3 * Fraction(4 * numerator, denominator))
    meter = MeterMap.from_positions(told)
    bars = range(len(lines))
    assert [meter.bar_start(bar) for bar in bars] == lines
    assert [meter.bar_length(bar) for bar in bars[:-1]] == [b - a for a, b in pairwise(lines)]
    assert [meter.bar_at(line) for line in lines] == list(bars)


@PER_TEST
@given(positions(), st.data())
def test_a_position_is_in_the_bar_that_the_walk_has_there(
    told: Positions, data: st.DataObject
) -> None:
    lines = walked(told, told[-1][0] + 256)
    at = Fraction(data.draw(st.integers(0, int(lines[-1] * 960) - 1)), 960) + Fraction(1, 1921)
    assert MeterMap.from_positions(told).bar_at(at) == bisect_right(lines, at) - 1


@PER_TEST
@given(positions())
def test_the_float_nearest_to_a_bar_line_is_in_the_new_bar_and_the_one_before_is_not(
    told: Positions,
) -> None:
    meter = MeterMap.from_positions(told)
    for bar in range(meter.changes[-1].bar + 2):
        line = float(meter.bar_start(bar))
        assert meter.bar_at(line) == bar
        assert meter.bar_at(math.nextafter(line, -math.inf)) == bar - 1


def test_a_pickup_bar_is_cut_to_its_length() -> None:
    assert [PICKUP.bar_start(bar) for bar in range(4)] == [0, 1, 5, 9]
    assert (PICKUP.bar_length(0), PICKUP.bar_length(1)) == (1, 4)
    assert [PICKUP.bar_at(ppq) for ppq in (0.0, 0.99, 1.0, 4.99, 5.0)] == [0, 0, 1, 1, 2]


def test_before_a_pickup_whole_bars_go_on_backwards() -> None:
    assert (PICKUP.bar_start(-1), PICKUP.bar_length(-1), PICKUP.bar_at(-0.01)) == (-4, 4, -1)


def test_a_change_within_a_bar_restarts_the_bar() -> None:
    assert CUT.changes == (
        SignatureChange(0, 4, 4),
        SignatureChange(2, 7, 8, Fraction(25, 4)),
        SignatureChange(5, 3, 4),
    )
    assert [CUT.bar_start(bar) for bar in (1, 2, 3, 5, 6)] == [4, 6.25, 9.75, 16.75, 19.75]
    assert (CUT.bar_length(1), CUT.beat_length(1)) == (Fraction(9, 4), 1)


@pytest.mark.parametrize("off", [-1e-6, -1e-9, 0.0, 1e-9, 1e-6])
def test_a_position_a_hosts_rounding_off_a_bar_line_is_on_it(off: float) -> None:
    meter = MeterMap.from_positions(
        [(0.0, 4, 4), (8.0 + 0.99 * off, 3, 4), (14.0 - 0.9 * off, 4, 4)]
    )
    assert meter == MeterMap.from_positions([(0, 4, 4), (8, 3, 4), (14, 4, 4)])
    assert [change.start_ppq for change in meter.changes] == [None, None, None]


@pytest.mark.parametrize("off", [-2e-6, 2e-6])
def test_a_position_farther_off_a_bar_line_cuts_a_bar(off: float) -> None:
    meter = MeterMap.from_positions([(0.0, 4, 4), (8.0 + off, 3, 4)])
    assert meter.bar_start(meter.changes[1].bar) == Fraction(8.0 + off)
    assert meter.changes[1].bar == (2 if off < 0 else 3)


def test_a_start_at_its_natural_place_is_no_cut() -> None:
    told = MeterMap([SignatureChange(0, 4, 4, Fraction(0)), SignatureChange(2, 3, 4, Fraction(8))])
    whole = MeterMap([SignatureChange(0, 4, 4), SignatureChange(2, 3, 4)])
    assert (told, hash(told)) == (whole, hash(whole))


def test_meters_that_are_cut_elsewhere_differ() -> None:
    changes = [SignatureChange(0, 4, 4), SignatureChange(1, 4, 4, Fraction(2))]
    assert MeterMap(changes) != PICKUP
    assert MeterMap.constant(4, 4) != PICKUP
    assert MeterMap.from_positions([(0, 4, 4), (1, 4, 4)]) == PICKUP
    assert hash(PICKUP) == hash(MeterMap.from_positions([(0, 4, 4), (1, 4, 4)]))


def change(bar: int, start: float | None = None) -> SignatureChange:
    return SignatureChange(bar, 4, 4, None if start is None else Fraction(start))


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ([change(0, 1)], ErrorCode.OUT_OF_RANGE, "changes[0].start_ppq"),
        ([change(0, -1)], ErrorCode.OUT_OF_RANGE, "changes[0].start_ppq"),
        ([change(0), change(2, 8.5)], ErrorCode.OUT_OF_RANGE, "changes[1].start_ppq"),
        ([change(0), change(2, 4)], ErrorCode.BAD_ORDER, "changes[1].start_ppq"),
        ([change(0), change(2, -3)], ErrorCode.BAD_ORDER, "changes[1].start_ppq"),
        ([change(0), change(2, 7), change(3, 11.5)], ErrorCode.OUT_OF_RANGE, "changes[2].start_ppq"),
        ([change(0), change(2, 7), change(3, 7)], ErrorCode.BAD_ORDER, "changes[2].start_ppq"),
    ],
)  # fmt: skip
def test_a_start_outside_the_bar_it_cuts_is_refused(
    changes: list[SignatureChange], code: ErrorCode, field: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        MeterMap(changes)
    assert (refused.value.code, refused.value.field) == (code, field)


@pytest.mark.parametrize(
    ("told", "code", "field"),
    [
        ([], ErrorCode.WRONG_LENGTH, "changes"),
        ([(1.0, 4, 4)], ErrorCode.OUT_OF_RANGE, "changes[0].ppq"),
        ([(math.nan, 4, 4)], ErrorCode.NOT_FINITE, "changes[0].ppq"),
        ([(0.0, 4, 4), (math.inf, 4, 4)], ErrorCode.NOT_FINITE, "changes[1].ppq"),
        ([(0.0, 4, 4), (8.0, 4, 4), (4.0, 4, 4)], ErrorCode.BAD_ORDER, "changes[2].ppq"),
        ([(0.0, 4, 4), (8.0, 4, 4), (8.0, 3, 4)], ErrorCode.BAD_ORDER, "changes[2].ppq"),
        ([(0.0, 4, 4), (8.0, 4, 4), (8.0000009, 3, 4)], ErrorCode.BAD_ORDER, "changes[2].ppq"),
        ([(0.0, 0, 4)], ErrorCode.OUT_OF_RANGE, "changes[0].numerator"),
        ([(0.0, 4, 0)], ErrorCode.OUT_OF_RANGE, "changes[0].denominator"),
        ([(0.0, 4, 4), (1e12, 4, 4)], ErrorCode.OUT_OF_RANGE, "changes[1].bar"),
        ([(i, 1, 4) for i in range(MAX_CHANGES + 1)], ErrorCode.LIMIT, "changes"),
    ],
)
def test_bad_positions_are_refused_by_code_and_field(
    told: list[tuple[float, int, int]], code: ErrorCode, field: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        MeterMap.from_positions(told)
    assert (refused.value.code, refused.value.field) == (code, field)


# ---------------------------------------------------------------- in samples


@PER_TEST
@given(positions(), st.data())
def test_every_sample_is_in_exactly_one_bar_of_a_cut_meter(
    told: Positions, data: st.DataObject
) -> None:
    grid = BarGrid(TempoMap.constant(97.3), MeterMap.from_positions(told), 44_100)
    line = grid.sample(data.draw(st.integers(0, grid.meter.changes[-1].bar + 1)))
    sample = line + data.draw(st.integers(-2, 2) | st.integers(-100_000, 100_000))
    bar = grid.bar_of_sample(sample)
    assert grid.sample(bar) <= sample < grid.sample(bar + 1)


@PER_TEST
@given(positions(), st.data())
def test_the_next_beat_of_a_cut_meter_is_the_first_beat_or_bar_line(
    told: Positions, data: st.DataObject
) -> None:
    meter = MeterMap.from_positions(told)
    grid = BarGrid(STEADY, meter, 48_000)
    bar = data.draw(st.integers(0, meter.changes[-1].bar + 1))
    start, beat = meter.bar_start(bar), meter.beat_length(bar)
    beats = [start + i * beat for i in range(math.ceil(meter.bar_length(bar) / beat))]
    lines = [*beats, meter.bar_start(bar + 1)]
    sample = data.draw(st.integers(grid.sample(bar), grid.sample(bar + 1)))
    want = next(line for line in lines if round(line * 24_000) >= sample)
    assert grid.next_beat(sample) == (float(want), round(want * 24_000))


def test_the_last_beat_of_a_cut_bar_ends_at_the_bar_line() -> None:
    grid = BarGrid(STEADY, CUT, 48_000)  # bar 1 is 4.0 to 6.25: beats at 4, 5 and 6
    assert grid.next_beat(5 * 24_000 + 1) == (6.0, 6 * 24_000)
    assert grid.next_beat(6 * 24_000 + 1) == (6.25, 150_000)
    assert grid.next_beat(150_001) == (6.75, 162_000)


def test_a_bar_cut_to_less_than_a_sample_is_refused() -> None:
    meter = MeterMap.from_positions([(0.0, 4, 4), (4.00001, 4, 4)])
    with pytest.raises(RefusedError) as refused:
        BarGrid(STEADY, meter, 48_000)
    assert (refused.value.code, refused.value.field) == (ErrorCode.OUT_OF_RANGE, "meter")
    assert BarGrid(STEADY, meter, 768_000).sample(2) == 4 * 384_000 + 4


# ---------------------------------------------------------------- as written, and on the wire


@pytest.mark.parametrize(("text", "ppq"), [("2.3", 6.0), ("2.3.24", 6.24), ("3", 6.25)])
def test_positions_count_the_beats_that_a_cut_bar_has(text: str, ppq: float) -> None:
    assert position_ppq(parse_position(text), CUT) == ppq


@pytest.mark.parametrize("text", ["2.4", "2.3.25", "2.3.99"])
def test_a_position_past_the_end_of_a_cut_bar_is_refused(text: str) -> None:
    with pytest.raises(RefusedError) as refused:
        position_ppq(parse_position(text), CUT)
    assert (refused.value.code, refused.value.field) == (ErrorCode.OUT_OF_RANGE, "position")


@PER_TEST
@given(positions())
def test_a_cut_meter_survives_the_wire(told: Positions) -> None:
    meter = MeterMap.from_positions([(float(at), n, d) for at, n, d in told])
    sent = msgspec.msgpack.encode(tempo_message(STEADY, meter, 1))
    assert map_of(msgspec.msgpack.decode(sent, type=TempoMapMessage)) == (STEADY, meter)


def test_a_whole_bar_is_told_without_its_start() -> None:
    entries = [msgspec.to_builtins(entry) for entry in tempo_message(STEADY, CUT, 1).meter]
    assert [entry.get("ppq") for entry in entries] == [None, 6.25, None]
    assert "ppq" not in entries[0]


@pytest.mark.parametrize("ppq", [math.nan, math.inf, 1.1e6])
def test_a_start_that_is_no_position_is_refused_on_the_wire(ppq: float) -> None:
    sent = msgspec.msgpack.encode({"bar": 2, "numerator": 4, "denominator": 4, "ppq": ppq})
    with pytest.raises(msgspec.ValidationError, match="ppq"):
        msgspec.msgpack.decode(sent, type=MeterEntry)
