"""Each shape against closed forms, exact fractions and root finding; all of them against rules."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicHermiteSpline  # type: ignore[import-untyped]
from scipy.optimize import brentq  # type: ignore[import-untyped]

from bridge_protocol import curves
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.lanes import (
    MAX_POSITION,
    SNAP_SECONDS,
    Anchor,
    Breakpoint,
    BreakpointLane,
    Shape,
)
from bridge_protocol.schema import LaneMessage
from bridge_protocol.tempo import TempoLaw, TempoMap, TempoSegment
from bridge_protocol.wire import pack, unpack_from_client
from daw_clients.client.requests import lane_message

PPQ, SECONDS = Anchor
STEADY = TempoMap.constant(120)
RAMPS = TempoMap(
    [
        TempoSegment(0.0, 119.7, 63.5, TempoLaw.LINEAR_TIME),
        TempoSegment(10.5, 63.5, 187.0, TempoLaw.LINEAR_BEATS),
        TempoSegment(30.25, 131.7, 131.7, TempoLaw.STEP),
    ]
)
U = np.linspace(0, 1, 1001)
CURVED = [shape for shape in Shape if shape not in (Shape.HOLD, Shape.LINEAR)]


def values(
    points: list[Breakpoint], at: np.ndarray, anchor: Anchor = SECONDS, tempo: TempoMap = STEADY
) -> np.ndarray:
    return BreakpointLane(points, anchor).evaluate(tempo, np.asarray(at, np.float64))


def stretch(
    shape: Shape, start: float, end: float, at: np.ndarray = U, tension: float = 0.0
) -> np.ndarray:
    """One stretch over one second."""
    return values([Breakpoint(0.0, start, shape, tension), Breakpoint(1.0, end)], at)


# ---------------------------------------------------------------- shapes without a tension


@pytest.mark.parametrize(("start", "end"), [(0.0, 1.0), (0.9, -3.0)])
def test_smooth_is_the_cubic_that_is_level_at_both_ends(start: float, end: float) -> None:
    hermite = CubicHermiteSpline([0, 1], [start, end], [0, 0])
    np.testing.assert_allclose(stretch(Shape.SMOOTH, start, end), hermite(U), atol=1e-15)


@pytest.mark.parametrize(("start", "end"), [(0.0, 1.0), (0.9, -3.0)])
def test_fast_start_and_fast_end_are_cubes_from_their_level_end(start: float, end: float) -> None:
    fast = CubicHermiteSpline([0, 1], [start, end], [3 * (end - start), 0])
    late = CubicHermiteSpline([0, 1], [start, end], [0, 3 * (end - start)])
    np.testing.assert_allclose(stretch(Shape.FAST_START, start, end), fast(U), atol=2e-15)
    np.testing.assert_allclose(stretch(Shape.FAST_END, start, end), late(U), atol=2e-15)


@pytest.mark.parametrize(("start", "end"), [(20.0, 20_000.0), (3.0, 1e-200), (-0.5, -8.0)])
def test_exponential_is_evenly_spaced_over_the_logarithm(start: float, end: float) -> None:
    want = np.geomspace(start, end, U.size)
    np.testing.assert_allclose(stretch(Shape.EXPONENTIAL, start, end), want, rtol=1e-12)


@pytest.mark.parametrize(("start", "end"), [(0.5, 0.0), (0.0, -2.0), (-1.0, 1.0), (0.0, 0.0)])
def test_exponential_is_linear_where_there_is_no_logarithm(start: float, end: float) -> None:
    got, want = stretch(Shape.EXPONENTIAL, start, end), stretch(Shape.LINEAR, start, end)
    assert got.tolist() == want.tolist()


def test_each_stretch_of_an_exponential_lane_is_told_by_its_own_two_values() -> None:
    rows = [Breakpoint(float(i), v, Shape.EXPONENTIAL) for i, v in enumerate((4.0, 1.0, 0.0, 2.0))]
    assert values(rows, [0.5, 1.5, 2.5]).tolist() == pytest.approx([2.0, 0.5, 1.0], rel=1e-15)


# ---------------------------------------------------------------- bezier


def cubic(t: Fraction, near: Fraction, far: Fraction) -> Fraction:
    return 3 * (1 - t) ** 2 * t * near + 3 * (1 - t) * t**2 * far + t**3


def bent(tension: Fraction) -> tuple[Fraction, Fraction, Fraction, Fraction]:
    """The control points of a stretch without neighbours: x1, y1, x2, y2."""
    pull = abs(tension)
    x, y = (1, 0) if tension > 0 else (0, 1)
    quarters = (Fraction(1, 4), Fraction(3, 4))
    x1, x2 = ((1 - pull) * at + pull * x for at in quarters)
    y1, y2 = ((1 - pull) * at + pull * y for at in quarters)
    return x1, y1, x2, y2


@pytest.mark.parametrize("eighths", range(-8, 9))
def test_bezier_is_exact_where_the_answer_is_a_binary_fraction(eighths: int) -> None:
    x1, y1, x2, y2 = bent(Fraction(eighths, 8))
    times = [Fraction(i, 64) for i in range(1, 64)]
    at = [float(cubic(t, x1, x2)) for t in times]
    assert all(Fraction(u) == cubic(t, x1, x2) for u, t in zip(at, times, strict=True))
    want = [float(cubic(t, y1, y2)) for t in times]
    got = curves.bezier(
        np.array(at), np.full(63, eighths / 8), np.full(63, 0.25), np.full(63, 0.75)
    )
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-15)


def test_bezier_at_full_tension_is_a_cube_root_cubed() -> None:
    late = (1 - np.cbrt(1 - U)) ** 3
    early = 1 - (1 - np.cbrt(U)) ** 3
    np.testing.assert_allclose(stretch(Shape.BEZIER, 0, 1, tension=1), late, atol=1e-15)
    np.testing.assert_allclose(stretch(Shape.BEZIER, 0, 1, tension=-1), early, atol=1e-15)


def test_bezier_meets_the_midpoints_that_other_tools_publish() -> None:
    # 0.1252 and 0.8748 at a tension of 0.6 and -0.6: tests of the Contour script for REAPER
    half = np.array([0.5])
    assert stretch(Shape.BEZIER, 0, 1, half, 0.6)[0] == pytest.approx(0.1252, abs=5e-5)
    assert stretch(Shape.BEZIER, 0, 1, half, -0.6)[0] == pytest.approx(0.8748, abs=5e-5)


def test_bezier_alone_without_tension_is_a_straight_line() -> None:
    np.testing.assert_allclose(stretch(Shape.BEZIER, 0.2, 0.7), 0.2 + 0.5 * U, atol=1e-15)


def test_bezier_without_tension_through_points_on_a_line_is_that_line() -> None:
    rows = [Breakpoint(p, 3 * p - 1, Shape.BEZIER) for p in (0.0, 0.5, 2.0, 2.25, 7.0)]
    at = np.linspace(0, 7, 999)
    np.testing.assert_allclose(values(rows, at), 3 * at - 1, atol=1e-13)


def test_bezier_without_tension_has_no_corner_at_a_point() -> None:
    rows = [
        Breakpoint(p, v, Shape.BEZIER)
        for p, v in ((0, 0.0), (1, 1.0), (2, 1.5), (4, 4.0), (5, 5.5))
    ]
    for place, slope in ((1.0, 1.5 / 2), (2.0, 3.0 / 3), (4.0, 4.0 / 3)):
        before, there, after = values(rows, [place - 1e-5, place, place + 1e-5])
        assert (there - before) / 1e-5 == pytest.approx(slope, abs=1e-4)
        assert (after - there) / 1e-5 == pytest.approx(slope, abs=1e-4)


def reference(points: list[tuple[float, float]], row: int, tension: float, at: float) -> float:
    """The published rule, in the points' own units, solved by root finding."""
    last = len(points) - 1
    (t1, v1), (t2, v2) = points[row], points[row + 1]
    t0, v0 = points[max(row - 1, 0)]
    t3, v3 = points[min(row + 2, last)]
    x1, x2 = t1 + 0.25 * (t2 - t1), t2 - 0.25 * (t2 - t1)
    y1 = v1 + (v2 - v0) / (t2 - t0) * (x1 - t1)
    y2 = v2 - (v3 - v1) / (t3 - t1) * (t2 - x2)
    corner = (t2, v1) if tension > 0 else (t1, v2)
    pull = abs(tension)
    x1, x2 = ((1 - pull) * x + pull * corner[0] for x in (x1, x2))
    y1, y2 = ((1 - pull) * y + pull * corner[1] for y in (y1, y2))
    y1, y2 = (min(max(y, min(v1, v2)), max(v1, v2)) for y in (y1, y2))

    def along(t: float, a: float, b: float, c: float, d: float) -> float:
        return (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d

    t = brentq(lambda t: along(t, t1, x1, x2, t2) - at, 0, 1, xtol=1e-16, rtol=1e-15)
    return along(t, v1, y1, y2, v2)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.floats(-2, 2), min_size=2, max_size=6),
    st.lists(st.integers(1, 20), min_size=6, max_size=6),
    st.integers(-10, 10).map(lambda tenths: tenths / 10),
    st.data(),
)
def test_bezier_agrees_with_root_finding_on_its_control_points(
    heights: list[float], widths: list[int], tension: float, data: st.DataObject
) -> None:
    places = np.cumsum(widths[: len(heights)]).tolist()
    pairs = list(zip([float(p) for p in places], heights, strict=True))
    row = data.draw(st.integers(0, len(pairs) - 2))
    u = data.draw(st.floats(0.02, 0.98))
    at = pairs[row][0] + u * (pairs[row + 1][0] - pairs[row][0])
    got = values([Breakpoint(*pair, Shape.BEZIER, tension) for pair in pairs], [at])
    assert got[0] == pytest.approx(reference(pairs, row, tension, at), abs=1e-12)


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_bezier_turned_by_half_a_turn_has_the_opposite_tension(
    tension: float, first: float, second: float, u: float
) -> None:
    def rise(*numbers: float) -> float:
        return float(curves.bezier(*(np.array([number]) for number in numbers))[0])

    turned = 1 - rise(1 - u, -tension, 1 - second, 1 - first)
    # one step of 1 - u is what a curve with an upright end can turn into a visible one
    assert rise(u, tension, first, second) == pytest.approx(turned, abs=2e-5)


