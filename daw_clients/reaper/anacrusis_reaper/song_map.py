"""Tempo and signatures together: bars in seconds and samples, and the message that tells them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .meter import Meter, Signature
from .tempo_law import Segment, Tempo

NEAR_S = 1e-3
"""A selection's end this near to a bar line is on it."""


@dataclass(frozen=True, eq=False)
class SongMap:
    """Bars are counted from 0 here, from 1 on the wire and for people."""

    tempo: Tempo
    meter: Meter

    def bar_seconds(self, bar: int) -> float:
        """A bar's start."""
        return self.tempo.seconds(float(self.meter.bar_start(bar)))

    def bar_sample(self, bar: int, rate_hz: int) -> int:
        """A bar's first sample, as the engine counts it."""
        return round(rate_hz * self.bar_seconds(bar))

    def bar_at(self, seconds: float) -> int:
        """The bar that a second is in; within a millisecond of the next bar line, that one."""
        bar = max(self.meter.bar_at(self.tempo.ppq(seconds)), 0)
        return bar + 1 if seconds >= self.bar_seconds(bar + 1) - NEAR_S else bar

    def bars_of(self, start_s: float, end_s: float) -> tuple[int, int]:
        """The bars that a stretch of the song touches, as ``(first, end)``, at least one."""
        first = self.bar_at(start_s)
        last = self.bar_at(end_s)
        on_line = end_s <= self.bar_seconds(last) + NEAR_S
        return first, max(last if on_line else last + 1, first + 1)

    def message(self, revision: int) -> dict[str, Any]:
        """As the wire has it."""
        return {
            "type": "tempo_map",
            "revision": revision,
            "tempo": [_tempo_entry(segment) for segment in self.tempo.segments],
            "meter": [_meter_entry(signature) for signature in self.meter.signatures],
        }


def _tempo_entry(segment: Segment) -> dict[str, Any]:
    return {
        "ppq": segment.start_ppq,
        "bpm_start": segment.bpm_start,
        "bpm_end": segment.bpm_end,
        "law": segment.law,
    }


def _meter_entry(signature: Signature) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "bar": signature.bar + 1,
        "numerator": signature.numerator,
        "denominator": signature.denominator,
    }
    if signature.cut_at is not None:
        entry["ppq"] = float(signature.cut_at)
    return entry
