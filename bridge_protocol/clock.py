"""Time as an argument: logic reads a Clock that it was given, never the wall."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """A monotonic clock."""

    def now_ns(self) -> int:
        """Nanoseconds since an arbitrary start; never goes back. Any thread."""
        ...


class MonotonicClock:
    """The machine's own monotonic clock."""

    def now_ns(self) -> int:
        """See :class:`Clock`."""
        return time.monotonic_ns()


class VirtualClock:
    """A clock that moves only when told to: for tests and for renders that own their time."""

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> int:
        """See :class:`Clock`."""
        return self._now_ns

    def advance_ns(self, step_ns: int) -> None:
        """Moves on; ``step_ns`` is not negative."""
        if step_ns < 0:
            raise ValueError("a clock does not go back")
        self._now_ns += step_ns
