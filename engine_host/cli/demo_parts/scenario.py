"""The demo's song and what its (simulated) user does while it plays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from bridge_protocol.bars import BarGrid
from bridge_protocol.meter import MeterMap
from bridge_protocol.notation import (
    parse_lane,
    parse_meter,
    parse_position,
    parse_tempo,
    position_ppq,
)
from bridge_protocol.schema import When
from bridge_protocol.tempo import TempoMap
from daw_clients.client.heard import Change
from daw_clients.client.simulated_daw import SimulatedDaw

BPM = 112.0
METER = "1:4/4, 13:7/8, 15:4/4"
TEMPO = "1:112, 9:112>126/time, 13:126"
LOOP_BARS = 4
FIRST_PROMPT = "funk electric piano and drums, warm"
NEXT_PROMPT = "synthwave with supersaw, bright"
PROMPT_BAR = 9
LANES = {
    "denoise": "1:0.3, 5:0.75, 7:0.75/hold, 7:0.45, 13:0.9, 17:0.5",
    "morph": "1:0/hold, 9:0, 13:0.7, 15:0.7, 17:0.1",
}
SWEEP = tuple(1.0 + 0.02 * i for i in range(1, 9))  # a hand on the velocity knob
SWEEP_SECONDS = 0.15


@dataclass(frozen=True)
class Song:
    """Tempo, meter and the lanes."""

    tempo: TempoMap
    meter: MeterMap

    def grid(self, rate_hz: int) -> BarGrid:
        """With a sample rate."""
        return BarGrid(self.tempo, self.meter, rate_hz)

    def ppq(self, position: str) -> float:
        """A position as DAWs write it."""
        return position_ppq(parse_position(position), self.meter)


def demo_song() -> Song:
    """16 bars: a loop over bars 3-6, a tempo ramp from bar 9 to 13, two bars of 7/8 from bar 13."""
    meter = parse_meter(METER)
    return Song(parse_tempo(TEMPO, meter), meter)


@dataclass
class Step:
    """Something the user does once the host has come to a place of the song."""

    bar: str
    lap: int
    do: Callable[[], object]
    epoch_from: int = 0
    done: bool = False


@dataclass
class Scenario:
    """The user's hands: call :meth:`act` between blocks. ``wanted`` says what each change asked for.

    ``early``: the loop is cleared and the prompt asked for a bar or two sooner, as the engine takes
    longer from a change to its sound.
    """

    daw: SimulatedDaw
    song: Song
    early: bool = False
    wanted: dict[int, str] = field(default_factory=dict)
    classes: dict[int, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    _sweep_from: int | None = None
    _swept: int = 0

    def prepare(self) -> None:
        """What is in place before the host starts: lanes, loop and the list of things to do."""
        self.daw.set_loop(self.song.ppq("3"), self.song.ppq("7"))
        for name, text in LANES.items():
            change = self.daw.lane(name, parse_lane(text, self.song.meter))
            self._note(change, "before the start", "lane")
        self._note(self.daw.prompt(FIRST_PROMPT), "before the start", "submission")
        self.steps = [
            Step("4", 0, self._sweep),
            Step("5.3", 0, lambda: self._turn("shift", 2.5)),
            Step("3.2" if self.early else "4", 1, self.daw.clear_loop),
            Step("3.3" if self.early else "5", 1, self._promise_prompt),
            Step("10", 1, lambda: self._turn("shift", 1.5)),
            Step("14", 1, lambda: self.daw.announce_jump(self.song.ppq("17"), self.song.ppq("13"))),
        ]

    def act(self) -> None:
        """Does what is due where the host now is."""
        head = self.daw.head
        for step in self.steps:
            here = head.sample >= self.daw.grid.sample_of_ppq(self.song.ppq(step.bar))
            if not step.done and here and head.lap >= step.lap:
                step.done = True
                step.do()
        self._go_on_sweeping()

    @property
    def finished(self) -> bool:
        """Whether the host has played bar 16 for the second time."""
        end = self.daw.grid.sample_of_ppq(self.song.ppq("17"))
        jumped = all(step.done for step in self.steps) and self.daw.head.jump is None
        return jumped and self.daw.head.sample >= end

    def _sweep(self) -> None:
        self._sweep_from = self.daw.timeline

    def _go_on_sweeping(self) -> None:
        if self._sweep_from is None or self._swept >= len(SWEEP):
            return
        due = self._sweep_from + self._swept * SWEEP_SECONDS * self.daw.rate
        if self.daw.timeline >= due:
            self._turn("velocity", SWEEP[self._swept], "step")
            self._swept += 1

    def _turn(self, name: str, value: float, kind: str = "submission") -> None:
        self._note(self.daw.param(name, value, When(kind="now")), "now", kind)

    def _promise_prompt(self) -> None:
        when = When(kind="bar", bar=PROMPT_BAR)
        change = self.daw.prompt(NEXT_PROMPT, when)
        self._note(change, f"bar {PROMPT_BAR}", "submission")

    def _note(self, change: Change, wanted: str, kind: str) -> None:
        self.wanted[change.seq] = wanted
        self.classes[change.seq] = kind
