"""Audio files in and out."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.session.source_store import check_audio, hash_of
from engine_host.stream.sources import Samples, Source

Depth = Literal["16", "24", "float"]
_SUBTYPES: dict[str, str] = {"16": "PCM_16", "24": "PCM_24", "float": "FLOAT"}
_ADD_PEAK_CHUNK = 0x1050
"""libsndfile's SFC_SET_ADD_PEAK_CHUNK: that chunk holds the time of writing, so it is left out."""


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


def write_wav(path: Path, audio: Samples, rate_hz: int, depth: Depth = "24") -> None:
    """Writes ``[frames, channels]``, whole or not at all; the same audio gives the same bytes."""
    with (
        replacing(path) as temporary,
        soundfile.SoundFile(
            temporary, "w", rate_hz, audio.shape[1], _SUBTYPES[depth], format="WAV"
        ) as file,
    ):
        if depth == "float":
            soundfile._snd.sf_command(file._file, _ADD_PEAK_CHUNK, soundfile._ffi.NULL, 0)
        file.write(audio)


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
