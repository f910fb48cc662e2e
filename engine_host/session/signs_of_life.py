"""What a session's pulse tells of the stream that follows the host."""

from __future__ import annotations

from dataclasses import dataclass

from engine_host.stream.stream import Cost, Stream


@dataclass(frozen=True)
class SignsOfLife:
    """How the stream does at one moment; the defaults are of a session without one.

    ``lead_ms``: audio sent ahead of the host, 0 while it stands. ``horizon_ms``: how far beyond
    the host's place a change that is wanted now is heard. ``late_bars``: bars that came too late so
    far. ``repeated_bars``: bars in which an earlier window's were heard again, as planned.
    ``every``: of how many windows one is rendered.
    """

    lead_ms: float = 0.0
    horizon_ms: float = 0.0
    late_bars: int = 0
    repeated_bars: int = 0
    every: int = 1


def signs_of_life(stream: Stream, cost: Cost, now_ns: int) -> SignsOfLife:
    """The signs of one stream, where a change made now costs ``cost``."""
    return SignsOfLife(
        lead_ms=1000 * stream.lead_seconds(now_ns) if stream.path.playing else 0.0,
        horizon_ms=1000 * stream.horizon_frames(now_ns, cost) / stream.rate_hz,
        late_bars=stream.late_bars,
        repeated_bars=stream.repeated_bars,
        every=stream.tiling.every,
    )