def test_more_tension_comes_later() -> None:
    tensions = np.linspace(-1, 1, 41)
    middles = [stretch(Shape.BEZIER, 0, 1, np.array([0.5]), float(t))[0] for t in tensions]
    assert all(a > b for a, b in pairwise(middles))


def test_a_neighbour_across_a_jump_bends_nothing() -> None:
    alone = [Breakpoint(0.0, 1.0, Shape.BEZIER, 0.3), Breakpoint(1.0, 2.0)]
    jumps = [Breakpoint(0.0, 9.0), *alone, Breakpoint(1.0, -5.0)]
    inside = U[1:-1]
    assert values(jumps, inside).tolist() == values(alone, inside).tolist()


def test_only_bezier_reads_the_tension() -> None:
    for shape in Shape:
        with_it, without = (stretch(shape, 0.3, 0.8, tension=tension) for tension in (0.7, 0.0))
        assert (with_it.tolist() == without.tolist()) == (shape is not Shape.BEZIER), shape


# ---------------------------------------------------------------- all shapes


any_value = st.floats(-1e300, 1e300) | st.sampled_from([0.0, 5e-324, -1e-320, 1.7e308, -1.7e308])
any_points = st.lists(
    st.builds(
        Breakpoint,
        st.integers(-40, 400).map(lambda eighths: eighths / 8),
        any_value,
        st.sampled_from(Shape),
        st.floats(-1, 1),
    ),
    min_size=1,
    max_size=12,
).map(lambda rows: sorted(rows, key=lambda row: row.position))


