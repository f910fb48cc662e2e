"""Audio files in and out."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import soundfile

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.session.source_store import check_audio, hash_of
from engine_host.stream.sources import Samples, Source

Depth = Literal["16", "24", "float"]
FileFormat = Literal["wav", "flac"]
_SUBTYPES: dict[Depth, str] = {"16": "PCM_16", "24": "PCM_24", "float": "FLOAT"}
_BYTES: dict[Depth, int] = {"16": 2, "24": 3, "float": 4}
_ADD_PEAK_CHUNK = 0x1050
"""libsndfile's SFC_SET_ADD_PEAK_CHUNK: that chunk holds the time of writing, so it is left out."""
_WAV_LIMIT_BYTES = 2**32 - 4096
"""A WAV counts its bytes in 32 bits; what is longer is written as RF64, its 64-bit sibling."""
_FLAC_ANY_RATE_UP_TO_HZ = 65_535
_FLAC_RATE_STEP_HZ = 10


def read_source(path: Path, field: str, shortest_seconds: float) -> Source:
    """A mono or stereo file of any rate and depth that libsndfile reads, as a source.

    RefusedError FILE_MISSING, FILE_BROKEN, EMPTY_SOURCE, NOT_FINITE or OUT_OF_RANGE (channels).
    """
    path = path.expanduser()
    if not path.is_file():
        raise RefusedError(ErrorCode.FILE_MISSING, field, f"There is no file {path}.")
    try:
        audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError, ValueError) as error:
        raise RefusedError(
            ErrorCode.FILE_BROKEN,
            field,
            f"{path} can't be read as audio ({error}). WAV, FLAC, AIFF, OGG and MP3 can.",
        ) from None
    if audio.shape[1] > 2:
        raise RefusedError(
            ErrorCode.OUT_OF_RANGE,
            field,
            f"{path} has {audio.shape[1]} channels; give mono or stereo.",
        )
    check_audio(audio, rate, shortest_seconds, field)
    return Source(hash_of(audio), path.name[:64], rate, np.ascontiguousarray(audio))


def check_writable(file_format: FileFormat, depth: Depth, rate_hz: int) -> None:
    """Refuses what a format can't hold: FLAC has no float samples and not every high rate."""
    if file_format != "flac":
        return
    if depth == "float":
        raise RefusedError(
            ErrorCode.OUT_OF_RANGE,
            "--bits",
            "FLAC holds no float samples: give --bits 24 or 16, or write a .wav.",
        )
    if rate_hz > _FLAC_ANY_RATE_UP_TO_HZ and rate_hz % _FLAC_RATE_STEP_HZ:
        raise RefusedError(
            ErrorCode.OUT_OF_RANGE,
            "--rate",
            f"FLAC holds {rate_hz} Hz only in steps of {_FLAC_RATE_STEP_HZ} Hz: write a .wav.",
        )


def write_audio(
    path: Path,
    blocks: Iterable[Samples],
    rate_hz: int,
    frames: int,
    file_format: FileFormat = "wav",
    depth: Depth = "24",
) -> None:
    """Writes stereo blocks ``[n, 2]``, ``frames`` of them in all, whole or not at all.

    The same samples give the same bytes, however they are cut into blocks, and WAV and FLAC of one
    depth hold the same samples. A WAV that would pass 4 GiB is written as RF64. OSError where the
    disk is full or fails.
    """
    container = "FLAC" if file_format == "flac" else wav_container(frames, depth)
    with replacing(path) as temporary:
        try:
            _write_blocks(temporary, blocks, rate_hz, container, depth)
        except soundfile.LibsndfileError as error:
            words = f"could not be written ({error.error_string})"
            raise OSError(errno.EIO, words, str(path)) from None


def write_wav(path: Path, audio: Samples, rate_hz: int, depth: Depth = "24") -> None:
    """Writes ``[frames, 2]``; see :func:`write_audio`."""
    write_audio(path, [audio], rate_hz, len(audio), "wav", depth)


def wav_container(frames: int, depth: Depth) -> Literal["WAV", "RF64"]:
    """What so many stereo frames are written as."""
    return "WAV" if frames * 2 * _BYTES[depth] <= _WAV_LIMIT_BYTES else "RF64"


def quantised(audio: Samples, depth: Literal["16", "24"]) -> npt.NDArray[np.int32]:
    """The nearest step of ``depth`` bits, clipped at full scale, in the top bits of an int32."""
    bits = int(depth)
    scale = float(2 ** (bits - 1))
    steps = np.clip(np.rint(audio.astype(np.float64) * scale), -scale, scale - 1)
    return steps.astype(np.int32) << (32 - bits)


def _write_blocks(
    path: Path, blocks: Iterable[Samples], rate_hz: int, container: str, depth: Depth
) -> None:
    with soundfile.SoundFile(path, "w", rate_hz, 2, _SUBTYPES[depth], format=container) as file:
        if depth == "float":
            soundfile._snd.sf_command(file._file, _ADD_PEAK_CHUNK, soundfile._ffi.NULL, 0)
        for block in blocks:
            file.write(block if depth == "float" else quantised(block, depth))


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside ``path`` that takes its place if the block ends well, else vanishes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
