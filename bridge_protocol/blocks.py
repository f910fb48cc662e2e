"""Audio payloads and the joins between renderings.

Audio in memory is float32 ``[frames, channels]`` (the order of the wire); payloads are its
little-endian bytes in one of three formats. Pure functions; any thread.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.schema import PayloadFormat

Samples = npt.NDArray[np.float32]

_DTYPES: dict[PayloadFormat, np.dtype[np.generic]] = {
    "f32": np.dtype("<f4"),
    "f16": np.dtype("<f2"),
    "s16": np.dtype("<i2"),
}
S16_SCALE = 32767.0


def bytes_per_sample(payload_format: PayloadFormat) -> int:
    """Bytes of one sample of one channel."""
    return _DTYPES[payload_format].itemsize


def encode_payload(audio: Samples, payload_format: PayloadFormat) -> bytes:
    """``[frames, channels]`` -> bytes. s16 rounds to nearest and clips at full scale."""
    if payload_format == "s16":
        scaled = np.clip(np.rint(audio * S16_SCALE), -S16_SCALE, S16_SCALE)
        return bytes(scaled.astype(_DTYPES["s16"]).tobytes())
    return np.ascontiguousarray(audio, dtype=_DTYPES[payload_format]).tobytes()


def decode_payload(
    payload: bytes, frames: int, channels: int, payload_format: PayloadFormat
) -> Samples:
    """Bytes -> ``[frames, channels]``; WRONG_LENGTH where the bytes don't fit the header."""
    dtype = _DTYPES[payload_format]
    wanted = frames * channels * dtype.itemsize
    if frames < 0 or channels < 1 or len(payload) != wanted:
        raise RefusedError(
            ErrorCode.WRONG_LENGTH,
            "payload",
            f"{frames} frames of {channels} channels in {payload_format} are {wanted} bytes, not {len(payload)}.",
        )
    raw = np.frombuffer(payload, dtype=dtype).reshape(frames, channels)
    audio = raw.astype(np.float32)
    return audio / np.float32(S16_SCALE) if payload_format == "s16" else audio


def correlation(a: Samples, b: Samples) -> float:
    """How alike two equally long pieces are: 0 for different (or silent) material, 1 for the same."""
    first, second = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
    size = float(np.sqrt(first @ first) * np.sqrt(second @ second))
    return min(1.0, max(0.0, float(first @ second) / size)) if size > 0 else 0.0


def fade_gains(length_samples: int, alike: float) -> tuple[Samples, Samples]:
    """Gains ``(out, in)``, each ``[length]``, that keep the power of material of correlation ``alike``.

    Equal power for different material (0: ``out^2 + in^2 = 1``), constant sum for the same (1:
    ``out + in = 1``), and what lies between for what lies between (Fink, Holters, Zoelzer:
    "Signal-matched power-complementary cross-fading", DAFx-16). Taken at each sample's middle.
    """
    angle = (np.arange(length_samples, dtype=np.float64) + 0.5) / max(1, length_samples) * np.pi / 2
    fade_out, fade_in = np.cos(angle), np.sin(angle)
    power = np.sqrt(1 + 2 * alike * fade_out * fade_in)
    return (fade_out / power).astype(np.float32), (fade_in / power).astype(np.float32)


def join(outgoing: Samples, incoming: Samples) -> Samples:
    """The crossfade of two equally long pieces ``[frames, channels]``; no louder than they are."""
    fade_out, fade_in = fade_gains(len(outgoing), correlation(outgoing, incoming))
    return outgoing * fade_out[:, None] + incoming * fade_in[:, None]


def join_step(outgoing: Samples, incoming: Samples) -> float:
    """The largest sample-to-sample step that :func:`join` itself adds to its material.

    The material moves too; this is what the moving gains add: ``|dgo a + dgi b|``, the gains
    being 1 and 0 before the join, 0 and 1 behind it. A hard edge would give ``|b - a|``.
    """
    fade_out, fade_in = fade_gains(len(outgoing), correlation(outgoing, incoming))
    move_out = np.diff(fade_out, prepend=np.float32(1), append=np.float32(0))
    move_in = np.diff(fade_in, prepend=np.float32(0), append=np.float32(1))
    at = np.minimum(np.arange(len(move_out)), max(0, len(outgoing) - 1))
    steps = move_out[:, None] * outgoing[at] + move_in[:, None] * incoming[at]
    return float(np.abs(steps).max(initial=0.0))
