"""``demo.png``: what was heard, on the host's bars."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from bridge_protocol.notation import parse_lane
from bridge_protocol.parameters import parameter
from bridge_protocol.schema import Pulse
from daw_clients.client.heard import Span
from daw_clients.client.simulated_daw import SimulatedDaw
from engine_host.cli.demo_parts.scenario import LANES, Scenario
from engine_host.files import replacing

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

_COLUMNS = 2400
_LANE_COLOURS = {"denoise": "#d95f02", "morph": "#7570b3"}


def draw(
    path: Path, daw: SimulatedDaw, scenario: Scenario, report: dict[str, Any], pulses: list[Pulse]
) -> None:
    """Waveform and bar lines, lanes as they were passed, generations and ticks as they were heard."""
    figure, (wave, lanes, rings) = plt.subplots(
        3, 1, figsize=(16, 8), sharex=True, height_ratios=(3, 2, 1.6), layout="constrained"
    )
    start = min((bar["start_sample"] for bar in report["bars"]), default=0)
    seconds = 1 / daw.rate
    _waveform(wave, daw, seconds)
    _bars(wave, lanes, rings, report["bars"], seconds)
    _changes(wave, daw, scenario, seconds)
    _lanes(lanes, daw, seconds)
    _generations(rings, daw.heard, seconds)
    _ticks(rings, daw, pulses)
    wave.set_title(
        f"Anacrusis: {len(report['bars'])} bars heard through the bridge, {report['model']} on "
        f"{report['accelerator']}, {report['late_bars']} late, {report['gaps']} gaps"
    )
    rings.set_xlabel("seconds since the host was switched on; bar numbers above")
    rings.set_xlim(start * seconds - 0.5, daw.timeline * seconds)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=110, format="png", metadata={"Software": None})
    plt.close(figure)


def _waveform(axes: Axes, daw: SimulatedDaw, seconds: float) -> None:
    audio = daw.recording.mean(axis=1)
    per_column = max(1, len(audio) // _COLUMNS)
    cut = audio[: len(audio) // per_column * per_column].reshape(-1, per_column)
    at = (daw.recording_start + np.arange(len(cut)) * per_column) * seconds
    axes.fill_between(at, cut.min(axis=1), cut.max(axis=1), color="#1b6e5a", linewidth=0)
    axes.set_ylim(-1, 1.25)
    axes.set_ylabel("heard")


def _bars(wave: Axes, lanes: Axes, rings: Axes, bars: list[dict[str, Any]], seconds: float) -> None:
    for bar in bars:
        at = bar["start_sample"] * seconds
        colour = "#c00000" if bar["late"] or bar["error_samples"] != 0 else "#999999"
        for axes in (wave, lanes, rings):
            axes.axvline(at, color=colour, linewidth=0.7, alpha=0.8)
        wave.text(at, 1.13, f" {bar['index']}", fontsize=8, color=colour)
    for before, bar in pairwise(bars):
        if bar["index"] <= before["index"]:
            word = "loop" if bar["lap"] != before["lap"] and bar["lap"] else "locate"
            wave.annotate(
                word,
                (bar["start_sample"] * seconds, 0.98),
                color="#1f4e9c",
                fontsize=9,
                ha="center",
            )


def _changes(axes: Axes, daw: SimulatedDaw, scenario: Scenario, seconds: float) -> None:
    for change in daw.report().changes:
        if change.heard_timeline is None or scenario.wanted.get(change.seq) == "before the start":
            continue
        label = "prompt" if change.what == "prompt" else change.what
        axes.annotate(
            label,
            (change.heard_timeline * seconds, -0.92),
            rotation=90,
            fontsize=7,
            color="#7a3b00",
            ha="center",
            va="bottom",
        )


def _lanes(axes: Axes, daw: SimulatedDaw, seconds: float) -> None:
    """The automation as the host passed it: every lane read at the song positions heard."""
    spans = [span for span in daw.heard if span.kind == "played"]
    timeline = np.concatenate([s.timeline_sample + np.arange(0, s.frames, 480) for s in spans])
    song = np.concatenate([s.song_sample + np.arange(0, s.frames, 480) for s in spans])
    for name, text in LANES.items():
        spec = parameter(name)
        lane = parse_lane(text, daw.grid.meter)
        values = lane.evaluate(daw.grid.tempo, song * seconds)
        values = np.clip(values, spec.minimum, spec.maximum)
        axes.plot(timeline * seconds, values, color=_LANE_COLOURS[name], label=name, linewidth=1.4)
    bpm = daw.grid.tempo.bpm_array(daw.grid.tempo.ppq_array(song * seconds))
    axes.plot(timeline * seconds, bpm / 140, color="#555555", label="tempo / 140", linestyle=":")
    axes.set_ylim(-0.05, 1.05)
    axes.set_ylabel("lanes")
    axes.legend(loc="upper left", fontsize=8, ncols=3)


def _generations(axes: Axes, spans: list[Span], seconds: float) -> None:
    """One stripe per generation, as long as it was heard."""
    for span in spans:
        if span.header is None:
            continue
        number = span.header.generation
        axes.broken_barh(
            [(span.timeline_sample * seconds, span.frames * seconds)],
            (0.55, 0.4),
            facecolors=plt.get_cmap("tab20")(number % 20),
            linewidth=0,
        )
    last = None
    for span in spans:
        if span.header is not None and span.header.generation != last:
            last = span.header.generation
            axes.text(span.timeline_sample * seconds, 0.7, str(last), fontsize=6)
    axes.set_ylim(0, 1)
    axes.set_yticks([0.25, 0.75], ["ticks/s", "generation"])


def _ticks(axes: Axes, daw: SimulatedDaw, pulses: list[Pulse]) -> None:
    """How many ticks the engine ran between its pulses, at most 1 for the tallest."""
    if len(pulses) < 2:
        return
    at = np.array([pulse.at for pulse in pulses]) / 1e9
    now = daw.clock.now_ns() / 1e9 - daw.timeline / daw.rate
    rates = np.diff([pulse.tick for pulse in pulses]) / np.maximum(1e-3, np.diff(at))
    tallest = max(1e-9, float(rates.max()))
    axes.bar(at[1:] - now, rates / tallest * 0.45, width=0.22, color="#446688")
    axes.text(0.005, 0.44, f"{tallest:.0f}/s", transform=axes.transAxes, fontsize=7)
