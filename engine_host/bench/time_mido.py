"""mido as a rival: seconds found as its player adds them up, from the start of the merged track."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import numpy as np

from bridge_protocol.tempo import TempoMap

TICKS_PER_QUARTER = 960
DEFAULT_TEMPO = 500_000  # microseconds a quarter note, where a file says none


def installed() -> bool:
    """Whether there is a mido to compare with."""
    return importlib.util.find_spec("mido") is not None


class MidoWalk:
    """A map of steps as a MIDI file's merged track; its tempi are rounded to whole microseconds."""

    def __init__(self, tempo: TempoMap) -> None:
        mido: Any = importlib.import_module("mido")
        self._tick2second = mido.tick2second
        track = mido.MidiTrack()
        before = 0
        for segment in tempo.segments:
            tick = round(segment.start_ppq * TICKS_PER_QUARTER)
            step = mido.bpm2tempo(segment.bpm_start)
            track.append(mido.MetaMessage("set_tempo", tempo=step, time=tick - before))
            before = tick
        self._track = mido.merge_tracks([track])

    def seconds(self, ppq: float) -> float:
        """At the tick nearest to ``ppq``."""
        goal, tick, tempo, seconds = round(ppq * TICKS_PER_QUARTER), 0, DEFAULT_TEMPO, 0.0
        for message in self._track:
            if tick + message.time > goal:
                break
            seconds += self._tick2second(message.time, TICKS_PER_QUARTER, tempo)
            tick += message.time
            if message.type == "set_tempo":
                tempo = message.tempo
        return float(seconds + self._tick2second(goal - tick, TICKS_PER_QUARTER, tempo))

    def largest_difference(self, tempo: TempoMap, ppq: list[float]) -> float:
        """In seconds, to another map at the ticks nearest to these places."""
        ticks = np.array([round(place * TICKS_PER_QUARTER) for place in ppq]) / TICKS_PER_QUARTER
        theirs = np.array([self.seconds(place) for place in ticks.tolist()])
        return float(np.abs(theirs - tempo.seconds_array(ticks)).max())
