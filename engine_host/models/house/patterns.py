"""What each style plays in a bar, in sixteenth steps: data for the planner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from engine_host.models.house.tokens import Mode

Held = tuple[tuple[int, int], ...]  # (step, length in steps)
Steps = tuple[int, ...]


@dataclass(frozen=True)
class BarPattern:
    """One bar of 16 steps: bass, chords, and the four drums."""

    bass: Held
    chord: Held
    kick: Steps = ()
    snare: Steps = ()
    hat: Steps = ()
    cymbal: Steps = ()

    @property
    def drums(self) -> Mapping[str, Steps]:
        """The drum rows by name."""
        return {"kick": self.kick, "snare": self.snare, "hat": self.hat, "cymbal": self.cymbal}


def _every(step: int, length: int = 2) -> Held:
    return tuple((start, length) for start in range(0, 16, step))


_ALL: Final = tuple(range(16))
_EIGHTHS: Final = tuple(range(0, 16, 2))
_QUARTERS: Final = (0, 4, 8, 12)
_OFFBEATS: Final = (2, 6, 10, 14)
_BACKBEAT: Final = (4, 12)
_WHOLE: Final[Held] = ((0, 16),)
_HALVES: Final[Held] = ((0, 8), (8, 8))

PATTERNS: Final[Mapping[str, BarPattern]] = {
    "house": BarPattern(
        bass=((2, 2), (6, 2), (10, 2), (14, 2)),
        chord=((0, 3), (3, 3), (6, 2)),
        kick=_QUARTERS,
        snare=_BACKBEAT,
        hat=_EIGHTHS,
        cymbal=_OFFBEATS,
    ),
    "techno": BarPattern(
        bass=tuple((step, 1) for step in _ALL if step % 4),
        chord=((3, 1), (6, 1), (11, 1)),
        kick=_QUARTERS,
        snare=(12,),
        hat=_ALL,
        cymbal=_OFFBEATS,
    ),
    "ambient": BarPattern(bass=_WHOLE, chord=_WHOLE, kick=(0,)),
    "lofi": BarPattern(
        bass=((0, 6), (7, 2), (10, 5)),
        chord=_HALVES,
        kick=(0, 7, 10),
        snare=_BACKBEAT,
        hat=_EIGHTHS,
    ),
    "funk": BarPattern(
        bass=((0, 2), (3, 1), (6, 1), (7, 2), (10, 1), (12, 2), (14, 1)),
        chord=((2, 1), (3, 1), (6, 1), (10, 1), (14, 1)),
        kick=(0, 3, 6, 10),
        snare=(4, 7, 9, 12),
        hat=_ALL,
        cymbal=(14,),
    ),
    "rock": BarPattern(
        bass=_every(2),
        chord=_HALVES,
        kick=(0, 8, 10),
        snare=_BACKBEAT,
        hat=_EIGHTHS,
        cymbal=(0,),
    ),
    "classical": BarPattern(bass=_HALVES, chord=_every(2)),
    "dnb": BarPattern(
        bass=((0, 5), (6, 4), (10, 6)),
        chord=_WHOLE,
        kick=(0, 10),
        snare=_BACKBEAT,
        hat=_EIGHTHS,
    ),
    "trap": BarPattern(
        bass=((0, 7), (10, 5)), chord=_WHOLE, kick=(0, 7, 10), snare=(8,), hat=_EIGHTHS
    ),
    "reggae": BarPattern(
        bass=((0, 3), (4, 3), (8, 2), (11, 4)),
        chord=((4, 2), (12, 2)),
        kick=(8,),
        snare=(8,),
        hat=_EIGHTHS,
    ),
    "synthwave": BarPattern(
        bass=_every(2, 1), chord=_WHOLE, kick=(0, 8), snare=_BACKBEAT, hat=_EIGHTHS
    ),
    "jazz": BarPattern(
        bass=((0, 4), (4, 4), (8, 4), (12, 4)),
        chord=((0, 2), (7, 3)),
        kick=(0,),
        hat=_BACKBEAT,
        cymbal=(0, 4, 7, 8, 12, 15),
    ),
}

DEFAULT_STYLE: Final = "house"
BEATLESS_STYLES: Final = frozenset({"ambient", "classical"})  # drums only when asked for
LEAD_TAGS: Final = frozenset({"synth_lead", "sax", "brass", "woodwind", "mallets", "harmonica"})

SCALES: Final[Mapping[Mode, Steps]] = {
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "major": (0, 2, 4, 5, 7, 9, 11),
}
PROGRESSIONS: Final[Mapping[Mode, tuple[Steps, ...]]] = {
    "minor": ((0, 8, 3, 10), (0, 5, 8, 7), (0, 0, 5, 7), (0, 10, 8, 10)),
    "major": ((0, 7, 9, 5), (0, 5, 7, 5), (0, 9, 5, 7), (0, 4, 5, 7)),
}
