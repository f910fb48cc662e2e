"""Where ``--out`` leads to, by its extension."""

from __future__ import annotations

from pathlib import Path

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.cli.render_parts import dawproject
from engine_host.cli.render_parts.dawproject import DawprojectFile
from engine_host.cli.render_parts.outputs import (
    AUDIO_FORMATS,
    OUT,
    AudioFile,
    Destination,
    StemFolder,
)


def destination_of(
    out: Path, *, many: bool = False, mix: bool = False, clip_bars: int | None = None
) -> Destination:
    """Refused with the list of extensions that are known; several sounds may go to a folder."""
    out = out.expanduser()
    suffix = out.suffix.lower()
    if suffix == dawproject.SUFFIX:
        return DawprojectFile(out, clip_bars or dawproject.DEFAULT_CLIP_BARS, mix)
    if clip_bars is not None:
        text = f"Only a {dawproject.SUFFIX} has clips; end --out so, or leave it out."
        raise RefusedError(ErrorCode.BAD_FIELD, "--clip-bars", text)
    if many:
        return StemFolder(out, mix)
    if suffix not in AUDIO_FORMATS:
        known = " or ".join([*AUDIO_FORMATS, dawproject.SUFFIX])
        raise RefusedError(ErrorCode.OUT_OF_RANGE, OUT, f"{out.name!r}: end the name in {known}.")
    return AudioFile(out, AUDIO_FORMATS[suffix])
