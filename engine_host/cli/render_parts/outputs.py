"""Where finished sounds go: one audio file, or a folder of stems.

A destination is chosen by the extension of ``--out``, see :mod:`.destinations`. Another one is a
class like :class:`AudioFile`, named there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.cli import options
from engine_host.cli.render_parts.part import Part
from engine_host.files import Depth, FileFormat, check_writable, write_audio
from engine_host.stream.sources import Samples

OUT = "--out"
MIX = "mix"
AUDIO_FORMATS: Mapping[str, FileFormat] = {".wav": "wav", ".flac": "flac"}


@dataclass(frozen=True, eq=False)
class Sound:
    """Rendered audio, whole, read from disk as often as ``blocks()`` is called: ``[n, 2]`` at a time."""

    name: str
    frames: int
    blocks: Callable[[], Iterator[Samples]]


@dataclass(frozen=True, eq=False)
class Rendered:
    """What a render made: one sound for each song, all of them over the same bars (from 1)."""

    sounds: Sequence[Sound]
    parts: Sequence[Part]
    maps: options.Maps
    first_bar: int
    last_bar: int
    rate_hz: int
    depth: Depth


@dataclass(frozen=True)
class Written:
    """The files written, in order, and what is to be said about them."""

    files: Sequence[Path]
    notes: Sequence[str] = ()


class Destination(Protocol):
    """Where a render's sounds go."""

    @property
    def work_folder(self) -> Path:
        """Where an unfinished render keeps its work."""
        ...

    def check(self, depth: Depth, rate_hz: int) -> None:
        """Refuses, before anything is rendered, what can't be written there."""
        ...

    def write(self, rendered: Rendered) -> Written:
        """Writes every file whole or not at all."""
        ...


@dataclass(frozen=True)
class AudioFile:
    """One WAV or FLAC file."""

    path: Path
    file_format: FileFormat

    @property
    def work_folder(self) -> Path:
        """Hidden beside the file."""
        return self.path.with_name(f".{self.path.name}.part")

    def check(self, depth: Depth, rate_hz: int) -> None:
        """See :class:`Destination`."""
        check_writable(self.file_format, depth, rate_hz)
        if self.path.is_dir():
            raise RefusedError(ErrorCode.FILE_BROKEN, OUT, f"{self.path} is a folder.")

    def write(self, rendered: Rendered) -> Written:
        """See :class:`Destination`; the one sound."""
        (sound,) = rendered.sounds
        _write(self.path, sound, rendered, self.file_format)
        return Written([self.path])


@dataclass(frozen=True)
class StemFolder:
    """A WAV file for each sound, ``NAME.wav``, and ``mix.wav``, their sum, where it is wanted."""

    path: Path
    mix: bool

    @property
    def work_folder(self) -> Path:
        """Hidden in the folder."""
        return self.path / ".stems.part"

    def check(self, depth: Depth, rate_hz: int) -> None:
        """See :class:`Destination`."""
        if self.path.suffix.lower() in AUDIO_FORMATS or self.path.is_file():
            raise RefusedError(
                ErrorCode.FILE_BROKEN, OUT, f"{self.path} is a file; with --stems give a folder."
            )

    def write(self, rendered: Rendered) -> Written:
        """See :class:`Destination`."""
        for sound in rendered.sounds:
            _write(self._file(sound), sound, rendered, "wav")
        files = [self._file(sound) for sound in rendered.sounds]
        if not self.mix:
            return Written(files)
        sum_of_all = Mix(rendered.sounds)
        _write(self._file(sum_of_all.sound), sum_of_all.sound, rendered, "wav")
        return Written([*files, self._file(sum_of_all.sound)], sum_of_all.notes(rendered.depth))

    def _file(self, sound: Sound) -> Path:
        return self.path / f"{sound.name}.wav"


class Mix:
    """The sum of equally long sounds, sample by sample, added up in float64."""

    def __init__(self, sounds: Sequence[Sound]) -> None:
        self._sounds = sounds
        self._peak = 0.0
        self.sound = Sound(MIX, sounds[0].frames, self._blocks)

    def notes(self, depth: Depth) -> list[str]:
        """What became of it once it was written."""
        if self._peak <= 1 or depth == "float":
            return []
        over_db = 20 * math.log10(self._peak)
        return [
            f"{MIX}.wav is clipped: it peaks {over_db:.1f} dB over full scale; "
            'give bits = "float", or a lower output_gain.'
        ]

    def _blocks(self) -> Iterator[Samples]:
        for together in zip(*(sound.blocks() for sound in self._sounds), strict=True):
            block = np.asarray(np.sum(together, axis=0, dtype=np.float64), np.float32)
            self._peak = max(self._peak, float(np.abs(block).max(initial=0.0)))
            yield block


def _write(path: Path, sound: Sound, rendered: Rendered, file_format: FileFormat) -> None:
    write_audio(path, sound.blocks(), rendered.rate_hz, sound.frames, file_format, rendered.depth)
