"""A host's timeline in exact fractions: tempo steps, signatures, a loop, and where each frame lies.

Independent of the package's own tempo map, to be held against it.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np


@dataclass(frozen=True)
class Locator:
    """One place, in both measures."""

    sample: int
    ppq: Fraction


@dataclass(frozen=True)
class Position:
    """What a host tells of the first frame of a block; bars are counted from 0."""

    playing: bool
    recording: bool
    sample: int
    ppq: Fraction
    bpm: float
    bar: int
    bar_start_ppq: Fraction
    numerator: int
    denominator: int
    loop: tuple[Locator, Locator] | None


class Song:
    """``tempo``: (ppq, bpm) steps from ppq 0 on; ``meter``: (bar from 0, numerator, denominator)."""

    def __init__(self, tempo=((0, 120),), meter=((0, 4, 4),), rate_hz=48_000):
        self.rate_hz = rate_hz
        self.tempo = [(Fraction(ppq), Fraction(bpm)) for ppq, bpm in tempo]
        self.meter = self._with_starts(meter)
        self._seconds = [Fraction(0)]
        for (ppq, bpm), (after, _) in zip(self.tempo, self.tempo[1:], strict=False):
            self._seconds.append(self._seconds[-1] + (after - ppq) * 60 / bpm)

    def ppq(self, sample):
        """Where a frame lies; before 0 the first tempo reigns."""
        seconds = Fraction(sample) / self.rate_hz
        index = max(i for i, start in enumerate(self._seconds) if start <= seconds or i == 0)
        ppq, bpm = self.tempo[index]
        return ppq + (seconds - self._seconds[index]) * bpm / 60

    def sample(self, ppq):
        """The frame nearest to a place."""
        ppq = Fraction(ppq)
        index = max(i for i, (start, _) in enumerate(self.tempo) if start <= ppq or i == 0)
        start, bpm = self.tempo[index]
        return round((self._seconds[index] + (ppq - start) * 60 / bpm) * self.rate_hz)

    def bpm(self, ppq):
        return [bpm for start, bpm in self.tempo if start <= ppq or start == 0][-1]

    def bar(self, ppq):
        """(bar from 0, its start in ppq, numerator, denominator)."""
        entries = [e for e in self.meter if e[1] <= ppq or e[0] == 0]
        first, start, numerator, denominator = entries[-1]
        length = Fraction(4 * numerator, denominator)
        bars = (ppq - start) // length
        return first + int(bars), start + bars * length, numerator, denominator

    def bar_start(self, bar):
        """ppq of a bar, counted from 0."""
        entries = [e for e in self.meter if e[0] <= bar or e[0] == 0]
        first, start, numerator, denominator = entries[-1]
        return start + (bar - first) * Fraction(4 * numerator, denominator)

    def locator(self, ppq):
        return Locator(self.sample(ppq), Fraction(ppq))

    @staticmethod
    def _with_starts(meter):
        entries, start = [], Fraction(0)
        for index, (bar, numerator, denominator) in enumerate(meter):
            if index:
                before, _, over, under = entries[-1]
                start += (bar - before) * Fraction(4 * over, under)
            entries.append((bar, start, numerator, denominator))
        return entries


class Timeline:
    """A host that plays a song block by block. ``loop``: (start, end) in ppq, wrapped inside blocks."""

    def __init__(self, song, sample=0, *, playing=True, loop=None):
        self.song, self.sample, self.playing = song, sample, playing
        self.recording = False
        self.loop = None if loop is None else (song.locator(loop[0]), song.locator(loop[1]))

    def position(self):
        song, ppq = self.song, self.song.ppq(self.sample)
        bpm = float(song.bpm(ppq))
        bar = song.bar(ppq)
        return Position(self.playing, self.recording, self.sample, ppq, bpm, *bar, self.loop)

    def advance(self, frames):
        """Plays ``frames``; returns the song sample of each, int64 ``[frames]``."""
        if not self.playing:
            return np.full(frames, self.sample, np.int64)
        places = self.sample + np.arange(frames, dtype=np.int64)
        self.sample += frames
        if self.loop is not None:
            start, end = (locator.sample for locator in self.loop)
            if places[0] < end:
                wrapped = start + (places - end) % (end - start)
                places = np.where(places < end, places, wrapped)
                self.sample = int(places[-1]) + 1
                if self.sample == end:
                    self.sample = start
        return places


def minihost_transport(position):
    """Keywords of ``minihost.Plugin.set_transport``."""
    told = {
        "bpm": position.bpm,
        "time_sig_num": position.numerator,
        "time_sig_denom": position.denominator,
        "position_samples": position.sample,
        "position_beats": float(position.ppq),
        "is_playing": position.playing,
        "is_recording": position.recording,
    }
    if position.loop is not None:
        start, end = position.loop
        told |= {"is_looping": True, "loop_start": start.sample, "loop_end": end.sample}
    return told
