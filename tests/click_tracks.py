"""Sounds whose beats are known: clicks, drums and sines, and where they are heard."""

from __future__ import annotations

import numpy as np

from bridge_protocol.bars import BarGrid
from bridge_protocol.notation import parse_meter, parse_tempo
from engine_host.stream.sources import Placement, Source
from engine_host.stream.warp import SourceTempo

RATE = 48_000


def grid(tempo: str = "1:120", meter: str = "1:4/4", rate: int = RATE) -> BarGrid:
    meters = parse_meter(meter)
    return BarGrid(parse_tempo(tempo, meters), meters, rate)


def placed(audio, bpm: float, downbeat=0.0, at=0.0, repeat=0, rate: int = RATE) -> Placement:
    source = Source("0" * 64, "test", rate, np.asarray(audio, dtype=np.float32))
    return Placement(source, at, repeat, SourceTempo(bpm, downbeat))


def tick(rate: int = RATE) -> np.ndarray:
    seconds = np.arange(round(0.03 * rate)) / rate
    return 0.5 * np.sin(2 * np.pi * 1000 * seconds) * np.exp(-200 * seconds)


def hits(bpm: float, beats, sounds, first: float = 0.0, rate: int = RATE) -> np.ndarray:
    """``[frames, 1]`` up to the last beat and a beat more, a sound of ``sounds`` on each of ``beats``."""
    length = first + (max(beats) + 1) * 60 / bpm
    audio = np.zeros(round(length * rate))
    for beat, sound in zip(beats, sounds, strict=True):
        start = round((first + beat * 60 / bpm) * rate)
        part = sound[: len(audio) - start]
        audio[start : start + len(part)] += part
    return audio[:, None].astype(np.float32)


def clicks(bpm: float, count: int, first: float = 0.0, rate: int = RATE) -> np.ndarray:
    return hits(bpm, range(count), [tick(rate)] * count, first, rate)


def drums(bpm: float, bars: int, first: float = 0.0, rate: int = 44_100) -> np.ndarray:
    """Kick on 1, 3 and the eighth after it, snare on 2 and 4, a hi-hat on every eighth."""
    rng = np.random.default_rng(7)
    seconds = np.arange(round(0.15 * rate)) / rate
    sweep = 50 * seconds + 3 * (1 - np.exp(-40 * seconds))
    kick = 0.9 * np.sin(2 * np.pi * sweep) * np.exp(-20 * seconds)
    snare = 0.5 * rng.uniform(-1, 1, len(seconds)) * np.exp(-30 * seconds)
    hat = 0.2 * np.diff(rng.uniform(-1, 1, len(seconds) + 1)) * np.exp(-120 * seconds)
    bar = [(0, kick), (1, snare), (2, kick), (2.5, kick), (3, snare)]
    bar += [(eighth / 2, hat) for eighth in range(8)]
    placed = [(4 * number + beat, sound) for number in range(bars) for beat, sound in bar]
    loop = hits(bpm, [b for b, _ in placed], [sound for _, sound in placed], first, rate)
    return loop[: round((first + bars * 240 / bpm) * rate)]


def sine(hz: float, seconds: float, rate: int = RATE) -> np.ndarray:
    wave = 0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)
    return np.stack([wave, wave], axis=1).astype(np.float32)


def lateness_ms(heard: np.ndarray, at: list[int], rate: int = RATE) -> np.ndarray:
    """How long after each sample the loudest point of a tick is, less what it is within the tick."""
    reach = round(0.03 * rate)
    own = int(np.argmax(np.abs(tick(rate))))
    found = []
    for sample in at:
        low = max(0, sample - reach)
        near = np.abs(heard[low : sample + reach])
        assert near.max() > 0.1, "there is no click near this beat"
        found.append(low + int(np.argmax(near)) - own - sample)
    return np.array(found) * 1000 / rate
