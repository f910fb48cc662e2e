"""What was sent and not heard yet, so that it can go on where the path turns off it.

Under the engine's lock, as the stream that owns it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class _Sent(Generic[T]):
    joins_x: int  # where the crossfade into it begins
    x: int  # from here on it sounds alone
    sound: T


class Trail(Generic[T]):
    """Sounds along the path, in the order of their ``x``; one ends where the next is alone."""

    def __init__(self) -> None:
        self._sent: list[_Sent[T]] = []

    def add(self, joins_x: int, x: int, sound: T) -> None:
        """A sound that is faded in from ``joins_x`` on, and is alone from ``x`` on."""
        self._sent.append(_Sent(joins_x, x, sound))

    def until(self, x: int) -> Trail[T]:
        """What of it was alone by ``x``."""
        earlier: Trail[T] = Trail()
        earlier._sent = [sent for sent in self._sent if sent.x <= x]
        return earlier

    def heard(self, x: int) -> None:
        """The host has come to ``x``: forgets what lies behind it."""
        while len(self._sent) > 1 and self._sent[1].x <= x:
            del self._sent[0]

    @property
    def empty(self) -> bool:
        """Whether nothing was sent."""
        return not self._sent

    def before(self, x: int, fade: int) -> int:
        """From where to send again, so that what follows at ``x`` can be faded in before it: inside
        no crossfade, and where there was sound."""
        start = next((s.joins_x for s in self._sent if s.joins_x < x - fade < s.x), x - fade)
        return max(start, min(x, self._sent[0].x)) if self._sent else start

    def at(self, x: int) -> T | None:
        """The sound that is alone at ``x``; inside a crossfade the one that leaves."""
        return next((sent.sound for sent in reversed(self._sent) if sent.x <= x), None)
