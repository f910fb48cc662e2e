"""What the model is told of the host's bars and notes, in the frames of one window."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from bridge_protocol.schema import Note
from engine_host.models.interface import BarSpan, FrameNote, GridFrames, NoteRole
from engine_host.stream.windows import Frames

BASS_BELOW = 48  # MIDI note: C3 in the count where middle C is C4
LEAD_FROM = 72
DRUM_CHANNEL = 10


def grid_frames(frames: Frames) -> GridFrames:
    """The host's grid read at the middle of each frame, and every bar that touches the window."""
    grid = frames.grid
    seconds = frames.seconds(0.5)
    ppq = grid.tempo.ppq_array(seconds)
    first, last = grid.meter.bar_at(float(ppq.min())), grid.meter.bar_at(float(ppq.max()))
    starts = np.array([float(grid.ppq(bar)) for bar in range(first, last + 2)])
    place = np.searchsorted(starts, ppq, side="right") - 1
    return GridFrames(
        bpm=grid.tempo.bpm_array(ppq),
        quarter_in_bar=ppq - starts[place],
        bar_quarters=np.diff(starts)[place],
        bar_index=first + place,
        bars=tuple(bar_spans(frames)),
    )


def bar_spans(frames: Frames) -> Iterable[BarSpan]:
    """The bars of each unbroken run of the window, with the frames of their sixteenths."""
    grid, rate = frames.grid, frames.geometry.frame_rate_hz
    for begin, first_frame, end_frame in frames.runs():
        finish = begin + (end_frame - first_frame) / rate
        bar = grid.meter.bar_at(grid.tempo.ppq(begin + 1e-9))
        while grid.seconds(bar) < finish - 1e-9:
            yield _bar_span(frames, bar, begin, first_frame)
            bar += 1


def _bar_span(frames: Frames, bar: int, begin: float, first_frame: float) -> BarSpan:
    grid = frames.grid
    length = float(grid.meter.bar_length(bar))
    steps = [*np.arange(0.0, length - 1e-9, 0.25), length]
    seconds = grid.tempo.seconds_array(float(grid.ppq(bar)) + np.array(steps))
    position = first_frame + (seconds - begin) * frames.geometry.frame_rate_hz
    return BarSpan(bar, length, tuple(float(value) for value in position))


def frame_notes(frames: Frames, notes: tuple[Note, ...]) -> tuple[FrameNote, ...]:
    """The host's notes that sound in the window, by run; in the order of their starts."""
    grid, rate = frames.grid, frames.geometry.frame_rate_hz
    found: list[FrameNote] = []
    for begin, first_frame, end_frame in frames.runs():
        for note in notes:
            start = first_frame + (grid.tempo.seconds(note.ppq) - begin) * rate
            stop = first_frame + (grid.tempo.seconds(note.ppq + note.length_ppq) - begin) * rate
            if stop > first_frame and start < end_frame:
                found.append(
                    FrameNote(
                        start, min(stop, end_frame), note.pitch, note.velocity / 127, role(note)
                    )
                )
    return tuple(sorted(found, key=lambda n: (n.start_frame, n.pitch)))


def role(note: Note) -> NoteRole:
    """Which voice a note is taken for: channel 10 is the drums, else the register decides."""
    if note.channel == DRUM_CHANNEL:
        return "drums"
    if note.pitch < BASS_BELOW:
        return "bass"
    return "lead" if note.pitch >= LEAD_FROM else "chord"