@settings(max_examples=300, deadline=None)
@given(any_points, st.sampled_from(Anchor))
def test_every_shape_goes_from_its_value_to_the_next_and_never_back(
    points: list[Breakpoint], anchor: Anchor
) -> None:
    with np.errstate(all="raise", under="ignore"):
        lane = BreakpointLane(points, anchor)
        for a, b in pairwise(points):
            start, end = (
                (RAMPS.seconds(p.position) if anchor is PPQ else p.position) for p in (a, b)
            )
            if end - start < 4 * SNAP_SECONDS:
                continue
            got = lane.evaluate(RAMPS, np.linspace(start + 2e-9, end - 2e-9, 200))
            low, high = min(a.value, b.value), max(a.value, b.value)
            assert np.all((got >= low) & (got <= high))
            grain = 1e-13 * max(abs(low), abs(high))
            steps = np.diff(got / 2) if b.value >= a.value else -np.diff(got / 2)
            assert np.all(steps >= -grain)


@settings(max_examples=200, deadline=None)
@given(any_points, st.sampled_from(Anchor))
def test_every_shape_meets_each_point_to_the_bit(points: list[Breakpoint], anchor: Anchor) -> None:
    lane = BreakpointLane(points, anchor)
    latest = {point.position: point.value for point in points}
    at = [RAMPS.seconds(p) if anchor is PPQ else p for p in latest]
    assert lane.evaluate(RAMPS, np.array(at)).tolist() == list(latest.values())


@pytest.mark.parametrize("shape", CURVED)
def test_every_curve_comes_close_to_the_next_value_before_it_is_there(shape: Shape) -> None:
    points = [Breakpoint(0.0, 0.25, shape, 0.4), Breakpoint(4.0, 0.75, shape, 0.4)]
    end = RAMPS.seconds(4.0)
    got = values(points, [2e-6, end - 2e-6], PPQ, RAMPS)
    assert got.tolist() == pytest.approx([0.25, 0.75], abs=1e-4)


