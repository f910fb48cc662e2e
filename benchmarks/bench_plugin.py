"""``make bench-plugin``: what a block costs the host, with the engine there, absent, killed and frozen.

CLAP is driven from C, a block each block's time, as a host's audio thread is; VST3 and LV2 through
minihost, whose own cost (JUCE and Python) is in the figures. The engine is the real one.
"""

from __future__ import annotations

import argparse
import ctypes
import itertools
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bundles as plugin_bundles
import clap_host
import numpy as np
from decks import ClapDeck, MiniDeck
from engine_process import EngineProcess, free_port
from marks import dry
from song_transport import Song, Timeline

RATE_HZ, BPM = 48_000, 120.0
BLOCKS = (64, 256, 1024)
CASES = ("present", "absent", "killed", "stopped")
HEADERS = "/usr/share/dpf/distrho/src"
HERE = Path(__file__).parent
WORDS = {"source": "none", "prompt": "house drums", "seed": "3"}

Pace = Callable[[int, int], tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]


def pacer() -> ctypes.CDLL:
    """The C loop, compiled."""
    path = Path(tempfile.mkdtemp()) / "clap_pace.so"
    words = ["cc", "-O2", "-shared", "-fPIC", f"-I{HEADERS}", str(HERE / "clap_pace.c")]
    subprocess.run([*words, "-o", str(path)], check=True)
    return ctypes.CDLL(str(path))


def acts_on(engine: EngineProcess, case: str) -> tuple[Callable[[], None], Callable[[], None]]:
    """(what is done to the engine halfway, what makes it whole again)."""
    return {
        "present": (lambda: None, lambda: None),
        "absent": (lambda: None, lambda: None),
        "killed": (engine.kill, engine.start),
        "stopped": (engine.freeze, engine.thaw),
    }[case]


def clap_pace(library: ctypes.CDLL, deck: ClapDeck, block: int) -> Pace:
    """Blocks of one size through the CLAP plugin, from C."""
    buffers = clap_host.Block(deck.plugin, block)
    buffers.input[:] = dry(block)
    buffers.at(Timeline(Song()).position(), 0)
    address = ctypes.c_void_p(deck.plugin.addresses[0])

    def run(first: int, count: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        took, late = np.zeros(count, np.int64), np.zeros(count, np.int64)
        numbers = ctypes.c_int64(first), ctypes.c_int(count)
        rates = ctypes.c_double(RATE_HZ), ctypes.c_double(BPM)
        places = (ctypes.c_void_p(column.ctypes.data) for column in (took, late))
        library.pace(address, ctypes.byref(buffers.process), *numbers, *rates, *places)
        return took, late

    return run


def juce_pace(deck: MiniDeck, block: int) -> Pace:
    """Blocks of one size through minihost."""
    sound = dry(block)

    def run(first: int, count: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        timeline = Timeline(Song(), first)
        took, late = np.zeros(count, np.int64), np.zeros(count, np.int64)
        start = time.monotonic_ns()
        for index in range(count):
            position = timeline.position()
            timeline.advance(block)
            due = start + index * block * 1_000_000_000 // RATE_HZ
            time.sleep(max(0, due - time.monotonic_ns()) / 1e9)
            before = time.monotonic_ns()
            deck.process(sound, position)
            took[index], late[index] = time.monotonic_ns() - before, before - due
        return took, late

    return run


def measure(
    kind: str, case: str, block: int, seconds: float, library: ctypes.CDLL, engine: EngineProcess
) -> dict[str, Any]:
    """One cell of the table; the engine lives before and after it."""
    harm, cure = acts_on(engine, case)
    endpoint = f"tcp://127.0.0.1:{free_port()}" if case == "absent" else engine.endpoint
    deck, run = host(kind, WORDS | {"endpoint": endpoint}, block, library)
    if case != "absent":
        load_sound(deck, kind, block)
    timer = threading.Timer(seconds / 2, harm)
    timer.start()
    urgent = kind == "clap" and bool(library.as_audio_thread())
    try:
        took, late = run(0, round(seconds * RATE_HZ / block))
    finally:
        library.as_any_thread()
        timer.join()
        deck.close()
        cure()
    return told(kind, case, block, took, late) | {"audio_priority": urgent}


def load_sound(deck: ClapDeck | MiniDeck, kind: str, block: int) -> None:
    """Stands still until sound lies ahead (in LV2 JUCE shows no displays: for 3 s)."""
    seconds = 3.0 if kind == "lv2" else 30.0
    still = Timeline(Song(), playing=False)
    deck.idle(still, lambda: kind != "lv2" and deck.value("lead_ms") > 500, seconds, block)


def host(
    kind: str, words: dict[str, str], block: int, library: ctypes.CDLL
) -> tuple[ClapDeck | MiniDeck, Pace]:
    """The plugin in its host, and what paces it."""
    found = plugin_bundles.Bundles.below(plugin_bundles.FOLDER)
    if kind == "clap":
        native = ClapDeck(clap_host.load(found.clap).plugin(), words, max_frames=block)
        return native, clap_pace(library, native, block)
    deck = MiniDeck(getattr(found, kind), words, max_frames=block)
    return deck, juce_pace(deck, block)


def told(
    kind: str, case: str, block: int, took: np.ndarray[Any, Any], late: np.ndarray[Any, Any]
) -> dict[str, Any]:
    """The figures of one cell: microseconds, and shares of the block."""
    budget_us = block * 1e6 / RATE_HZ
    figures = {
        "p50": float(np.percentile(took, 50)) / 1e3,
        "p99_9": float(np.percentile(took, 99.9)) / 1e3,
        "max": float(took.max()) / 1e3,
    }
    return {
        "format": kind,
        "host": "native" if kind == "clap" else "minihost",
        "engine": case,
        "block": block,
        "blocks": len(took),
        "block_us": round(budget_us, 1),
        "us": {name: round(value, 2) for name, value in figures.items()},
        "share": {name: round(value / budget_us, 5) for name, value in figures.items()},
        "blocks_over": int((took > budget_us * 1e3).sum()),
        "called_late_ms": round(float(late.max()) / 1e6, 2),
    }


def machine() -> dict[str, Any]:
    """Where it was measured, and how busy that was before."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    about = {"system": f"{platform.system()} {platform.machine()}", "cpu": names[0]}
    return about | {"cores": os.cpu_count(), "load_average": [*os.getloadavg()]}


def main() -> int:
    """Measures every cell and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="of sound, for each figure")
    parser.add_argument("--formats", nargs="+", default=["clap", "vst3", "lv2"])
    parser.add_argument("--json", type=Path, required=True)
    given = parser.parse_args()
    library, about = pacer(), machine()
    cells = []
    with EngineProcess() as engine:
        for kind, case, block in itertools.product(given.formats, CASES, BLOCKS):
            cell = measure(kind, case, block, given.seconds, library, engine)
            cells.append(cell)
            print(json.dumps(cell), file=sys.stderr, flush=True)
    report = {
        "rate_hz": RATE_HZ,
        "seconds": given.seconds,
        "machine": about,
        "cells": cells,
    }
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(json.dumps(report, indent=1) + "\n")
    return 1 if any(cell["blocks_over"] for cell in cells) else 0


if __name__ == "__main__":
    sys.exit(main())
