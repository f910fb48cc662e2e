"""The host's way through the song, in samples: epochs, addresses and passes of the loop.

REAPER tells a position some thirty times a second; whether it played on, wrapped or was located is
told from how far it moved in that time. Pure; see docs/protocol.md, "Epochs, addresses, laps".
"""

from __future__ import annotations

from dataclasses import dataclass

SLACK_S = 0.25
"""How far a position may be from where the clock expects it, and still be playing on."""
BACK_S = 0.05
"""How far a position may go back while playing, and be no locate: it is taken as standing still."""


@dataclass(frozen=True)
class Step:
    """Where the host is after a look. ``left``: in a new epoch, the address where the one before was
    left."""

    epoch: int
    address: int
    sample: int
    lap: int
    is_playing: bool
    left: int | None = None


class PlayLine:
    """Looked at in order of time. Epochs count from 1."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._at_s = 0.0
        self._now = Step(0, 0, 0, 0, False)

    @property
    def now(self) -> Step:
        """The last look's."""
        return self._now

    def look(
        self, sample: int, is_playing: bool, loop: tuple[int, int] | None, now_s: float
    ) -> Step:
        """The host is at ``sample``; ``loop`` is ``[start, end)`` in samples, where it repeats."""
        moved = self._moved(sample, is_playing, loop, now_s)
        before, self._at_s = self._now, now_s
        if moved is None:
            left = before.address if before.epoch else None
            self._now = Step(before.epoch + 1, 0, sample, 0, is_playing, left)
            return self._now
        frames, laps = moved
        address, lap = before.address + frames, before.lap + laps
        reached = sample if laps else before.sample + frames
        self._now = Step(before.epoch, address, reached, lap, is_playing)
        return self._now

    def restart(self) -> Step:
        """Goes on from here in a new epoch: the tempo was edited."""
        now = self._now
        self._now = Step(now.epoch + 1, 0, now.sample, 0, now.is_playing, now.address)
        return self._now

    def _moved(
        self, sample: int, is_playing: bool, loop: tuple[int, int] | None, now_s: float
    ) -> tuple[int, int] | None:
        """How many frames were played since, over how many wraps; None where it was located."""
        before = self._now
        if before.epoch == 0:
            return None
        frames, laps = sample - before.sample, 0
        if not before.is_playing and not is_playing:
            return (0, 0) if frames == 0 else None
        if before.is_playing and -BACK_S * self._rate_hz <= frames < 0:
            return 0, 0
        if frames < 0 and loop is not None and loop[0] <= sample and before.sample < loop[1]:
            frames, laps = frames + loop[1] - loop[0], 1
        slack = SLACK_S * self._rate_hz
        most = (now_s - self._at_s) * self._rate_hz + slack
        least = most - 2 * slack if before.is_playing and is_playing else 0
        return (frames, laps) if max(least, 0) <= frames <= most else None
