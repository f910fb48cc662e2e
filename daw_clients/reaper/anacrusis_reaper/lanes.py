"""Envelopes as lanes: their values at the moments the engine reads, and their own points.

At the engine's frames a lane has the values that REAPER says. The points are there for what the
engine reads more finely, per sample (``output_gain``, ``dry_wet``): so a jump stays a jump.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any, Sequence, Tuple

from .api import Knot
from .refusal import RefusedError

MOST_POINTS = 65_536
ONE_TIME_S = 1e-9

Point = Tuple[float, float]
"""Seconds and value."""


def lane_points(frames: Sequence[Point], knots: Sequence[Knot]) -> list[Point]:
    """The points of a lane: the frames, and among them the knots that lie in their range."""
    if not frames:
        return []
    start, end = frames[0][0], frames[-1][0]
    inner = [point for point in _of_knots(knots) if start <= point[0] <= end]
    at_knots = sorted({seconds for seconds, _ in inner})
    kept = [frame for frame in frames if not _is_near(at_knots, frame[0])]
    return thinned(sorted([*inner, *kept], key=lambda point: point[0]))


def thinned(points: Sequence[Point]) -> list[Point]:
    """The same without those inside a level stretch, and without level ends: beyond its ends a lane
    holds. What is read anywhere stays the same."""
    last = len(points) - 1
    changes = [
        index > 0 and points[index][1] != points[index - 1][1] for index in range(last + 1)
    ] + [False]
    kept = [points[index] for index in range(last + 1) if changes[index] or changes[index + 1]]
    return kept or list(points[:1])


def _of_knots(knots: Sequence[Knot]) -> list[Point]:
    """Two points at one place where a held value jumps."""
    found: list[Point] = []
    before: Knot | None = None
    for knot in knots:
        if before is not None and before.holds:
            found.append((knot.seconds, before.value))
        found.append((knot.seconds, knot.value))
        before = knot
    return found


def _is_near(places: Sequence[float], at: float) -> bool:
    index = bisect_left(places, at)
    around = places[max(index - 1, 0) : index + 1]
    return any(abs(place - at) <= ONE_TIME_S for place in around)


def lane_message(parameter: str, points: Sequence[Point], revision: int) -> dict[str, Any]:
    """The lane as the wire has it. RefusedError ``LIMIT`` where it has too many points."""
    if len(points) > MOST_POINTS:
        words = (
            "The envelope of {} moves for too long to be sent at once ({} values of {} at most)."
        )
        told = words.format(parameter, len(points), MOST_POINTS)
        raise RefusedError("LIMIT", parameter, told)
    return {
        "type": "lane",
        "parameter": parameter,
        "revision": revision,
        "anchor": "seconds",
        "points": [{"position": at, "value": value} for at, value in points],
    }
