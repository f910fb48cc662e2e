"""Lanes are exact at their points and hold where they end."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.lanes import (
    MAX_FRAMES,
    MAX_POINTS,
    Anchor,
    Breakpoint,
    BreakpointLane,
    Lane,
    SampledLane,
    Shape,
)
from bridge_protocol.tempo import TempoLaw, TempoMap, TempoSegment

PPQ, SECONDS = Anchor
STEADY = TempoMap.constant(120)
ODD = TempoMap(
    [
        TempoSegment(0.0, 119.7, 63.5, TempoLaw.LINEAR_TIME),
        TempoSegment(10.5, 63.5, 187.0, TempoLaw.LINEAR_BEATS),
        TempoSegment(30.25, 131.7, 131.7, TempoLaw.STEP),
    ]
)


def at(lane: Lane, *seconds: float, tempo: TempoMap = STEADY) -> list[float]:
    return [float(value) for value in lane.evaluate(tempo, np.array(seconds))]


def lane(*points: tuple[float, float, Shape], anchor: Anchor = PPQ) -> BreakpointLane:
    return BreakpointLane([Breakpoint(*point) for point in points], anchor)


def test_before_the_first_point_and_after_the_last_the_value_holds() -> None:
    two = lane((4, 0.2, Shape.LINEAR), (8, 0.6, Shape.LINEAR))
    assert at(two, -5, 0, 1.999, 4, 100) == [0.2, 0.2, 0.2, 0.6, 0.6]


def test_linear_is_halfway_in_value_at_halfway_in_quarters() -> None:
    ramp = TempoMap(
        [TempoSegment(0, 60, 120, TempoLaw.LINEAR_BEATS), TempoSegment(4, 120, 120, TempoLaw.STEP)]
    )
    line = lane((0, 0.0, Shape.LINEAR), (4, 1.0, Shape.LINEAR))
    assert at(line, ramp.seconds(2.0), tempo=ramp) == pytest.approx([0.5], abs=1e-12)
    assert at(line, ramp.seconds(4.0) / 2, tempo=ramp)[0] < 0.45


def test_a_lane_in_seconds_stays_when_the_tempo_moves_and_one_in_ppq_goes_with_it() -> None:
    points = ((0.0, 0.0, Shape.LINEAR), (4.0, 1.0, Shape.LINEAR))
    fast, slow = TempoMap.constant(120), TempoMap.constant(60)
    fixed, moving = lane(*points, anchor=SECONDS), lane(*points)
    assert at(fixed, 1.0, tempo=fast) == at(fixed, 1.0, tempo=slow) == [0.25]
    assert (at(moving, 1.0, tempo=fast), at(moving, 1.0, tempo=slow)) == ([0.5], [0.25])


def test_a_hold_keeps_its_value_up_to_the_next_point() -> None:
    held = lane((0, 0.2, Shape.HOLD), (4, 0.9, Shape.LINEAR))
    assert at(held, 0, 1, 1.99999, 2) == [0.2, 0.2, 0.2, 0.9]


def test_two_points_at_one_place_are_a_jump_to_the_later() -> None:
    jump = lane((0, 0.0, Shape.LINEAR), (4, 1.0, Shape.LINEAR), (4, 0.3, Shape.LINEAR))
    assert at(jump, 1.0, 2.0, 3.0) == [0.5, 0.3, 0.3]
    assert at(jump, 1.9999)[0] > 0.99


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 4000).map(lambda eighths: eighths / 8), st.sampled_from(Shape))
def test_at_a_points_own_time_the_value_is_exactly_the_points(place: float, shape: Shape) -> None:
    points = lane((place - 4, 0.1, Shape.HOLD), (place, 0.7, shape), (place + 3, 0.3, shape))
    line = ODD.seconds(place)
    assert at(points, line, line - 5e-10, line + 5e-10, tempo=ODD) == [0.7, 0.7, 0.7]
    assert at(points, line - 2e-9, tempo=ODD) == [0.1]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-50, 500), st.floats(allow_nan=False, allow_infinity=False)),
        min_size=1,
        max_size=30,
    ),
    st.sampled_from(Anchor),
    st.data(),
)
def test_no_value_ever_leaves_the_range_of_the_points(
    pairs: list[tuple[float, float]], anchor: Anchor, data: st.DataObject
) -> None:
    shapes = data.draw(st.lists(st.sampled_from(Shape), min_size=len(pairs), max_size=len(pairs)))
    points = [Breakpoint(*p, s) for p, s in zip(sorted(pairs), shapes, strict=True)]
    got = BreakpointLane(points, anchor).evaluate(ODD, np.linspace(-30, 300, 200))
    values = [point.value for point in points]
    assert got.dtype == np.float64
    assert np.all((got >= min(values)) & (got <= max(values)))


def test_a_level_stretch_is_level_to_the_bit() -> None:
    level = lane((0, 0.1, Shape.LINEAR), (97, 0.1, Shape.LINEAR))
    assert set(at(level, *np.linspace(0, 49, 500), tempo=ODD)) == {0.1}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 100), st.floats(-1, 1)), min_size=2, max_size=20))
def test_linear_lanes_in_seconds_agree_with_numpy(pairs: list[tuple[int, float]]) -> None:
    rows = sorted(dict(pairs).items())
    points = [Breakpoint(float(place), value) for place, value in rows]
    grid = np.linspace(-3, 103, 777)
    want = np.interp(grid, [row[0] for row in rows], [row[1] for row in rows])
    got = BreakpointLane(points, SECONDS).evaluate(STEADY, grid)
    np.testing.assert_allclose(got, want, atol=1e-7)


def test_a_sampled_lane_is_linear_between_frames_and_holds_at_both_ends() -> None:
    frames = SampledLane(2.0, 25.0, [0.0, 1.0, 0.5])
    assert at(frames, 0, 2.0, 2.04, 2.08, 9) == [0.0, 0.0, 1.0, 0.5, 0.5]
    assert at(frames, 2.02) == pytest.approx([0.5], abs=1e-9)


def test_a_write_replaces_its_range_and_nothing_else() -> None:
    old = SampledLane(0.0, 25.0, np.arange(10.0))
    new = old.replaced(SampledLane(0.12, 25.0, [90.0, 91.0, 92.0]))
    assert new.values.tolist() == [0, 1, 2, 90, 91, 92, 6, 7, 8, 9]
    assert old.values.tolist() == list(range(10))
    assert at(new, 0.14) == pytest.approx([90.5], abs=1e-6)


def test_a_write_onwards_takes_what_came_after_its_range_too() -> None:
    old = SampledLane(0.0, 25.0, np.arange(10.0))
    new = old.replaced(SampledLane(0.12, 25.0, [90.0]), onwards=True)
    assert new.values.tolist() == [0, 1, 2, 90]
    assert at(new, 0.12, 5) == [90.0, 90.0]


@pytest.mark.parametrize("first", ["earlier", "later"])
def test_a_gap_between_two_writes_holds_the_earlier_value(first: str) -> None:
    earlier, later = SampledLane(0.0, 25.0, [0.0, 1.0]), SampledLane(1.0, 25.0, [5.0, 6.0])
    both = earlier.replaced(later) if first == "earlier" else later.replaced(earlier)
    assert at(both, -1, 0.04, 0.06, 0.9999, 1.0, 1.04, 2) == [0, 1, 1, 1, 5, 6, 6]


def test_a_gap_of_one_frame_is_a_gap() -> None:
    both = SampledLane(0.0, 25.0, [1.0]).replaced(SampledLane(0.08, 25.0, [2.0]))
    assert at(both, 0.04, 0.079, 0.08) == [1.0, 1.0, 2.0]


def test_writes_side_by_side_join_as_one() -> None:
    values = np.sin(np.arange(100.0))
    whole = SampledLane(1.0, 25.0, values)
    halves = SampledLane(1.0, 25.0, values[:50]).replaced(SampledLane(3.0, 25.0, values[50:]))
    grid = np.linspace(0, 6, 999)
    np.testing.assert_allclose(
        halves.evaluate(STEADY, grid), whole.evaluate(STEADY, grid), atol=1e-9
    )


def test_a_write_between_two_frames_of_the_grid_is_kept_at_its_own_times() -> None:
    old = SampledLane(0.0, 25.0, np.zeros(10))
    new = old.replaced(SampledLane(0.13, 25.0, [1.0, 1.0]))
    assert at(new, 0.12, 0.13, 0.17, 0.24) == [0.0, 1.0, 1.0, 0.0]
    assert 0.0 < at(new, 0.2)[0] < 1.0


@given(st.integers(0, 60), st.integers(1, 30))
def test_the_same_write_twice_is_the_same_as_once(start: int, count: int) -> None:
    old = SampledLane(0.4, 25.0, np.arange(20.0))
    write = SampledLane(start / 25, 25.0, np.full(count, 7.0))
    once = old.replaced(write)
    assert once.replaced(write) == once
    assert hash(once.replaced(write)) == hash(once)


def test_a_far_write_costs_no_frames_for_the_gap() -> None:
    far = SampledLane(0.0, 25.0, [1.0]).replaced(SampledLane(1e6, 25.0, [2.0]))
    assert far.values.size == 2
    assert at(far, 5e5, 1e6) == [1.0, 2.0]


def test_a_lane_never_changes_under_its_reader() -> None:
    source = np.array([1.0, 2.0])
    frames = SampledLane(0.0, 25.0, source)
    source[0] = 9.0
    assert frames.values[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        frames.values[0] = 3.0


def test_a_write_at_another_rate_is_refused() -> None:
    with pytest.raises(RefusedError) as refused:
        SampledLane(0.0, 25.0, [1.0]).replaced(SampledLane(0.0, 50.0, [1.0]))
    assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_FIELD, "rate_hz")


def test_a_lane_that_writes_have_grown_too_long_is_refused() -> None:
    full = SampledLane(0.0, 25.0, np.zeros(MAX_FRAMES))
    with pytest.raises(RefusedError) as refused:
        full.replaced(SampledLane(full.end_seconds, 25.0, [1.0]))
    assert (refused.value.code, refused.value.field) == (ErrorCode.LIMIT, "values")


@pytest.mark.parametrize(
    ("points", "code", "field"),
    [
        ([], ErrorCode.WRONG_LENGTH, "points"),
        ([(0.0, 0.0)] * (MAX_POINTS + 1), ErrorCode.LIMIT, "points"),
        ([(0.0, 0.0), (math.inf, 0.0)], ErrorCode.NOT_FINITE, "points[1].position"),
        ([(0.0, math.nan)], ErrorCode.NOT_FINITE, "points[0].value"),
        ([(1e10, 0.0)], ErrorCode.OUT_OF_RANGE, "points[0].position"),
        ([(2.0, 0.0), (1.0, 0.0)], ErrorCode.BAD_ORDER, "points[1].position"),
    ],
)
def test_bad_points_are_refused_by_code_and_field(
    points: list[tuple[float, float]], code: ErrorCode, field: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        BreakpointLane([Breakpoint(*point) for point in points], PPQ)
    assert (refused.value.code, refused.value.field) == (code, field)


@pytest.mark.parametrize(
    ("start", "rate", "values", "code", "field"),
    [
        (math.nan, 25.0, [1.0], ErrorCode.NOT_FINITE, "start_seconds"),
        (0.0, math.inf, [1.0], ErrorCode.NOT_FINITE, "rate_hz"),
        (0.0, 0.0, [1.0], ErrorCode.OUT_OF_RANGE, "rate_hz"),
        (0.0, 25.0, [], ErrorCode.WRONG_LENGTH, "values"),
        (0.0, 25.0, [[1.0]], ErrorCode.WRONG_LENGTH, "values"),
        (0.0, 25.0, [1.0, math.nan], ErrorCode.NOT_FINITE, "values[1]"),
    ],
)
def test_bad_frames_are_refused_by_code_and_field(
    start: float, rate: float, values: list[float], code: ErrorCode, field: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        SampledLane(start, rate, values)
    assert (refused.value.code, refused.value.field) == (code, field)
