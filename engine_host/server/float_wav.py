"""A WAV of 32-bit floats in memory: the same samples give the same bytes. Pure; any thread.

libsndfile writes the time of day into such files (their PEAK chunk), so this is done here.
"""

from __future__ import annotations

import struct

import numpy as np

from bridge_protocol.blocks import Samples

_FORMAT_FLOAT = 3
_SAMPLE_BYTES = 4
_HEADER = struct.Struct("<4sI4s 4sIHHIIHHH 4sII 4sI")


def float_wav(audio: Samples, rate_hz: int) -> bytes:
    """The whole file of ``[frames, channels]``; every bit of the samples is kept."""
    frames, channels = audio.shape
    samples = np.ascontiguousarray(audio, dtype="<f4").tobytes()
    frame_bytes = channels * _SAMPLE_BYTES
    header = _HEADER.pack(
        b"RIFF",
        _HEADER.size - 8 + len(samples),
        b"WAVE",
        b"fmt ",
        18,
        _FORMAT_FLOAT,
        channels,
        rate_hz,
        rate_hz * frame_bytes,
        frame_bytes,
        8 * _SAMPLE_BYTES,
        0,  # no bytes of extension follow
        b"fact",
        4,
        frames,
        b"data",
        len(samples),
    )
    return header + samples
