"""The constant latency of a stream that is opened with one."""

from __future__ import annotations

import math

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.schema import OpenStream
from engine_host.stream.rendering import fade_samples
from engine_host.stream.stream import Cost

STEPS_PER_SECOND = 50  # a latency that the engine chooses is a multiple of 20 ms


def latency_frames(message: OpenStream, cost: Cost, rate_hz: int) -> int | None:
    """Frames at ``rate_hz``, at least what the client's buffer and the engine's slow end need.

    None where the latency is to be adaptive; refused where the one asked for is too short.
    """
    if message.latency == "adaptive":
        return None
    least = _least_frames(message.buffer_frames, cost, rate_hz)
    if not message.latency_ms:
        step = rate_hz // STEPS_PER_SECOND
        return -(-least // step) * step
    asked = round(message.latency_ms * rate_hz / 1000)
    if asked < least:
        raise RefusedError(
            ErrorCode.OUT_OF_RANGE,
            "latency_ms",
            f"{message.latency_ms:g} ms is too short for this engine and buffer_frames; "
            f"give at least {math.ceil(1000 * least / rate_hz)}, or 0 to let it choose.",
        )
    return asked


def _least_frames(buffer_frames: int, cost: Cost, rate_hz: int) -> int:
    engine_ns = cost.request_to_sound_ns + cost.between_births_ns
    joins = 2 * fade_samples(rate_hz)
    return buffer_frames + joins + math.ceil(engine_ns * rate_hz / 1e9)
