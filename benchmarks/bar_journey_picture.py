"""Draws docs/bar_journey.png from a real session: ``python benchmarks/bar_journey_picture.py docs/bar_journey.png``.

A change is asked for a bar, and what happens until that bar is heard is noted from outside: the
model's calls, the messages, the plugin's buffer and the host's place. The engine, the wire format
and the simulated DAW are the real ones; the model is one whose costs are set, under a virtual
clock, so that the same picture comes out everywhere.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import matplotlib as mpl
from torch import Tensor

from bridge_protocol.schema import PromiseMessage, Pulse, When
from daw_clients.client.core import AudioBlock
from daw_clients.client.heard import Change
from daw_clients.client.simulated_daw import SimulatedDaw
from engine_host.bench.time_lead import Costs
from engine_host.bench.time_model import GEOMETRY, Asked, TimedModel
from engine_host.cli.bench_parts.virtual import RATE_HZ, VirtualSession

mpl.use("Agg")

from matplotlib import pyplot as plt

COSTS = Costs(tick_ms=45.0, decode_ms=60.0, depth=1)
BUFFER_SECONDS = 0.75
BPM, BEATS = 120.0, 4
BARS_PER_SECOND = BPM / 60 / BEATS
BUFFER_BARS = BUFFER_SECONDS * BARS_PER_SECOND
BAR = 7  # that the change is asked for
ASK_SECONDS_BEFORE = 1.85
OLD_LEVEL, NEW_LEVEL = "0.25", "0.5"
SHOWN = (-0.25, 2.45)  # seconds from the asking
JOIN_SECONDS = 0.04  # a bar is decoded from so much before its line
EPOCH_FRAMES = 4096  # the decoder's count of latent frames at the song's start

OLD, NEW, NEXT, HOST, SENT, INK = "#9aa7b5", "#e07a1f", "#f2c48d", "#1f5fa8", "#6fa8dc", "#222222"


@dataclass(frozen=True)
class Work:
    """A call of the model: a tick of a window's generation, or the decode of a bar (both from 1)."""

    start_s: float
    end_s: float
    level: float
    bar: int


@dataclass
class Journey:
    """Everything that was seen, in seconds from the asking."""

    ticks: list[Work] = field(default_factory=list)
    decodes: list[Work] = field(default_factory=list)
    places: list[tuple[float, float, float]] = field(default_factory=list)
    """When, where the host was (bars, from 1), and how far its plugin's buffer reached."""
    blocks: list[tuple[float, float, float]] = field(default_factory=list)
    """When a block came, and the stretch of the song that it held (bars, from 1)."""
    pulses: list[tuple[float, float]] = field(default_factory=list)
    told: list[tuple[float, str]] = field(default_factory=list)
    change: Change | None = None
    asked_ns: int = 0

    def seconds(self, at_ns: int) -> float:
        """From the asking."""
        return (at_ns - self.asked_ns) / 1e9


@dataclass(eq=False)
class Watched(TimedModel):
    """The model, with a note of each call: start and end in ns, what it was, level and bar."""

    calls: list[tuple[int, int, str, float, int]] = field(default_factory=list)
    now_ns: Callable[[], int] = lambda: 0

    def velocity(self, x: Tensor, t: Tensor, conditions: Sequence[object]) -> Tensor:
        """See `Model`."""
        started = self.now_ns()
        found = super().velocity(x, t, conditions)
        asked = conditions[0]
        assert isinstance(asked, Asked)
        self.calls.append((started, self.now_ns(), "tick", asked.level, asked.first_bar))
        return found

    def decode(self, latents: Tensor, absolute_start_frame: int) -> Tensor:
        """See `Model`."""
        started = self.now_ns()
        found = super().decode(latents, absolute_start_frame)
        seconds = (absolute_start_frame - EPOCH_FRAMES) / GEOMETRY.frame_rate_hz + JOIN_SECONDS
        bar = round(seconds * BARS_PER_SECOND) + 1
        self.calls.append((started, self.now_ns(), "decode", float(latents.mean()), bar))
        return found


def watched() -> Journey:
    """Plays to a little after the bar."""
    session = VirtualSession(COSTS, bpm=BPM, buffer_seconds=BUFFER_SECONDS, make_model=Watched)
    journey, daw, model = Journey(), session.daw, session.model
    assert isinstance(model, Watched)
    model.now_ns = session.clock.now_ns
    seen = _watch(session)
    session.client.prompt(OLD_LEVEL)
    session.start()
    line = daw.grid.sample(BAR - 1)

    def hand(daw: SimulatedDaw) -> None:
        if journey.change is None and daw.head.sample >= line - ASK_SECONDS_BEFORE * RATE_HZ:
            journey.asked_ns = session.clock.now_ns()
            journey.change = daw.prompt(NEW_LEVEL, When(kind="bar", bar=BAR))
        here = daw.head.sample
        seen["places"].append((session.clock.now_ns(), here, here + daw.buffered_frames))

    session.hand = hand
    session.run(lambda daw: daw.head.sample > line + RATE_HZ)
    _keep(journey, seen, model)
    return journey


