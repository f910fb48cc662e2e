"""What the simulated DAW heard, measured: ``report.json``."""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np

from bridge_protocol.bars import BarGrid
from bridge_protocol.schema import Pulse, Welcome
from daw_clients.client.heard import Change, HeardReport, Span
from daw_clients.client.simulated_daw import SimulatedDaw
from engine_host.cli.demo_parts.scenario import Scenario

QUIETEST_DB = -120.0
SHORTEST_BAR_HEARD = 4_800


def make_report(
    daw: SimulatedDaw, scenario: Scenario, welcome: Welcome, pulses: list[Pulse], seed: int
) -> dict[str, Any]:
    """The report of a run; every figure is taken from what was heard or from the engine's pulses."""
    heard = daw.report()
    first, last = pulses[0], pulses[-1]
    played_s = heard.played_frames / daw.rate
    return {
        "bars": bars_heard(daw.heard, heard, daw.grid),
        "changes": [_change(c, scenario) for c in heard.changes],
        "gaps": len(heard.gaps),
        "gap_frames": heard.gap_frames,
        "stale_blocks": _stale_blocks(daw.heard),
        "late_bars": heard.late_bars,
        "raw_source_frames": _raw_source_frames(daw.heard),
        "joins": len(join_steps(daw.heard)),
        "joins_max_db": decibels(join_steps(daw.heard)),
        "knob_to_ear": {
            "step": _knob_to_ear(heard.changes, scenario, "step"),
            "submission": _knob_to_ear(heard.changes, scenario, "submission"),
        },
        "generations_per_s": (last.generations - first.generations)
        / max(1e-9, (last.at - first.at) / 1e9),
        "tick_ms": {"p50": last.tick_ms, "p99": last.tick_ms_p99},
        "realtime_factor": (last.busy_ms - first.busy_ms) / 1000 / played_s,
        "seconds_heard": played_s,
        "sample_rate": daw.rate,
        "buffer_ms": 1000 * daw.buffer_frames / daw.rate,
        "model": welcome.model.name,
        "accelerator": welcome.model.accelerator,
        "seed": seed,
    }


def bars_heard(spans: list[Span], heard: HeardReport, grid: BarGrid) -> list[dict[str, Any]]:
    """Every bar line the host itself passed, and how far off the engine's sound had it.

    ``error_samples`` is None where no block marked that bar: the bar was not heard.
    """
    marks = {(bar.bar, bar.epoch, bar.lap): bar for bar in heard.bars}
    end = spans[-1].timeline_sample - SHORTEST_BAR_HEARD if spans else 0
    rows = []
    for span in spans:
        if span.kind == "stopped":
            continue
        for bar, timeline in _bar_lines(span, grid):
            if timeline > end:
                continue  # the line at which the host was stopped begins no bar
            mark = marks.get((bar, span.epoch, span.lap))
            error = None if mark is None else mark.timeline_sample - timeline
            rows.append(
                {
                    "index": bar,
                    "start_sample": timeline,
                    "error_samples": error,
                    "lap": span.lap,
                    "epoch": span.epoch,
                    "late": bool(mark and mark.late),
                }
            )
    return rows


def _bar_lines(span: Span, grid: BarGrid) -> list[tuple[int, int]]:
    """Bars (from 1) that begin inside a span, with their timeline sample, by the host's own grid."""
    bar = grid.bar_of_sample(span.song_sample)
    if grid.sample(bar) < span.song_sample:
        bar += 1
    found = []
    while (start := grid.sample(bar)) < span.song_sample + span.frames:
        found.append((bar + 1, span.timeline_sample + start - span.song_sample))
        bar += 1
    return found


def _change(change: Change, scenario: Scenario) -> dict[str, Any]:
    promise = change.promise
    status = "refused" if change.refused else "pending" if promise is None else promise.status
    return {
        "parameter": change.what,
        "wanted": scenario.wanted.get(change.seq, ""),
        "promised_sample": change.promised_sample,
        "heard_sample": promise.sample if promise and promise.status != "replaced" else None,
        "status": status,
        "reason": change.refused or (promise.reason if promise else ""),
        "ticks": promise.ticks if promise else None,
        "ms": change.knob_to_ear_ms,
    }


def _knob_to_ear(changes: list[Change], scenario: Scenario, kind: str) -> dict[str, Any]:
    """Medians over the changes asked for `now` while playing, and how many those were."""
    found = [
        c
        for c in changes
        if scenario.classes.get(c.seq) == kind and scenario.wanted.get(c.seq) == "now"
    ]
    heard = [c for c in found if c.promise is not None and c.promise.status == "kept"]
    ticks = [c.promise.ticks for c in heard if c.promise]
    times = [c.knob_to_ear_ms for c in heard if c.knob_to_ear_ms is not None]
    return {
        "ticks": statistics.median(ticks) if ticks else None,
        "ms": statistics.median(times) if times else None,
        "changes": len(found),
        "heard": len(heard),
    }


def _stale_blocks(spans: list[Span]) -> int:
    """Runs of sound heard in another epoch than the one their block was made for."""
    return sum(1 for span in spans if span.header and span.header.epoch != span.epoch)


def _raw_source_frames(spans: list[Span]) -> int:
    """Frames in which the source itself was heard; the demo asks for none."""
    return sum(
        span.frames for span in spans if span.kind == "dry" or (span.header and span.header.dry)
    )


def join_steps(spans: list[Span]) -> list[float]:
    """The step that each crossfade heard to its end has added, as its block tells."""
    return [
        mark.step
        for span in spans
        if span.header and span.address + span.frames >= span.header.address + span.header.frames
        for mark in span.header.joins
    ]


def decibels(steps: list[float]) -> float:
    """The largest in dBFS; -120 where there is none."""
    worst = max(steps, default=0.0)
    return max(QUIETEST_DB, 20 * float(np.log10(worst))) if worst > 0 else QUIETEST_DB


def problems(report: dict[str, Any]) -> list[str]:
    """What in a report breaks the demo's promises, in words; empty when all is well."""
    bars = report["bars"]
    found = []
    if len(bars) < 16:
        found.append(f"only {len(bars)} bars were heard")
    off = [bar for bar in bars if bar["error_samples"] != 0]
    if off:
        found.append(f"{len(off)} bars are off their sample, the first is bar {off[0]['index']}")
    for key in ("gaps", "stale_blocks", "late_bars", "raw_source_frames"):
        if report[key]:
            found.append(f"{key} is {report[key]}, not 0")
    unkept = [c for c in report["changes"] if c["status"] not in ("kept", "replaced")]
    found += [f"{c['parameter']} ({c['wanted']}) is {c['status']}: {c['reason']}" for c in unkept]
    return found
