"""Audio files as the client's calls take them. Needs soundfile, of the extra ``engine``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from bridge_protocol.blocks import Samples
from bridge_protocol.errors import ErrorCode, RefusedError


def read_audio(path: Path | str, field: str = "source") -> tuple[Samples, int]:
    """A file's samples, float32 ``[frames, channels]``, and its rate in Hz: what
    :meth:`Client.upload` takes. Raises RefusedError ``FILE_MISSING``, ``FILE_BROKEN``."""
    path = Path(path).expanduser()
    if not path.is_file():
        text = f"There is no file {path}; check the name."
        raise RefusedError(ErrorCode.FILE_MISSING, field, text)
    try:
        audio, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        text = f"{path} can't be read as audio ({error.error_string}); give a WAV or FLAC file."
        raise RefusedError(ErrorCode.FILE_BROKEN, field, text) from None
    return audio, rate_hz


def write_audio(path: Path | str, audio: Samples, rate_hz: int) -> Path:
    """Writes float32 ``[frames, channels]`` bit for bit as a 32-bit float WAV, and makes its
    folder; returns the path. Raises RefusedError ``FILE_BROKEN`` where it can't be written."""
    path = Path(path).expanduser()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        samples = np.ascontiguousarray(audio, np.float32)
        soundfile.write(path, samples, rate_hz, subtype="FLOAT", format="WAV")
    except (OSError, soundfile.LibsndfileError) as error:
        text = f"{path} can't be written ({error}); choose another place."
        raise RefusedError(ErrorCode.FILE_BROKEN, "out", text) from None
    return path
