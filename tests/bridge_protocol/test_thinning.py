"""Few points say what many frames said, to within what was asked."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.lanes import MAX_POINTS, Anchor, Breakpoint, SampledLane, Shape
from bridge_protocol.tempo import TempoLaw, TempoMap, TempoSegment
from bridge_protocol.thinning import breakpoints_of

STEADY = TempoMap.constant(120)
RAMPS = TempoMap(
    [
        TempoSegment(0.0, 120.0, 63.5, TempoLaw.LINEAR_TIME),
        TempoSegment(10.5, 63.5, 187.0, TempoLaw.LINEAR_BEATS),
        TempoSegment(30.25, 131.7, 131.7, TempoLaw.STEP),
    ]
)

sampled = st.builds(
    SampledLane,
    st.integers(-50, 50).map(lambda frames: frames / 25),
    st.just(25.0),
    st.lists(st.floats(-1, 1), min_size=1, max_size=60),
)


@settings(max_examples=200, deadline=None)
@given(sampled, st.floats(0, 0.5), st.sampled_from([None, STEADY, RAMPS]))
def test_at_every_frame_the_points_are_within_the_tolerance(
    lane: SampledLane, tolerance: float, tempo: TempoMap | None
) -> None:
    thin = breakpoints_of(lane, tolerance, tempo)
    off = np.abs(thin.evaluate(tempo or STEADY, lane.times) - lane.values)
    assert off.max() <= tolerance + 1e-9
    assert thin.anchor is (Anchor.SECONDS if tempo is None else Anchor.PPQ)


@settings(max_examples=100, deadline=None)
@given(sampled, sampled, st.floats(0, 0.5))
def test_a_written_over_lane_with_gaps_is_within_the_tolerance_at_every_second(
    before: SampledLane, write: SampledLane, tolerance: float
) -> None:
    lane = before.replaced(write)
    thin = breakpoints_of(lane, tolerance)
    grid = np.linspace(lane.start_seconds - 1, lane.end_seconds + 1, 997)
    off = np.abs(thin.evaluate(STEADY, grid) - lane.evaluate(STEADY, grid))
    assert off.max() <= tolerance + 1e-9


@given(sampled, st.floats(0, 0.5))
def test_every_point_is_a_frame_and_both_ends_are_kept(lane: SampledLane, tolerance: float) -> None:
    frames = dict(zip(lane.times.tolist(), lane.values.tolist(), strict=True))
    points = breakpoints_of(lane, tolerance).points
    assert all(frames[point.position] == point.value for point in points)
    assert (points[0].position, points[-1].position) == (lane.times[0], lane.times[-1])


def test_a_line_with_a_corner_is_three_points() -> None:
    bent = np.concatenate([np.linspace(0, 1, 100), np.linspace(1, 0.5, 50)[1:]])
    points = breakpoints_of(SampledLane(2.0, 25.0, bent), 1e-12).points
    assert points == (
        Breakpoint(2.0, 0.0),
        Breakpoint(2.0 + 99 / 25, 1.0),
        Breakpoint(2.0 + 148 / 25, 0.5, Shape.HOLD),
    )


def test_a_sine_takes_as_many_points_as_its_bend_asks_for() -> None:
    # A chord of width w is off by w^2 / 8 at most where the bend is 1: about 2 pi / w points.
    frames = np.sin(np.arange(2_000) * 2 * math.pi / 2_000)
    points = breakpoints_of(SampledLane(0.0, 25.0, frames), 1e-3).points
    assert 40 <= len(points) <= 100


def test_a_gap_is_a_hold_and_a_jump() -> None:
    lane = SampledLane(0.0, 25.0, [0.0, 1.0]).replaced(SampledLane(1.0, 25.0, [5.0, 6.0]))
    kinds = [(p.position, p.shape) for p in breakpoints_of(lane, 0.0).points]
    linear, hold = Shape.LINEAR, Shape.HOLD
    assert kinds == [(0.0, linear), (0.04, hold), (1.0, linear), (1.04, hold)]


def test_no_tolerance_keeps_what_no_line_can_say() -> None:
    frames = np.random.default_rng(5).random(500)
    lane = SampledLane(0.0, 25.0, frames)
    thin = breakpoints_of(lane, 0.0)
    assert len(thin.points) == 500
    assert thin.evaluate(STEADY, lane.times).tolist() == frames.tolist()


def test_in_quarter_notes_the_points_move_with_the_map() -> None:
    thin = breakpoints_of(SampledLane(0.0, 25.0, np.linspace(0, 1, 51)), 1e-9, STEADY)
    assert [point.position for point in thin.points] == pytest.approx([0.0, 4.0])
    half = thin.evaluate(TempoMap.constant(60), np.array([2.0]))
    assert half[0] == pytest.approx(0.5, abs=1e-9)


def test_the_largest_values_overflow_nothing() -> None:
    frames = np.array([1.7e308, -1.7e308, 1.7e308, 0.0, -1.7e308])
    with np.errstate(all="raise", under="ignore", over="ignore"):
        assert len(breakpoints_of(SampledLane(0.0, 25.0, frames), 1.0).points) == 5


def test_more_points_than_a_lane_holds_ask_for_a_greater_tolerance() -> None:
    lane = SampledLane(0.0, 25.0, np.random.default_rng(6).random(MAX_POINTS + 50))
    with pytest.raises(RefusedError, match="give a greater one") as refused:
        breakpoints_of(lane, 0.0)
    assert (refused.value.code, refused.value.field) == (ErrorCode.LIMIT, "tolerance")
    assert len(breakpoints_of(lane, 0.9).points) < MAX_POINTS


@pytest.mark.parametrize(
    ("tolerance", "code"),
    [
        (-1e-9, ErrorCode.OUT_OF_RANGE),
        (math.nan, ErrorCode.NOT_FINITE),
        (math.inf, ErrorCode.NOT_FINITE),
    ],
)
def test_a_tolerance_that_is_none_is_refused(tolerance: float, code: ErrorCode) -> None:
    with pytest.raises(RefusedError) as refused:
        breakpoints_of(SampledLane(0.0, 25.0, [1.0]), tolerance)
    assert (refused.value.code, refused.value.field) == (code, "tolerance")
