"""``make soak``: many promise storms, the sum of their verdicts as JSON. Exit 1 on a silent miss."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch
from promise_storm import Storm


def one(seed: int, changes: int) -> tuple[Counter[str], int, int]:
    """A storm's verdicts, gap frames and stale frames; every other host is a wild one."""
    torch.set_num_threads(1)
    storm = Storm(seed, changes, wild=bool(seed % 2))
    storm.run()
    report = storm.daw.report()
    return storm.verdicts(), report.gap_frames, report.stale_frames_heard


def main() -> int:
    """Runs the storms and writes what became of every change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--storms", type=int, default=100)
    parser.add_argument("--changes", type=int, default=100, help="in each storm")
    parser.add_argument("--first-seed", type=int, default=1_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, required=True)
    given = parser.parse_args()
    seeds = range(given.first_seed, given.first_seed + given.storms)
    total: Counter[str] = Counter()
    gaps = stale = 0
    with ProcessPoolExecutor(given.workers) as pool:
        for done, (found, gap, old) in enumerate(
            pool.map(one, seeds, [given.changes] * given.storms), 1
        ):
            total, gaps, stale = total + found, gaps + gap, stale + old
            print(f"{done}/{given.storms} {dict(total)}", file=sys.stderr, flush=True)
    report = {
        "storms": given.storms,
        "changes": sum(total.values()),
        "first_seed": given.first_seed,
        "verdicts": dict(sorted(total.items())),
        "silent_misses": total["silent_miss"],
        "gap_frames": gaps,
        "stale_frames_heard": stale,
    }
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report))
    return 1 if total["silent_miss"] or not report["changes"] else 0


if __name__ == "__main__":
    sys.exit(main())
