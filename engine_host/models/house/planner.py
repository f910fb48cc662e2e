"""The planner: notes in the host's bars, for when the host sends none.

It follows any meter and any tempo, because it asks the grid where each sixteenth note falls. A bar
shorter than four quarters loses the steps that do not fit; a longer one begins the pattern again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine_host.models.house.patterns import (
    BEATLESS_STYLES,
    DEFAULT_STYLE,
    LEAD_TAGS,
    PATTERNS,
    PROGRESSIONS,
    SCALES,
    Held,
)
from engine_host.models.house.tokens import Mode
from engine_host.models.interface import BarSpan, FrameNote, NoteRole

_PATTERN_STEPS: Final = 16
_MOTIF_NOTES: Final = 5
_BASS_LENGTH: Final = 0.9  # of the written length, so that notes do not run together
_CHORD_LENGTH: Final = 0.95
_DRUM_PITCH: Final = {"kick": 36, "snare": 38, "hat": 42, "cymbal": 49}
_ROUNDING: Final = 1e-6  # frames


@dataclass(frozen=True)
class MotifNote:
    """One note of the lead: where, how high in the scale, how long."""

    step: int
    degree: int
    length: int


@dataclass(frozen=True)
class Plan:
    """Everything that is decided once for a piece; the bars only say where it goes."""

    style: str
    key: int
    mode: Mode
    progression: tuple[int, ...]  # semitones above the key, one per bar, round and round
    motif: tuple[MotifNote, ...]  # empty for no lead
    drums: bool
    bass: bool = True


def make_plan(tags: Sequence[str], key: int, mode: Mode, seed: int, *, bass: bool = True) -> Plan:
    """The plan of these tags; ``seed >= 0`` picks the progression and the motif, and always the same."""
    style = next((tag for tag in tags if tag in PATTERNS), DEFAULT_STYLE)
    rng = np.random.default_rng(seed)
    progression = PROGRESSIONS[mode][int(rng.integers(len(PROGRESSIONS[mode])))]
    motif = _draw_motif(rng)
    has_drums = "no_drums" not in tags and (style not in BEATLESS_STYLES or "drums" in tags)
    has_lead = not LEAD_TAGS.isdisjoint(tags)
    return Plan(style, key, mode, progression, motif if has_lead else (), has_drums, bass)


def plan_notes(plan: Plan, bars: Sequence[BarSpan]) -> tuple[FrameNote, ...]:
    """The plan's notes in ``bars``, which follow each other in time.

    The chord is that of the absolute bar. Bass and chords end with their bar at the latest; the lead
    may ring into the next.
    """
    return tuple(
        note for place in range(len(bars)) for note in _bar_notes(plan, _Timeline(bars, place))
    )


def _draw_motif(rng: np.random.Generator) -> tuple[MotifNote, ...]:
    steps = sorted(rng.choice(_PATTERN_STEPS, _MOTIF_NOTES, replace=False).tolist())
    return tuple(
        MotifNote(step, degree=int(rng.integers(8)), length=int(rng.integers(1, 5)))
        for step in steps
    )


class _Timeline:
    """Steps of one bar, to frames of the window."""

    def __init__(self, bars: Sequence[BarSpan], place: int) -> None:
        self.bar = bars[place]
        self.steps = _steps_of(self.bar)
        self._later = bars[place + 1 :]
        self._cut = self._later[0].sixteenth_frames[0] if self._later else float("inf")

    def starts(self, step: int) -> Iterator[int]:
        """Where the pattern's ``step`` falls in this bar: once, not at all, or once per repeat."""
        for start in range(step, self.steps, _PATTERN_STEPS):
            if self.frame(start) < self._cut - _ROUNDING:
                yield start

    def frame(self, step: float) -> float:
        """The frame of a step; past the bar's end it goes on into the bars that follow."""
        bar = self.bar
        for later in self._later:
            if step <= _steps_of(bar):
                break
            step -= _steps_of(bar)
            bar = later
        return _frame_in(bar, step)


def _steps_of(bar: BarSpan) -> int:
    return len(bar.sixteenth_frames) - 1


def _frame_in(bar: BarSpan, step: float) -> float:
    """Linear between the bar's sixteenths; past its end at the pace of its last one."""
    whole = min(int(step), _steps_of(bar) - 1)
    before, after = bar.sixteenth_frames[whole : whole + 2]
    return before + (step - whole) * (after - before)


def _bar_notes(plan: Plan, time: _Timeline) -> Iterator[FrameNote]:
    root = plan.progression[time.bar.index % len(plan.progression)]
    pattern = PATTERNS[plan.style]
    if plan.bass:
        bass = (36 + (plan.key + root) % 12,)
        yield from _held(time, "bass", pattern.bass, bass, _BASS_LENGTH)
    yield from _held(time, "chord", pattern.chord, _triad(plan, root), _CHORD_LENGTH)
    yield from _lead(plan, time)
    if plan.drums:
        for drum, steps in pattern.drums.items():
            yield from _hits(time, _DRUM_PITCH[drum], steps)


def _held(
    time: _Timeline, role: NoteRole, pattern: Held, pitches: Sequence[int], length: float
) -> Iterator[FrameNote]:
    for step, steps in pattern:
        for start in time.starts(step):
            end = time.frame(min(start + steps * length, time.steps))
            for pitch in pitches:
                yield FrameNote(time.frame(start), end, pitch, 1.0, role)


def _lead(plan: Plan, time: _Timeline) -> Iterator[FrameNote]:
    lowest = (60 if plan.key < 6 else 48) + plan.key
    for note in plan.motif:
        pitch = lowest + _scale_semitones(plan.mode, note.degree)
        for start in time.starts(note.step):
            end = time.frame(start + note.length)
            yield FrameNote(time.frame(start), end, pitch, 1.0, "lead")


def _hits(time: _Timeline, pitch: int, steps: Sequence[int]) -> Iterator[FrameNote]:
    for step in steps:
        for start in time.starts(step):
            yield FrameNote(time.frame(start), time.frame(start + 1), pitch, 1.0, "drums")


def _triad(plan: Plan, root: int) -> tuple[int, ...]:
    """Every other note of the scale from the degree nearest to ``root``, low to high."""
    scale = SCALES[plan.mode]
    degree = min(range(len(scale)), key=lambda i: abs(scale[i] - root))
    lowest = (48 if plan.key < 7 else 36) + plan.key
    return tuple(lowest + _scale_semitones(plan.mode, degree + third) for third in (0, 2, 4))


def _scale_semitones(mode: Mode, degree: int) -> int:
    octave, step = divmod(degree, len(SCALES[mode]))
    return 12 * octave + SCALES[mode][step]
