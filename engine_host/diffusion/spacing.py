"""Births spread evenly over the ticks, by exact fractions."""

from __future__ import annotations

from fractions import Fraction


class Spacing:
    """Says at which ticks a slot may be born: ``steps / depth`` ticks after the one before.

    The fraction is carried from birth to birth, so that gaps differ by at most one tick; a birth
    that comes a whole tick late or more (nothing to start, no slot free) is forgotten instead of
    being caught up in a burst. Times are tick numbers. Tick thread.
    """

    def __init__(self) -> None:
        self._last: Fraction | None = None
        self._steps = 1

    def due(self, tick: int, depth: int) -> bool:
        """Whether the next birth is due at ``tick`` or was before it."""
        return self._next(tick, depth) <= tick

    def born(self, tick: int, depth: int, steps: int) -> None:
        """Note a birth at ``tick`` of ``steps`` steps, whether it was due or not."""
        on_time = self._next(tick, depth)
        carried = 0 <= tick - on_time < 1
        self._last = on_time if carried else Fraction(tick)
        self._steps = steps

    def _next(self, tick: int, depth: int) -> Fraction:
        if self._last is None:
            return Fraction(tick)
        return self._last + Fraction(self._steps, depth)