def _watch(session: VirtualSession) -> dict[str, list[Any]]:
    """Notes what arrives, each with its time in ns."""
    seen: dict[str, list[Any]] = {"places": [], "blocks": [], "pulses": [], "told": []}

    def note(kind: str, told: object) -> None:
        seen[kind].append((session.clock.now_ns(), told))

    session.client.on(AudioBlock, lambda block: note("blocks", block.header))
    session.client.on(Pulse, lambda pulse: note("pulses", pulse.horizon_ms))
    session.client.on(PromiseMessage, lambda promise: note("told", promise.status))
    return seen


def _keep(journey: Journey, seen: dict[str, list[Any]], model: Watched) -> None:
    at = journey.seconds
    for started, ended, kind, level, bar in model.calls:
        work = Work(at(started), at(ended), level, bar)
        (journey.ticks if kind == "tick" else journey.decodes).append(work)
    journey.places = [(at(ns), _bars(here), _bars(to)) for ns, here, to in seen["places"]]
    journey.blocks = [
        (at(ns), _bars(header.sample), _bars(header.sample + header.frames))
        for ns, header in seen["blocks"]
    ]
    journey.pulses = [(at(ns), horizon_ms) for ns, horizon_ms in seen["pulses"]]
    journey.told = [(at(ns), status) for ns, status in seen["told"]]


def _bars(sample: int) -> float:
    """A place of the song as bars, counted from 1."""
    return 1 + sample / RATE_HZ * BARS_PER_SECOND


def draw(journey: Journey, path: str) -> None:
    """Writes the picture."""
    figure, (top, lanes) = plt.subplots(
        2, 1, figsize=(16, 9.6), sharex=True, height_ratios=(1.5, 1), layout="constrained"
    )
    heard_s = journey.seconds(_heard_ns(journey))
    _draw_places(top, journey, heard_s)
    _draw_lanes(lanes, journey, heard_s)
    for axes in (top, lanes):
        axes.set_xlim(*SHOWN)
        axes.spines[["top", "right"]].set_visible(False)
        for at in (0.0, heard_s):
            axes.axvline(at, color=INK, lw=0.8, ls=(0, (4, 4)), zorder=0)
    lanes.set_xlabel("seconds from the moment you ask", fontsize=12)
    top.set_title(
        f"One bar's journey: in bar {BAR - 1} you ask for another prompt at bar {BAR}",
        fontsize=16,
        loc="left",
    )
    figure.savefig(path, dpi=100, metadata={"Software": None})


def _heard_ns(journey: Journey) -> int:
    assert journey.change is not None and journey.change.heard_ns is not None
    return journey.change.heard_ns


def _draw_places(axes: Any, journey: Journey, heard_s: float) -> None:
    """Song position over time: the host, and how far the plugin's buffer reaches."""
    when = [place[0] for place in journey.places]
    here = [place[1] for place in journey.places]
    reach = [place[2] for place in journey.places]
    old = [min(end, max(start, float(BAR))) for start, end in zip(here, reach, strict=True)]
    new = [max(start, float(BAR)) for start in here]
    axes.fill_between(when, here, old, color=SENT, alpha=0.35, lw=0)
    axes.fill_between(
        when,
        new,
        reach,
        where=[b > a for a, b in zip(new, reach, strict=True)],
        color=NEW,
        alpha=0.55,
        lw=0,
    )
    axes.plot(when, here, color=HOST, lw=3)
    axes.plot(when, reach, color=SENT, lw=2)
    reached = _reached(journey)
    axes.plot(*zip(*reached, strict=True), color=INK, lw=1.4, ls=":")
    axes.axhline(BAR, color=NEW, lw=1.2)
    axes.plot([0.0, heard_s], [BAR, BAR], "o", color=NEW, ms=9, zorder=5)
    _label_places(axes, journey, heard_s)


def _reached(journey: Journey) -> list[tuple[float, float]]:
    """Where a change for now would be heard, going by the newest pulse."""
    found = []
    for at, here, _ in journey.places:
        horizon_ms = [told for pulse_at, told in journey.pulses if pulse_at <= at]
        if horizon_ms:
            found.append((at, here + horizon_ms[-1] / 1000 * BARS_PER_SECOND))
    return found


