"""Notes to the roll that the model hears: per frame chroma of bass, chord and lead, and drum onsets.

Columns of ``[T, 42]``: 12 bass, 12 chord and 12 lead pitch classes (C first), kick, snare, hat,
cymbal, height of the lead, height of the chord. A pitch class is 1 at its onset, less up to a
quarter when the note begins late in the frame, then 0.5 while it is held. A drum is 1 at its onset,
less up to a half, and has no length. Heights are octaves above a fixed note.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from engine_host.models.interface import FrameNote, NoteRole

ROLL_WIDTH: Final = 42
CHROMA_COLUMNS: Final[dict[NoteRole, int]] = {"bass": 0, "chord": 12, "lead": 24}
DRUM_COLUMNS: Final = {"kick": 36, "snare": 37, "hat": 38, "cymbal": 39}

_HEIGHTS: Final[dict[NoteRole, tuple[int, int]]] = {"lead": (40, 66), "chord": (41, 58)}
_LATE_PITCH = 0.25  # how much a pitched onset at the very end of a frame is less than 1
_LATE_DRUM = 0.5
_HELD = 0.5
_ROUNDING = 1e-6  # frames; an onset this close below a frame's edge belongs to that frame

_DRUM_PITCHES = {
    "kick": (35, 36, 41, 43),  # low toms sound nearest to a kick
    "snare": (37, 38, 39, 40, 45, 47, 48, 50),  # side stick, clap, higher toms
    "hat": (42, 44, 46, 54, 56, 69, 70, 80, 82),  # tambourine, cowbell, cabasa, maracas, triangle
    "cymbal": (49, 51, 52, 53, 55, 57, 59, 81),
}
_DRUM_OF_PITCH = {pitch: drum for drum, pitches in _DRUM_PITCHES.items() for pitch in pitches}


def drum_of(pitch: int) -> str:
    """Which of the four drums a General MIDI drum note is heard as; hand drums and blocks as a snare."""
    return _DRUM_OF_PITCH.get(pitch, "snare")


def roll_of(notes: Iterable[FrameNote], frames: int) -> npt.NDArray[np.float32]:
    """``[frames, 42]``. Order of the notes does not matter; a note of velocity 0 is silence.

    A pitched note that began before the window is held from the first frame on; a drum is not.
    """
    roll = np.zeros((frames, ROLL_WIDTH), np.float32)
    sounding = (note for note in notes if note.velocity > 0)
    for note in sorted(sounding, key=lambda n: (n.start_frame, n.pitch)):
        if note.role == "drums":
            _strike(roll, note)
        else:
            _hold(roll, note)
    return roll


def _strike(roll: npt.NDArray[np.float32], note: FrameNote) -> None:
    frame, late = _onset(note.start_frame)
    if 0 <= frame < len(roll):
        column = DRUM_COLUMNS[drum_of(note.pitch)]
        roll[frame, column] = max(roll[frame, column], 1 - _LATE_DRUM * late)


def _hold(roll: npt.NDArray[np.float32], note: FrameNote) -> None:
    frame, late = _onset(note.start_frame)
    end = max(frame + 1, round(note.end_frame))
    column = CHROMA_COLUMNS[note.role] + note.pitch % 12
    held = slice(max(frame, 0), max(end, 0))
    roll[held, column] = np.maximum(roll[held, column], _HELD)
    if 0 <= frame < len(roll):
        roll[frame, column] = 1 - _LATE_PITCH * late
    if note.role in _HEIGHTS:
        height, reference = _HEIGHTS[note.role]
        roll[held, height] = (note.pitch - reference) / 12


def _onset(start_frame: float) -> tuple[int, float]:
    """The frame of an onset, and how late in it (0..1) the onset is."""
    frame = math.floor(start_frame + _ROUNDING)
    return frame, max(0.0, start_frame - frame)
