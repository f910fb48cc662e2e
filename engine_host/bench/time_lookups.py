"""How fast a tempo map of ten thousand segments is read, and how fast others read theirs.

Two maps: one of all three laws, as ours reads it, and one of steps alone, which every rival can
read too. Rivals: mido, which adds up ``tick2second`` along the merged track, and ``numpy.interp``
on a table: exact on the knots of the steps, and as near as a fine table comes to the ramps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bridge_protocol.bars import BarGrid
from bridge_protocol.clock import Clock
from bridge_protocol.meter import MeterMap
from bridge_protocol.tempo import TempoLaw, TempoMap, TempoSegment
from engine_host.bench import time_mido
from engine_host.bench.measure import (
    Block,
    Contender,
    Spread,
    Tell,
    interleave,
    per_second,
    ratio,
    rounded,
)
from engine_host.bench.time_mido import TICKS_PER_QUARTER, MidoWalk

SEED = 1
RATE_HZ = 48_000
SAMPLED_PER_SEGMENT = 16
THREADS = 1
MICROSECONDS = (300_000, 1_000_000)  # a quarter note: 200 to 60 bpm
LENGTH_TICKS = (TICKS_PER_QUARTER // 4, 8 * TICKS_PER_QUARTER)  # of a segment

MIDO, INTERP_ONE = "scalar_mido_walk_step", "scalar_numpy_interp_step"
INTERP_MANY, INTERP_FINE = "array_numpy_interp_step", "array_numpy_interp_sampled"

Array = NDArray[np.float64]
Json = dict[str, object]
Place = TypeVar("Place", int, float)


@dataclass(frozen=True)
class LookupSettings:
    """Sizes: lookups in one block, one by one (``scalars``, and ``walked`` by the slow rival) or as
    an array (``elements``)."""

    segments: int = 10_000
    scalars: int = 2_000
    elements: int = 1_000_000
    walked: int = 10
    rounds: int = 7


@dataclass(frozen=True)
class Reading:
    """``count`` lookups a block; ``rival`` names the reading that this one is compared with."""

    count: int
    contender: Contender
    rival: str = ""


def measure_lookups(settings: LookupSettings, clock: Clock, tell: Tell) -> Json:
    """Rates, and how many times as many lookups ours makes as its rival.

    Without mido its walk is left out, and what is compared with it.
    """
    maps = Maps(settings)
    readings = {reading.contender.name: reading for reading in maps.readings()}
    contenders = [reading.contender for reading in readings.values()]
    blocks = interleave(contenders, settings.rounds, clock, lambda line: tell(f"lookups: {line}"))
    return {
        "setup": {
            **asdict(settings),
            "sampled_per_segment": SAMPLED_PER_SEGMENT,
            "seed": SEED,
        },
        "per_second": {
            name: per_second(blocks[name], reading.count).as_json()
            for name, reading in readings.items()
        },
        "ratio": {
            name: {"to": reading.rival, **_times(blocks, reading, readings[reading.rival])}
            for name, reading in readings.items()
            if reading.rival in readings
        },
        "largest_difference_seconds": maps.differences(),
    }


def _times(
    blocks: Mapping[str, Sequence[Block]], ours: Reading, theirs: Reading
) -> dict[str, float]:
    spread = ratio(blocks[theirs.contender.name], blocks[ours.contender.name])
    each = ours.count / theirs.count
    return Spread(spread.median * each, spread.low * each, spread.high * each).as_json()


class Maps:
    """The two maps, the places that are looked up in them, and the rivals' own forms of them."""

    def __init__(self, settings: LookupSettings) -> None:
        rng = np.random.default_rng(SEED)
        self.mixed = random_map(rng, settings.segments, tuple(TempoLaw))
        self.step = random_map(rng, settings.segments, (TempoLaw.STEP,))
        self.walk = MidoWalk(self.step) if time_mido.installed() else None
        end = min(self.mixed.segments[-1].start_ppq, self.step.segments[-1].start_ppq)
        self._settings = settings
        self._many = rng.uniform(0.0, end, settings.elements)
        self._many_seconds = self.mixed.seconds_array(self._many)
        self._few = self._many[: settings.scalars].tolist()
        self._few_seconds = self._many_seconds[: settings.scalars]
        self._bars = rng.permutation(int(end) // 4)[: settings.scalars].tolist()
        self._knots = _knots(self.step)
        self._knot_seconds = self.step.seconds_array(self._knots)
        self._fine = _finer(_knots(self.mixed))
        self._fine_seconds = self.mixed.seconds_array(self._fine)

    def readings(self) -> list[Reading]:
        """Everyone, each rival before those that are compared with it."""
        return [*self._mido(), *self._scalars(), *self._bar_lines(), *self._arrays()]

    def _mido(self) -> list[Reading]:
        walked = self._few[: self._settings.walked]
        found = [] if self.walk is None else [_one_by_one(MIDO, self.walk.seconds, walked)]
        return [*found, _one_by_one("scalar_seconds_step", self.step.seconds, self._few, MIDO)]

    def _scalars(self) -> list[Reading]:
        seconds = self._few_seconds.tolist()
        return [
            _one_by_one(INTERP_ONE, self._interpolated, self._few),
            _one_by_one("scalar_seconds", self.mixed.seconds, self._few, INTERP_ONE),
            _one_by_one("scalar_ppq", self.mixed.ppq, seconds, INTERP_ONE),
        ]

    def _bar_lines(self) -> list[Reading]:
        """A grid remembers what it was asked: ``first`` asks a new one, ``again`` the same one."""
        samples = (self._few_seconds * RATE_HZ).astype(np.int64).tolist()
        kept = self._new_grid()

        def first(name: str, look_up: Callable[[BarGrid, int], int], at: list[int]) -> Reading:
            def block() -> None:
                grid = self._new_grid()
                for place in at:
                    look_up(grid, place)

            return Reading(len(at), Contender(name, THREADS, block), INTERP_ONE)

        return [
            first("bar_sample_first", BarGrid.sample, self._bars),
            _one_by_one("bar_sample_again", kept.sample, self._bars, INTERP_ONE),
            first("bar_of_sample_first", BarGrid.bar_of_sample, samples),
            _one_by_one("bar_of_sample_again", kept.bar_of_sample, samples, INTERP_ONE),
        ]

    def _arrays(self) -> list[Reading]:
        at, seconds = self._many, self._many_seconds

        def whole(name: str, run: Callable[[], object], rival: str = "") -> Reading:
            return Reading(len(at), Contender(name, THREADS, run), rival)

        return [
            whole(INTERP_MANY, lambda: np.interp(at, self._knots, self._knot_seconds)),
            whole("array_seconds_step", lambda: self.step.seconds_array(at), INTERP_MANY),
            whole(INTERP_FINE, lambda: np.interp(at, self._fine, self._fine_seconds)),
            whole("array_seconds", lambda: self.mixed.seconds_array(at), INTERP_FINE),
            whole("array_ppq", lambda: self.mixed.ppq_array(seconds), INTERP_FINE),
        ]

    def differences(self) -> dict[str, float]:
        """How far the rivals' seconds are from ours."""
        sampled = np.interp(self._many, self._fine, self._fine_seconds)
        found = {INTERP_FINE: rounded(float(np.abs(sampled - self._many_seconds).max()))}
        if self.walk is not None:
            places = self._few[: self._settings.walked]
            found[MIDO] = rounded(self.walk.largest_difference(self.step, places))
        return found

    def _new_grid(self) -> BarGrid:
        return BarGrid(self.mixed, MeterMap.constant(4, 4), RATE_HZ)

    def _interpolated(self, ppq: float) -> float:
        return float(np.interp(ppq, self._knots, self._knot_seconds))


def random_map(rng: np.random.Generator, segments: int, laws: Sequence[TempoLaw]) -> TempoMap:
    """Starts on MIDI ticks, tempi of whole microseconds a quarter note, laws by turns."""
    lengths = rng.integers(*LENGTH_TICKS, segments - 1)
    starts = np.concatenate([[0], np.cumsum(lengths)]) / TICKS_PER_QUARTER
    bpm = 60e6 / rng.integers(*MICROSECONDS, segments)
    following = [*bpm[1:].tolist(), float(bpm[-1])]
    return TempoMap(
        [
            TempoSegment(start, here, after, laws[index % len(laws)])
            for index, (start, here, after) in enumerate(
                zip(starts.tolist(), bpm.tolist(), following, strict=True)
            )
        ]
    )


def _knots(tempo: TempoMap) -> Array:
    return np.array([segment.start_ppq for segment in tempo.segments])


def _finer(knots: Array) -> Array:
    """So many points a segment, evenly, and the last knot."""
    parts = np.arange(SAMPLED_PER_SEGMENT) / SAMPLED_PER_SEGMENT
    inner = knots[:-1, None] + np.diff(knots)[:, None] * parts
    return np.append(inner.ravel(), knots[-1])


def _one_by_one(
    name: str, look_up: Callable[[Place], object], places: Sequence[Place], rival: str = ""
) -> Reading:
    def block() -> None:
        for place in places:
            look_up(place)

    return Reading(len(places), Contender(name, THREADS, block), rival)
