"""Draws docs/ring.png from the trace of a real ring: ``python benchmarks/ring_picture.py docs/ring.png``."""

from __future__ import annotations

import sys

import matplotlib as mpl
import torch

from engine_host.diffusion.noise import NoiseKey
from engine_host.diffusion.request import Request, StepCell, StepState
from engine_host.diffusion.ring import Ring

mpl.use("Agg")

from matplotlib import pyplot as plt

DEPTH, STEPS, TICKS = 4, 8, 26


def traced() -> tuple[list[tuple[int, int, int]], dict[int, int]]:
    """(tick, request, step) of every step run, and the tick at which each request was finished."""
    numbers = iter(range(1000))

    def take() -> Request:
        cell = StepCell(StepState.plain(4))
        return Request(next(numbers), NoiseKey(0, 0), 4, None, cell, steps=STEPS)

    ring = Ring(lambda x, t, c: torch.zeros_like(x), take, channels=2, depth=DEPTH, rows=DEPTH)
    rows: list[tuple[int, int, int]] = []
    finished: dict[int, int] = {}
    for tick in range(TICKS):
        before = {slot.request.tag: slot.step for slot in ring.active}
        report = ring.tick()
        for tag in (*before, *report.births):
            rows.append((tick, int(str(tag)), before.get(tag, 0)))
        finished |= {int(str(f.request.tag)): tick for f in report.finished}
    return rows, finished


def main(path: str) -> None:
    """Writes the picture."""
    rows, finished = traced()
    figure, axes = plt.subplots(figsize=(12, 3.6), layout="constrained")
    lanes: dict[int, int] = {}
    for tick, number, step in rows:
        taken = {lanes[n] for n in lanes if finished.get(n, TICKS) >= tick and n != number}
        lanes.setdefault(number, next(i for i in range(DEPTH) if i not in taken))
        colour = plt.get_cmap("viridis")(step / (STEPS - 1))
        axes.add_patch(plt.Rectangle((tick, lanes[number]), 0.94, 0.8, color=colour))
        axes.text(
            tick + 0.47, lanes[number] + 0.4, str(step + 1), ha="center", va="center", color="w"
        )
    for number, tick in finished.items():
        axes.annotate(
            "handed out",
            (tick + 0.94, lanes[number] + 0.8),
            fontsize=8,
            ha="right",
            color="#b03000",
        )
    axes.set(xlim=(0, TICKS), ylim=(-0.1, DEPTH + 0.2), xlabel="tick (one batched forward each)")
    axes.set_yticks([i + 0.4 for i in range(DEPTH)], [f"slot {i + 1}" for i in range(DEPTH)])
    axes.set_title(
        f"The ring at depth {DEPTH}, {STEPS} steps: births evenly apart, a hand-out every {STEPS // DEPTH} ticks"
    )
    figure.savefig(path, dpi=90, metadata={"Software": None})


if __name__ == "__main__":
    main(sys.argv[1])