@pytest.mark.parametrize("shape", CURVED)
def test_every_curve_is_drawn_over_the_anchors_own_unit(shape: Shape) -> None:
    points = [Breakpoint(0.0, 0.25, shape, 0.4), Breakpoint(8.0, 0.75)]
    half = RAMPS.seconds(4.0)
    middle = stretch(shape, 0.25, 0.75, np.array([0.5]), 0.4)[0]
    assert values(points, [half], PPQ, RAMPS)[0] == pytest.approx(middle, abs=1e-12)
    end = RAMPS.seconds(8.0)
    assert values(points, [end / 2], PPQ, RAMPS)[0] != pytest.approx(middle, abs=1e-3)


@pytest.mark.parametrize("shape", Shape)
def test_a_level_stretch_of_any_shape_is_level_to_the_bit(shape: Shape) -> None:
    assert set(stretch(shape, 0.1, 0.1, tension=-0.3).tolist()) == {0.1}


def test_straight_stretches_are_the_same_bits_with_curves_around_them() -> None:
    def rows(shape: Shape) -> list[Breakpoint]:
        return [
            Breakpoint(0.0, 0.3),
            Breakpoint(1.0, 0.7, Shape.HOLD),
            Breakpoint(2.0, 0.2, shape, 0.5),
            Breakpoint(3.0, 0.9),
            Breakpoint(4.0, 0.1),
        ]

    at = np.concatenate([np.linspace(-1, 2, 300), np.linspace(3, 6, 300)])
    straight = values(rows(Shape.LINEAR), at).tolist()
    for shape in CURVED:
        assert values(rows(shape), at).tolist() == straight


@settings(max_examples=50, deadline=None)
@given(any_points, st.randoms(use_true_random=False))
def test_a_value_does_not_depend_on_what_is_asked_with_it(points: list[Breakpoint], random) -> None:
    lane = BreakpointLane(points, PPQ)
    at = np.linspace(-5, 40, 67)
    together = lane.evaluate(RAMPS, at)
    order = list(range(at.size))
    random.shuffle(order)
    alone = [float(lane.evaluate(RAMPS, at[row : row + 1])[0]) for row in order]
    assert alone == together[order].tolist()


@pytest.mark.parametrize("shape", Shape)
def test_seconds_may_come_in_any_form_of_array(shape: Shape) -> None:
    points = [Breakpoint(0.0, 0.25, shape, 0.4), Breakpoint(1.0, 0.75)]
    flat = values(points, U[:1000])
    assert values(points, U[:1000].reshape(10, 100)).tolist() == flat.reshape(10, 100).tolist()
    assert values(points, U[300]).shape == ()
    assert values(points, U[300]) == flat[300]


def test_points_far_beyond_any_song_are_legal_up_to_the_limit() -> None:
    points = [Breakpoint(0.0, 1.0, Shape.EXPONENTIAL), Breakpoint(MAX_POSITION, 4.0)]
    assert values(points, [MAX_POSITION / 2, 2e9]).tolist() == pytest.approx([2.0, 4.0])
    with pytest.raises(RefusedError):
        BreakpointLane([Breakpoint(math.nextafter(MAX_POSITION, math.inf), 1.0)], SECONDS)


@pytest.mark.parametrize("shape", [Shape.BEZIER, Shape.LINEAR])
@pytest.mark.parametrize(
    ("tension", "code"),
    [
        (1.0000001, ErrorCode.OUT_OF_RANGE),
        (-2.0, ErrorCode.OUT_OF_RANGE),
        (math.nan, ErrorCode.NOT_FINITE),
        (math.inf, ErrorCode.NOT_FINITE),
    ],
)
def test_a_tension_beyond_one_is_refused_by_its_field(
    shape: Shape, tension: float, code: ErrorCode
) -> None:
    with pytest.raises(RefusedError) as refused:
        BreakpointLane([Breakpoint(0.0, 0.0), Breakpoint(1.0, 0.0, shape, tension)], PPQ)
    assert (refused.value.code, refused.value.field) == (code, "points[1].tension")


def test_lanes_of_other_shapes_or_tensions_are_other_lanes() -> None:
    lanes = {
        BreakpointLane([Breakpoint(0.0, 0.5, shape, tension)], PPQ)
        for shape in Shape
        for tension in (0.0, 0.5)
    }
    assert len(lanes) == 2 * len(Shape)


def test_a_client_sends_every_shape_and_tension_as_drawn() -> None:
    points = [Breakpoint(float(i), 0.5, shape, i / 10) for i, shape in enumerate(Shape)]
    message = lane_message("denoise", BreakpointLane(points, PPQ), 1)
    sent = unpack_lane(pack(message))
    assert [Breakpoint(p.position, p.value, p.shape, p.tension) for p in sent.points] == points


def unpack_lane(frames: list[bytes | memoryview]) -> LaneMessage:
    message = unpack_from_client(frames).message
    assert isinstance(message, LaneMessage)
    return message
