"""Two loops made from scratch, so that the demo needs nobody's samples.

Additive and subtractive synthesis in numpy; every random draw is seeded, so the same loop comes
out on every machine.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from engine_host.stream.sources import Samples

Mono = npt.NDArray[np.float64]
CHORDS = ((45, 52, 57, 60), (41, 48, 57, 60), (36, 48, 55, 64), (43, 50, 55, 59))  # Am F C G


def groove(bpm: float, bars: int, rate_hz: int) -> Samples:
    """Drums, bass and an electric-piano-like chord, ``[frames, 2]``: the demo's source."""
    track = _Track(bpm, bars, rate_hz)
    for bar in range(bars):
        chord = CHORDS[bar % len(CHORDS)]
        for beat in range(4):
            track.add(bar * 4 + beat, _kick(rate_hz), 0.5)
            track.add(bar * 4 + beat + 0.5, _hat(rate_hz, 1), 0.12)
            track.add(bar * 4 + beat, _hat(rate_hz, 2), 0.07)
            track.add(bar * 4 + beat + 0.5, _bass(chord[0], 60 / bpm * 0.45, rate_hz), 0.3)
        for beat in (1, 3):
            track.add(bar * 4 + beat, _snare(rate_hz), 0.3)
        for start, length in ((0, 1.4), (1.5, 1.0), (2.75, 1.1)):
            for voice, note in enumerate(chord[1:]):
                sound = _tine(note + 12, 60 / bpm * length, rate_hz)
                track.add(bar * 4 + start, sound, 0.1, pan=0.3 + 0.2 * voice)
    return track.mixed()


def arpeggio(bpm: float, bars: int, rate_hz: int) -> Samples:
    """A bright saw arpeggio over a pad, ``[frames, 2]``: what the demo morphs to."""
    track = _Track(bpm, bars, rate_hz)
    for bar in range(bars):
        chord = CHORDS[bar % len(CHORDS)]
        for note in chord[1:]:
            track.add(bar * 4, _saw(note, 240 / bpm, rate_hz, slow=True), 0.05)
        for step in range(16):
            note = chord[1 + step % 3] + 12 * (1 + step // 6 % 2)
            sound = _saw(note, 60 / bpm * 0.3, rate_hz)
            track.add(bar * 4 + step / 4, sound, 0.14, pan=0.2 + 0.6 * (step % 4) / 3)
    return track.mixed()


class _Track:
    """A loop to which sounds are added at beats; what reaches over the end comes in at the start."""

    def __init__(self, bpm: float, bars: int, rate_hz: int) -> None:
        self._frames = round(bars * 4 * 60 / bpm * rate_hz)
        self._per_beat = 60 / bpm * rate_hz
        self._audio = np.zeros((self._frames, 2))

    def add(self, beat: float, sound: Mono, gain: float, pan: float = 0.5) -> None:
        index = (round(beat * self._per_beat) + np.arange(len(sound))) % self._frames
        left, right = np.cos(pan * np.pi / 2), np.sin(pan * np.pi / 2)
        np.add.at(self._audio, index, gain * sound[:, None] * np.array([left, right]) * 1.4)

    def mixed(self) -> Samples:
        return np.tanh(self._audio).astype(np.float32)


def _seconds(length: float, rate_hz: int) -> Mono:
    return np.arange(int(length * rate_hz)) / rate_hz


def _hz(note: float) -> float:
    return 440.0 * 2 ** ((note - 69) / 12)


@cache
def _kick(rate_hz: int) -> Mono:
    t = _seconds(0.35, rate_hz)
    phase = 2 * np.pi * (48 * t + 110 * 0.03 * (1 - np.exp(-t / 0.03)))
    return np.sin(phase) * np.exp(-t / 0.12)


@cache
def _snare(rate_hz: int) -> Mono:
    t = _seconds(0.25, rate_hz)
    noise = np.random.default_rng(7).standard_normal(len(t))
    return 0.6 * noise * np.exp(-t / 0.06) + 0.5 * np.sin(2 * np.pi * 190 * t) * np.exp(-t / 0.05)


@cache
def _hat(rate_hz: int, seed: int) -> Mono:
    t = _seconds(0.08, rate_hz)
    noise = np.random.default_rng(seed).standard_normal(len(t))
    return np.diff(noise, prepend=0.0) * np.exp(-t / 0.02)


@cache
def _bass(note: int, length: float, rate_hz: int) -> Mono:
    t = _seconds(length, rate_hz)
    tone = sum(np.sin(2 * np.pi * _hz(note - 12) * k * t) / k**1.5 for k in range(1, 7))
    return np.asarray(tone) * _envelope(t, 0.005, length)


@cache
def _tine(note: int, length: float, rate_hz: int) -> Mono:
    t = _seconds(length, rate_hz)
    bell = np.sin(
        2 * np.pi * _hz(note) * t + 1.2 * np.exp(-t / 0.3) * np.sin(2 * np.pi * _hz(note) * t)
    )
    return bell * np.exp(-t / 0.6) * _envelope(t, 0.003, length)


@cache
def _saw(note: int, length: float, rate_hz: int, slow: bool = False) -> Mono:
    t = _seconds(length, rate_hz)
    top = max(1, int(min(24, 9_000 / _hz(note))))
    tone = sum(np.sin(2 * np.pi * _hz(note) * k * t) / k for k in range(1, top + 1))
    return (
        np.asarray(tone)
        * _envelope(t, 0.25 if slow else 0.004, length)
        * (1 if slow else np.exp(-t / 0.15))
    )


def _envelope(t: Mono, attack: float, length: float) -> Mono:
    return np.minimum(1, t / attack) * np.minimum(1, np.maximum(0, (length - t) / 0.01))