def _label_places(axes: Any, journey: Journey, heard_s: float) -> None:
    change = journey.change
    assert change is not None and change.promise is not None
    ticks = [BAR - 1 + beat / BEATS for beat in range(2 * BEATS)]
    axes.set_yticks(ticks, [_place_name(place) for place in ticks], fontsize=11)
    axes.set_ylim(BAR - 1 - 0.05, BAR + 0.85)
    axes.set_ylabel("place in the song", fontsize=12)
    axes.grid(axis="y", color="#e6e6e6", zorder=0)
    asked = (
        f"you ask: new prompt at bar {BAR}\nthe engine: yes, on sample {change.promised_sample:,}"
    )
    _note(axes, asked, (0.0, BAR), (0.03, BAR + 0.5))
    heard = f"{heard_s:.2f} s: heard on that very sample\n(the promise is {change.promise.status})"
    _note(axes, heard, (heard_s, BAR), (heard_s - 0.45, BAR - 0.75))
    _along(axes, journey, 0.35, -0.09, "the host plays here", HOST)
    words = "in the plugin's buffer: will not change any more"
    _along(axes, journey, 0.35, BUFFER_BARS / 2, words, "#2d6ca2")
    words = 'a change for "now" would be heard here (commit horizon)'
    _along(axes, journey, 1.42, 0.71, words, INK)
    _along(axes, journey, 2.1, BUFFER_BARS / 2, "the new sound", "#8a3f00")


def _along(axes: Any, journey: Journey, at: float, above: float, words: str, colour: str) -> None:
    """Words along the host's line, so many bars above it."""
    place = min(journey.places, key=lambda place: abs(place[0] - at))[1]
    axes.text(
        at,
        place + above,
        words,
        color=colour,
        fontsize=12.5,
        ha="center",
        va="center",
        rotation=math.degrees(math.atan(BARS_PER_SECOND)),
        rotation_mode="anchor",
        transform_rotates_text=True,
        clip_on=True,
    )


def _place_name(place: float) -> str:
    bar, beat = int(place), round((place % 1) * BEATS) + 1
    return f"bar {bar}" if beat == 1 else f"beat {beat}"


def _note(axes: Any, words: str, at: tuple[float, float], text_at: tuple[float, float]) -> None:
    axes.annotate(
        words, at, text_at, fontsize=13, color=INK, arrowprops={"arrowstyle": "-", "color": INK}
    )


def _draw_lanes(axes: Any, journey: Journey, heard_s: float) -> None:
    """Who works when, in rows from the top."""
    rows = ("the model's steps", "decoding", "blocks sent", "you hear")
    axes.set_yticks([-row for row in range(len(rows))], rows, fontsize=13)
    axes.set_ylim(-len(rows) + 0.45, 0.75)
    _draw_ticks(axes, journey)
    _draw_decodes(axes, journey)
    _draw_blocks(axes, journey)
    _box(axes, SHOWN[0], heard_s, 3, OLD, f"bar {BAR - 1}, as it was")
    _box(axes, heard_s, SHOWN[1], 3, NEW, f"bar {BAR}, new")


def _draw_ticks(axes: Any, journey: Journey) -> None:
    for first_bar, colour in ((5, NEW), (9, NEXT)):
        shown = [w for w in journey.ticks if w.bar == first_bar and 0 <= w.start_s <= SHOWN[1]]
        for number, work in enumerate(shown, 1):
            _box(axes, work.start_s, work.end_s, 0, colour, str(number))
        words = "new prompt" if first_bar == 5 else "made ready"
        words = f"bars {first_bar}-{first_bar + 3}, {words}"
        axes.text(shown[0].start_s, 0.4, words, fontsize=11, color=INK)


def _draw_decodes(axes: Any, journey: Journey) -> None:
    for work in journey.decodes:
        if 0 <= work.start_s <= SHOWN[1]:
            _box(axes, work.start_s, work.end_s, 1, NEW, "")
            words = f"bar {work.bar}: {work.end_s:.2f} s"
            axes.text(work.end_s + 0.015, -1, words, fontsize=11, va="center", color=INK)


def _draw_blocks(axes: Any, journey: Journey) -> None:
    for at, start, _ in journey.blocks:
        colour = NEW if start >= BAR else OLD
        axes.plot([at, at], [-2.28, -1.72], color=colour, lw=1.6)
    first_s = next(at for at, start, _ in journey.blocks if start >= BAR)
    words = f"{first_s:.2f} s: bar {BAR}'s first block goes out,\nas the plugin has room for it"
    _note(axes, words, (first_s, -1.74), (first_s + 0.26, -1.38))


def _box(axes: Any, start: float, end: float, row: int, colour: str, words: str) -> None:
    axes.broken_barh([(start, end - start)], (-row - 0.28, 0.56), color=colour, ec="white", lw=1.2)
    middle = (max(start, SHOWN[0]) + min(end, SHOWN[1])) / 2
    axes.text(middle, -row, words, ha="center", va="center", fontsize=11, color=INK)


if __name__ == "__main__":
    draw(watched(), sys.argv[1])
