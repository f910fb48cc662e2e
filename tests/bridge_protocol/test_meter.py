"""Bars are exact fractions, forwards and backwards."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.meter import DENOMINATORS, MAX_NUMERATOR, MeterMap, SignatureChange


@st.composite
def meters(draw: st.DrawFn) -> MeterMap:
    bars = [0, *sorted(draw(st.sets(st.integers(1, 2000), max_size=20)))]
    signature = st.tuples(st.integers(1, MAX_NUMERATOR), st.sampled_from(DENOMINATORS))
    return MeterMap([SignatureChange(bar, *draw(signature)) for bar in bars])


MIX = MeterMap([SignatureChange(0, 7, 8), SignatureChange(3, 5, 4), SignatureChange(5, 4, 4)])


def test_bars_of_7_8_and_5_4_start_where_the_sums_say() -> None:
    starts = [MIX.bar_start(bar) for bar in range(7)]
    assert starts == [0, Fraction(7, 2), 7, Fraction(21, 2), Fraction(31, 2), Fraction(41, 2), 24.5]


def test_before_bar_0_the_first_signature_continues() -> None:
    assert MIX.bar_start(-2) == -7
    assert MIX.signature(-2) == SignatureChange(0, 7, 8)
    assert MIX.bar_at(-0.001) == -1


def test_a_beat_is_the_denominators_note_value() -> None:
    assert (MIX.beat_length(0), MIX.beat_length(4)) == (Fraction(1, 2), Fraction(1))


@given(meters(), st.integers(-500, 3000))
def test_each_bar_starts_where_the_one_before_ends(meter: MeterMap, bar: int) -> None:
    assert meter.bar_start(bar) + meter.bar_length(bar) == meter.bar_start(bar + 1)


@given(meters(), st.integers(-500, 3000))
def test_a_bar_line_as_a_float_is_in_the_new_bar_and_just_before_is_not(
    meter: MeterMap, bar: int
) -> None:
    line = float(meter.bar_start(bar))
    assert Fraction(line) == meter.bar_start(bar)
    assert meter.bar_at(line) == meter.bar_at(meter.bar_start(bar)) == bar
    assert meter.bar_at(float(np.nextafter(line, -np.inf))) == bar - 1


@given(meters(), st.floats(-1000, 100_000))
def test_every_position_is_inside_its_bar(meter: MeterMap, ppq: float) -> None:
    bar = meter.bar_at(ppq)
    assert meter.bar_start(bar) <= Fraction(ppq) < meter.bar_start(bar + 1)


def test_meters_are_equal_and_hashed_by_their_changes() -> None:
    assert MeterMap.constant(3, 4) == MeterMap([SignatureChange(0, 3, 4)])
    assert hash(MeterMap.constant(3, 4)) == hash(MeterMap([SignatureChange(0, 3, 4)]))
    assert MeterMap.constant(3, 4) != MeterMap.constant(6, 8)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ([], ErrorCode.WRONG_LENGTH, "changes"),
        ([(1, 4, 4)], ErrorCode.OUT_OF_RANGE, "changes[0].bar"),
        ([(0, 0, 4)], ErrorCode.OUT_OF_RANGE, "changes[0].numerator"),
        ([(0, 65, 4)], ErrorCode.OUT_OF_RANGE, "changes[0].numerator"),
        ([(0, 4, 3)], ErrorCode.OUT_OF_RANGE, "changes[0].denominator"),
        ([(0, 4, 64)], ErrorCode.OUT_OF_RANGE, "changes[0].denominator"),
        ([(0, 4, 4), (0, 3, 4)], ErrorCode.BAD_ORDER, "changes[1].bar"),
        ([(0, 4, 4), (10**7, 3, 4)], ErrorCode.OUT_OF_RANGE, "changes[1].bar"),
    ],
)
def test_a_bad_meter_is_refused_by_code_and_field(
    changes: list[tuple[int, int, int]], code: ErrorCode, field: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        MeterMap([SignatureChange(*row) for row in changes])
    assert (refused.value.code, refused.value.field) == (code, field)
