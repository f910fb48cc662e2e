"""The curves that a lane can take from one point to the next, as rises from 0 to 1.

``u`` is how far along a stretch is, 0 to 1, and a rise how far its value has come; every rise is
0 at 0, 1 at 1 and never falls. Arrays are float64, of any one shape. Pure; any thread.

Smooth, fast start, fast end and bezier are REAPER's envelope shapes 2, 3, 4 and 5. Where their
formulas are published: the SWS extension (``BR_Envelope::ValueAtPosition`` in
``Breeder/BR_EnvelopeUtil.cpp``, github.com/reaper-oss/sws), the cardinal control points of WDL's
``lice_bezier.h``, and, for a stretch without neighbours, forum.cockos.com post 1690470.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_NEAR = 0.25
"""How far along a stretch its first control point is at tension 0; the second mirrors it."""
_STEEPEST = 1e30
"""A handle beyond it is as good as there: what is left of infinity stays finite."""
_NEWTON_STEPS = 10


def smooth(u: Array) -> Array:
    """``3 u^2 - 2 u^3``: level at both ends. REAPER's slow start/end."""
    return u * u * (3.0 - 2.0 * u)


def fast_start(u: Array) -> Array:
    """``1 - (1 - u)^3``: steep at first, level at the end. REAPER's fast start."""
    late = 1.0 - u
    return 1.0 - late * late * late


def fast_end(u: Array) -> Array:
    """``u^3``: level at first, steep at the end. REAPER's fast end."""
    return u * u * u


def exponential(u: Array, start: Array, end: Array) -> Array:
    """``start (end / start)^u``, the values themselves: straight over their logarithm.

    ``start`` and ``end`` are of one sign and not 0.
    """
    logs = (1.0 - u) * np.log(np.abs(start)) + u * np.log(np.abs(end))
    return np.copysign(np.exp(logs), start)


def bezier_handles(positions: Array, values: Array) -> tuple[Array, Array]:
    """The rises of both inner control points at tension 0, for each stretch of ``positions``.

    Those of a cardinal spline: the curve leaves a point in parallel to the line from the point
    before it to the point after it. Where there is no such neighbour, or it is across a jump, in
    parallel to the stretch.
    Not held to 0..1: :func:`bezier` does that, after the tension.
    """
    t0, t1, t2, t3 = _fours(positions)
    v0, v1, v2, v3 = _fours(values * 0.25)  # a quarter, so that no difference overflows
    v0, v3 = np.where(t0 < t1, v0, v1), np.where(t2 < t3, v3, v2)
    first = _NEAR * _over(t2 - t1, t2 - t0) * _over(v2 - v0, v2 - v1)
    second = 1.0 - _NEAR * _over(t2 - t1, t3 - t1) * _over(v3 - v1, v2 - v1)
    return first, second


def bezier(u: Array, tension: Array, first: Array, second: Array) -> Array:
    """The cubic bezier through (0, 0) and (1, 1) that REAPER's tension (-1 to 1) bends.

    At tension 0 its control points are (1/4, ``first``) and (3/4, ``second``), see
    :func:`bezier_handles`. A positive tension draws both towards (1, 0), so that the value stays
    and comes late; a negative one draws them towards (0, 1). A control point's rise is held to
    0..1 last, which is what keeps the curve from falling. Error below 1e-12.
    """
    slack = 1.0 - np.abs(tension)
    early = tension < 0.0
    # A late curve is an early one turned by half a turn. All are solved as early ones, in which
    # the corner they lean on is at 0, where floats are finest.
    near = np.where(early, 1.0 - first, second)
    far = np.where(early, 1.0 - second, first)
    time = _time_at(np.where(early, u, 1.0 - u), slack)
    rise = _cubic(time, _held(1.0 - slack * near), _held(1.0 - slack * far))
    return np.where(early, rise, 1.0 - rise)


def _cubic(time: Array, near: Array, far: Array) -> Array:
    """A bezier coordinate from 0 to 1 with these two between, as a sum of positive terms."""
    left = 1.0 - time
    return time * (3.0 * left * left * near + time * (3.0 * left * far + time))


def _time_at(x: Array, slack: Array) -> Array:
    """Where the bezier coordinate with ``slack / 4`` and ``3 slack / 4`` between is ``x``.

    By Newton's method from a start above the root. Only sums, products, quotients and square
    roots, so that every platform finds the same bits.
    """
    low, cubed = 0.75 * slack, 1.0 - 1.5 * slack
    fourth = np.sqrt(np.sqrt(x))
    time = fourth * np.sqrt(np.sqrt(fourth))  # x^(5/16), no less than the root: at most x^(1/3)
    for _ in range(_NEWTON_STEPS):
        excess = time * (low + time * (low + time * cubed)) - x
        slope = low + time * (2.0 * low + time * (3.0 * cubed))
        time = np.clip(time - _over(excess, slope), 0.0, 1.0)
    return time


def _held(rise: Array) -> Array:
    return np.clip(rise, 0.0, 1.0)


def _fours(line: Array) -> tuple[Array, Array, Array, Array]:
    """For each stretch: the point before it, its two points, the point after it."""
    wide = np.pad(line, 1, mode="edge")
    return wide[:-3], wide[1:-2], wide[2:-1], wide[3:]


def _over(a: Array, b: Array) -> Array:
    """``a / b``, and 0 where ``b`` is."""
    with np.errstate(over="ignore"):
        quotient = np.divide(a, b, out=np.zeros_like(b), where=b != 0.0)
    return np.clip(quotient, -_STEEPEST, _STEEPEST)
