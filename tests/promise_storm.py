"""Random songs, hosts and engines, and changes thrown at them; what became of each, to the sample.

Every change is a prompt with a number of its own, which the toy model plays as a level: whether a
promise was kept is read from the sound.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random

import numpy as np
from live_setup import Setup

from bridge_protocol.errors import RefusedError
from bridge_protocol.meter import MeterMap
from bridge_protocol.schema import PromiseMessage, When
from bridge_protocol.tempo import TempoLaw, TempoMap, TempoSegment
from daw_clients.client.heard import Change
from engine_host.stream.rendering import fade_samples

RATE = 8_000
BLOCK = 400
BARS = 40
LEVEL_STEP = 2e-4


def random_meter(rng: Random) -> MeterMap:
    """Signatures with bars cut short now and then."""
    changes, ppq = [], Fraction(0)
    while not changes or (ppq < 120 and rng.random() < 0.7):
        denominator = rng.choice((2, 4, 4, 4, 8, 8, 16))
        numerator = rng.randint(max(1, denominator // 4), 2 * denominator)
        changes.append((ppq, numerator, denominator))
        length = Fraction(4 * numerator, denominator)
        ppq += rng.randint(1, 4) * length
        if rng.random() < 0.2:
            ppq += length / 2
    return MeterMap.from_positions(changes)


def random_tempo(rng: Random) -> TempoMap:
    """Steps and ramps of every law, 40 to 300 bpm."""
    segments, ppq = [], 0.0
    for _ in range(rng.randint(1, 8)):
        bpm, end = rng.uniform(40, 300), rng.uniform(40, 300)
        segments.append(TempoSegment(ppq, bpm, end, rng.choice(tuple(TempoLaw))))
        ppq += rng.choice((1.0, 2.5, 4.0, 7.3, 16.0))
    last = segments[-1]
    segments[-1] = TempoSegment(last.start_ppq, last.bpm_start, last.bpm_start, TempoLaw.STEP)
    return TempoMap(segments)


@dataclass
class Thrown:
    """A change, the level that its prompt stands for, and everything that was told of it."""

    change: Change
    level: float
    told: list[PromiseMessage] = field(default_factory=list)
    told_at: int = 0  # timeline sample of the last message

    @property
    def ended(self) -> str:
        """How its promise ended; empty while it is pending."""
        last = [p.status for p in self.told if p.status != "moved"]
        assert len(last) <= 1, "a promise ends once"
        return last[0] if last else ""


class Storm:
    """One random session; ``wild`` hosts also locate and edit their tempo unannounced."""

    def __init__(self, seed: int, changes: int, wild: bool) -> None:
        self.rng = rng = Random(seed)
        self._wild, self._left = wild, changes
        self.thrown: list[Thrown] = []
        self.moved_at: list[int] = []  # timeline samples at which the host turned off its path
        depth = rng.choice((1, 1, 2, 4))
        self.setup = Setup(
            "1:120",
            "1:4/4",
            tick_ms=rng.choice((2.0, 5.0, 10.0, 20.0)),
            depth=depth,
            rows=depth,
            sample_rate_hz=RATE,
            block_size=BLOCK,
            buffer_seconds=rng.choice((0.3, 0.6, 1.0)),
            window_bars=rng.choice((1, 2, 4, 7)),
            keep_seconds=4000.0,
        )
        daw = self.daw = self.setup.daw
        daw.set_grid(random_tempo(rng), random_meter(rng))
        self.setup.client.on(PromiseMessage, self._told)
        self._by_seq: dict[int, Thrown] = {}

    def run(self) -> None:
        """Throws the changes, then plays on until the last promise should have ended."""
        self.setup.client.prompt("0.5")
        self.setup.start()
        daw = self.daw
        while self._left:
            for _ in range(self.rng.randint(1, 8)):
                self.step()
            if self.rng.random() < 0.75:
                self._throw()
            else:
                self._move()
        self.moved_at.append(daw.timeline)
        daw.clear_loop()
        if not daw.head.playing:
            daw.play()
        self.step()
        last = max((t.change.promised_sample or 0 for t in self.thrown), default=0)
        while daw.head.sample < last + 2 * RATE:
            self.step()

    def step(self) -> None:
        """One block of the host's."""
        self.setup.until(lambda d, end=self.daw.timeline + BLOCK: d.timeline >= end)

    def _throw(self) -> None:
        self._left -= 1
        level = round(0.02 + LEVEL_STEP * (len(self.thrown) + 1), 6)
        when = self._when()
        thrown = Thrown(self.daw.prompt(f"{level:.6f}", when), level)
        self._by_seq[thrown.change.seq] = thrown
        self.thrown.append(thrown)

    def _when(self) -> When:
        rng, daw = self.rng, self.daw
        kind = rng.choice(("now", "next_beat", "next_bar", "bar", "ppq"))
        bar = daw.grid.bar_of_sample(daw.head.sample) + 1
        if kind == "bar":
            return When(kind="bar", bar=max(1, bar + rng.randint(0, 4)))
        if kind == "ppq":
            ppq = daw.grid.ppq_of_sample(daw.head.sample) + rng.choice((0.0, 0.7, 2.0, 5.3, 11.0))
            return When(kind="ppq", ppq=ppq)
        return When(kind=kind)

    def _move(self) -> None:
        """The host does what hosts do."""
        rng, daw = self.rng, self.daw
        here = daw.grid.bar_of_sample(daw.head.sample)
        deeds = [self._loop, daw.clear_loop, self._jump, self._pause]
        if self._wild:
            deeds += [self._locate, self._edit_tempo]
        deed = rng.choice(deeds)
        self.moved_at.append(daw.timeline)
        try:
            deed(here) if deed in (self._loop, self._jump, self._locate) else deed()
        except RefusedError:  # a place that the path never comes to; the host says so and plays on
            return

    def _loop(self, here: int) -> None:
        first = max(0, here + self.rng.randint(-1, 2))
        end = first + self.rng.randint(1, 4)
        grid = self.daw.grid
        if grid.seconds(end) - grid.seconds(first) > 0.2:
            self.daw.set_loop(float(grid.ppq(first)), float(grid.ppq(end)))

    def _jump(self, here: int) -> None:
        grid = self.daw.grid
        at = float(grid.ppq(here + self.rng.randint(1, 3)))
        self.daw.announce_jump(at, float(grid.ppq(self.rng.randint(0, BARS))))

    def _pause(self) -> None:
        self.daw.stop()
        for _ in range(self.rng.randint(1, 6)):
            self.step()
        self.daw.play()

    def _locate(self, here: int) -> None:
        self.daw.locate(float(self.daw.grid.ppq(self.rng.randint(0, BARS))))

    def _edit_tempo(self) -> None:
        self.daw.set_grid(random_tempo(self.rng), self.daw.grid.meter)

    def _told(self, promise: PromiseMessage) -> None:
        thrown = self._by_seq.get(promise.change)
        if thrown is not None:
            thrown.told.append(promise)
            thrown.told_at = self.daw.timeline

    # ------------------------------------------------------------ what became of them

    def verdicts(self) -> Counter[str]:
        """How many changes ended how. ``silent_miss`` is whatever nobody was told the truth about."""
        found = Counter(self._verdict(thrown) for thrown in self.thrown)
        assert sum(found.values()) == len(self.thrown)
        return found

    def _verdict(self, thrown: Thrown) -> str:
        if thrown.change.refused:
            return "too_late" if "TOO_LATE" in thrown.change.refused else "refused"
        if thrown.ended == "kept":
            exact = self.heard_exactly(thrown) and not self.heard_early(thrown)
            return "kept" if exact else "silent_miss"
        if thrown.ended == "broken":
            return "broken_by_the_host" if self._host_moved(thrown) else "broken_by_the_engine"
        return thrown.ended or "silent_miss"

    def _host_moved(self, thrown: Thrown) -> bool:
        return any(thrown.change.sent_timeline <= at <= thrown.told_at for at in self.moved_at)

    def heard_exactly(self, thrown: Thrown) -> bool:
        """Whether the sound has the change's own level from its promised sample on."""
        at = thrown.change.heard_timeline
        if at is None:
            return False
        return bool(abs(self.daw.recording[at, 0] - thrown.level) < LEVEL_STEP / 4)

    def heard_early(self, thrown: Thrown) -> bool:
        """Whether the change's own level stood already before the join that leads to it, in sound
        that isn't marked as late (another thing than was asked for, as the engine was too slow)."""
        at = thrown.change.heard_timeline
        assert at is not None
        fade = fade_samples(RATE)
        before = self.daw.recording[max(0, at - fade - 40) : max(0, at - fade), 0]
        return bool(np.all(np.abs(before - thrown.level) < LEVEL_STEP / 4)) and not any(
            span.header is not None and span.header.late
            for span in self.daw.heard
            if span.timeline_sample < at - fade <= span.timeline_sample + span.frames
        )
