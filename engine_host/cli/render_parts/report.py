"""What a finished render says of itself: a line for each file, or one JSON object."""

from __future__ import annotations

import json
from typing import Any

from engine_host.cli.render_parts.job import Outcome
from engine_host.hashing import sha256_of


def lines(outcome: Outcome) -> str:
    """For people."""
    made = outcome.rendered
    samples, seconds = _length(outcome)
    told = f"bars {made.first_bar}-{made.last_bar}, {samples} samples, {seconds:.3f} s"
    return "\n".join(f"{path}: {told}" for path in outcome.files)


def as_json(outcome: Outcome) -> str:
    """For programs. ``realtime_factor`` is seconds of sound made in a second, all songs together."""
    made = outcome.rendered
    samples, seconds = _length(outcome)
    decides = dict(outcome.decides)
    parts = decides.pop("parts")
    told: dict[str, Any] = {
        "files": [{"path": str(path), "sha256": sha256_of(path)} for path in outcome.files],
        "bars": {
            "first": made.first_bar,
            "last": made.last_bar,
            "count": made.last_bar - made.first_bar + 1,
            "kept_before": outcome.kept_bars,
        },
        "samples": samples,
        "seconds": seconds,
        "rate_hz": made.rate_hz,
        "bits": made.depth,
        "render_seconds": round(outcome.seconds, 3),
        "realtime_factor": round(outcome.realtime_factor, 3),
        **{name: value for name, value in decides.items() if name not in ("format", "bars")},
        "settings": parts,
    }
    return json.dumps(told, indent=1)


def _length(outcome: Outcome) -> tuple[int, float]:
    samples = outcome.rendered.sounds[0].frames
    return samples, samples / outcome.rendered.rate_hz
