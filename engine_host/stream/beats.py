"""The tempo of a recording, and where its first beat lies: heard, not told."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import soxr

from bridge_protocol.errors import ErrorCode, RefusedError

LISTEN_HZ = 22_050
SHORTEST_SECONDS, LONGEST_SECONDS = 2, 600  # of a source that is listened to
HOP = 256
SLOWEST_BPM, FASTEST_BPM = 69.5, 180.5  # 70 to 180, as they come out
SILENCE = 1e-3  # -60 dBFS
SEARCHED = 0.04  # the rough tempo may be off by this share
HARMONICS = 4
LEAST_POINTS = 16_384  # of the spectrum: 0.3 bpm
ATTACK_HZ = 1_000
ATTACK_SPAN = 10  # ms of sound compared before and after
REACHES_SECONDS = (0.06, 0.03, 0.015)  # an attack is looked for so near its beat, ever nearer
ON_TIME_SECONDS = 0.02
LEAST_ATTACK = 0.7  # nepers of power: 3 dB
LEAST_BEATS = 4
LEAST_ON_TIME = 0.5  # of the attacks; chance gives a third
WEAK = 0.2  # where every other beat is so much weaker, it is an off-beat
EDGE_SECONDS = 0.03  # a beat may lie so much before the first sound, and not so near the end
ACCENT_SECONDS = 0.06  # of sound that tell how strong a beat is

Mono = npt.NDArray[np.float32]
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Beats:
    """A steady tempo in quarter notes a minute, and the seconds at which the first beat lies."""

    bpm: float
    first_seconds: float

    @property
    def period(self) -> float:
        """Seconds from beat to beat."""
        return 60.0 / self.bpm

    def lines(self, seconds: float) -> Array:
        """Every beat from the start of the sound to ``seconds``, also those before the first one."""
        start = -EDGE_SECONDS - self.first_seconds
        stop = start + seconds
        count = np.arange(np.ceil(start / self.period), np.ceil(stop / self.period))
        return np.asarray(self.first_seconds + self.period * count, np.float64)


def find_beats(audio: npt.NDArray[np.float32], rate_hz: int) -> Beats:
    """Listens to ``[frames, channels]``. It takes seconds: do it where nobody waits.

    The tempo is taken to be steady, and told between 70 and 180 bpm; the first beat is the first
    one in the sound, whether or not a bar begins there. Deterministic; any thread. Raises
    RefusedError ``CANNOT_HEAR`` (field ``bpm``) where no beat is found.
    """
    sound = _listened(audio, rate_hz)
    if len(sound) < SHORTEST_SECONDS * LISTEN_HZ or float(np.abs(sound).max()) < SILENCE:
        raise _no_beat()
    strength, rough_bpm = _rough(sound)
    if rough_bpm <= 0:
        raise _no_beat()
    attacks = Attacks(sound)
    beats = attacks.fitted(_comb(strength, rough_bpm))
    return attacks.from_first_sound(attacks.in_octave(beats))


def _no_beat() -> RefusedError:
    return RefusedError(ErrorCode.CANNOT_HEAR, "bpm", "No beat was found; give the tempo.")


def _listened(audio: npt.NDArray[np.float32], rate_hz: int) -> Mono:
    mono = audio[: LONGEST_SECONDS * rate_hz].mean(axis=1)
    return np.asarray(soxr.resample(mono, rate_hz, LISTEN_HZ, quality="HQ"), dtype=np.float32)


def _rough(sound: Mono) -> tuple[Array, float]:
    """How strongly notes begin in each hop, and a tempo to within a few per cent (0: none)."""
    from librosa import beat, onset  # noqa: PLC0415 - takes seconds

    strength = onset.onset_strength(y=sound, sr=LISTEN_HZ, hop_length=HOP)
    bpm, _ = beat.beat_track(onset_envelope=strength, sr=LISTEN_HZ, hop_length=HOP)
    return np.asarray(strength, np.float64), float(np.asarray(bpm).ravel()[0])


def _comb(strength: Array, rough_bpm: float) -> Beats:
    """The comb of steady pulses near a tempo that fits all of the sound best."""
    hops_hz = LISTEN_HZ / HOP
    pulses = strength - strength.mean()
    count = max(LEAST_POINTS, 1 << (8 * len(pulses) - 1).bit_length())
    spectrum = np.abs(np.fft.rfft(pulses, count))
    freqs = np.fft.rfftfreq(count, 1 / hops_hz)
    near = freqs[np.abs(freqs * 60 / rough_bpm - 1) <= SEARCHED]
    harmonics = np.arange(1, HARMONICS + 1)
    beat_hz = near[np.argmax(np.interp(near[:, None] * harmonics, freqs, spectrum).sum(axis=1))]
    turns = np.exp(-2j * np.pi * harmonics[:, None] * beat_hz * np.arange(len(pulses)) / hops_hz)
    phases = np.arange(512) / 512
    fits = np.real(np.exp(2j * np.pi * phases[:, None] * harmonics) @ (turns @ pulses))
    return Beats(60 * float(beat_hz), float(phases[np.argmax(fits)] / beat_hz))


class Attacks:
    """Where the sound gets louder, to the millisecond: what beats are placed by."""

    def __init__(self, sound: Mono) -> None:
        per_step = LISTEN_HZ / ATTACK_HZ
        self._seconds = len(sound) / LISTEN_HZ
        sums = np.concatenate([[0.0], np.cumsum(np.square(sound, dtype=np.float64))])
        edges = np.arange(int(len(sound) / per_step) + 1) * per_step
        power = np.diff(np.interp(edges, np.arange(len(sums)), sums)) / per_step
        padded = np.pad(power, ATTACK_SPAN)
        level = np.convolve(padded, np.ones(ATTACK_SPAN) / ATTACK_SPAN, mode="valid")
        before, after = level[: len(power)], level[ATTACK_SPAN : ATTACK_SPAN + len(power)]
        floor = 1e-4 * float(level.max())
        self._level = np.sqrt(after)
        self._rise = np.maximum(np.log((after + floor) / (before + floor)), 0.0)

    def fitted(self, beats: Beats) -> Beats:
        """The steady beats that lie nearest the attacks, by least squares."""
        for reach in REACHES_SECONDS:
            lines = beats.lines(self._seconds)
            at, weight = self._nearest(lines, min(reach, beats.period / 5))
            if np.count_nonzero(weight) < LEAST_BEATS:
                raise _no_beat()
            period, first = np.polyfit(np.arange(len(lines)), at, 1, w=np.sqrt(weight))
            beats = Beats(60 / float(period), float(first))
        self._check_on_time(beats)
        return beats

    def in_octave(self, beats: Beats) -> Beats:
        """The same beats at the fastest tempo in range whose every other beat is not a weak one."""
        while beats.bpm > FASTEST_BPM:
            beats = self._every_other(beats)[0]
        while 2 * beats.bpm <= FASTEST_BPM:
            beats = replace(beats, bpm=2 * beats.bpm)
        slower, weak = self._every_other(beats)
        while weak and slower.bpm >= SLOWEST_BPM:
            beats = slower
            slower, weak = self._every_other(beats)
        return beats

    def from_first_sound(self, beats: Beats) -> Beats:
        """The same beats, counted from the first one in the sound."""
        loud = np.flatnonzero(self._level >= 0.01 * self._level.max())
        lines = beats.lines(self._seconds)
        number = np.searchsorted(lines, loud[0] / ATTACK_HZ - EDGE_SECONDS)
        first = float(lines[min(int(number), len(lines) - 1)])
        return replace(beats, first_seconds=max(0.0, first))

    def _every_other(self, beats: Beats) -> tuple[Beats, bool]:
        """The stronger half of the beats, and whether the other half is weak."""
        lines = beats.lines(self._seconds)
        steps = np.rint(lines * ATTACK_HZ).astype(int)[:, None]
        steps = steps + np.arange(round(ACCENT_SECONDS * ATTACK_HZ))
        power = np.square(self._level[np.clip(steps, 0, len(self._level) - 1)]).mean(axis=1)
        loud = [float(np.sqrt(np.median(power[parity::2]))) for parity in (0, 1)]
        first = float(lines[int(loud[1] > loud[0])])
        return Beats(beats.bpm / 2, first), min(loud) < WEAK * max(loud)

    def _nearest(self, lines: Array, reach: float) -> tuple[Array, Array]:
        """The strongest attack within ``reach`` seconds of each line, and its weight (0: none)."""
        span = round(reach * ATTACK_HZ)
        steps = np.rint(lines * ATTACK_HZ).astype(int)[:, None] + np.arange(-span, span + 1)
        steps = np.clip(steps, 0, len(self._rise) - 1)
        rises = self._rise[steps]
        best = rises.argmax(axis=1)
        rows = np.arange(len(lines))
        rise = rises[rows, best]
        return steps[rows, best] / ATTACK_HZ, np.where(rise >= LEAST_ATTACK, rise, 0.0)

    def _check_on_time(self, beats: Beats) -> None:
        lines = beats.lines(self._seconds)
        at, weight = self._nearest(lines, min(REACHES_SECONDS[0], beats.period / 5))
        on_time = weight[np.abs(at - lines) <= ON_TIME_SECONDS].sum()
        if on_time < LEAST_ON_TIME * weight.sum():
            raise _no_beat()
