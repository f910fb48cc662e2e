"""What ticks and decodes cost here: a running tail, because promises hang on the slow ones."""

from __future__ import annotations

from collections import deque

WINDOW = 256
MARGIN = 1.1
PREPARE_NS = 30_000_000  # encoding a source window and building a condition, at the least
ROUND_NS = 20_000_000  # one pass of the engine's loop beside its tick


class RunningCost:
    """The last durations of one kind of work. Engine thread writes, any thread reads."""

    def __init__(self, first_guess_ns: int) -> None:
        self._guess_ns = first_guess_ns
        self._durations: deque[int] = deque(maxlen=WINDOW)

    def add(self, duration_ns: int) -> None:
        """One more."""
        self._durations.append(duration_ns)

    def quantile_ns(self, share: float, newest: int = WINDOW) -> int:
        """The duration that ``share`` of the ``newest`` ones stayed under."""
        kept = list(self._durations)[-newest:]
        ordered = sorted(kept) or [self._guess_ns]
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
