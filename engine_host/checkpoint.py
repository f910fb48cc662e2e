"""What a render has finished, kept on disk so that an interrupted one can go on.

A work folder holds a manifest (everything that decides the render's bytes, and its digest) and for
each track its audio so far as raw little-endian float32 stereo, with a journal of marks: one line
for every whole bar, with the SHA-256 of all audio up to that bar's end. What the marks don't vouch
for is cut off and rendered again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.files import replacing
from engine_host.stream.sources import Samples

if sys.platform != "win32":
    import fcntl

MANIFEST = "manifest.json"
LOCK = "lock"
CHANNELS = 2
FRAME_BYTES = 4 * CHANNELS
READ_FRAMES = 1 << 16


@dataclass(frozen=True)
class Mark:
    """``frames`` of the track end with its bar ``bar`` (counted from 1), and hash to ``sha256``."""

    bar: int
    frames: int
    sha256: str

    def line(self) -> str:
        """As the journal has it."""
        return json.dumps({"bar": self.bar, "frames": self.frames, "sha256": self.sha256}) + "\n"


class Track:
    """One track's audio on disk. ``ends[i]`` is the frame at which its bar ``i + 1`` ends.

    Opening it verifies what is there, and cuts off what no mark vouches for: ``frames`` is a whole
    number of bars then. ``damaged`` says whether marked audio was lost so. One thread.
    """

    def __init__(self, folder: Path, name: str, ends: Sequence[int]) -> None:
        self.name = name
        self._audio_path, self._marks_path = folder / f"{name}.f32", folder / f"{name}.marks"
        self.ends = tuple(ends)
        self._hasher = hashlib.sha256()
        self.marks: list[Mark] = []
        self.damaged = False
        self._verify()
        self.frames = self.marks[-1].frames if self.marks else 0
        self._audio = _cut(self._audio_path, self.frames * FRAME_BYTES)
        self._journal = _cut(self._marks_path, sum(len(mark.line()) for mark in self.marks))

    @property
    def total(self) -> int:
        """Frames of the whole track."""
        return self.ends[-1]

    @property
    def whole(self) -> bool:
        """Whether nothing is missing."""
        return self.frames == self.total

    def append(self, audio: Samples) -> None:
        """The next frames ``[n, 2]``; every bar that they complete is marked."""
        while len(audio):
            end = self.ends[len(self.marks)]
            piece = audio[: end - self.frames]
            self._write(np.ascontiguousarray(piece, dtype="<f4").tobytes(), len(piece))
            if self.frames == end:
                self._mark()
            audio = audio[len(piece) :]

    def restart(self) -> None:
        """Forgets what is kept."""
        self.marks, self.frames, self._hasher = [], 0, hashlib.sha256()
        for file in (self._audio, self._journal):
            file.seek(0)
            file.truncate()

    def blocks(self) -> Iterator[Samples]:
        """The whole track ``[n, 2]`` at a time. RefusedError FILE_BROKEN where it is not what was
        written, once the last block was read."""
        self._audio.flush()
        hasher = hashlib.sha256()
        with self._audio_path.open("rb") as file:
            while piece := file.read(READ_FRAMES * FRAME_BYTES):
                hasher.update(piece)
                yield np.frombuffer(piece, dtype="<f4").reshape(-1, CHANNELS)
        if hasher.hexdigest() != self.marks[-1].sha256:
            raise RefusedError(
                ErrorCode.FILE_BROKEN,
                "render",
                f"{self._audio_path} was changed while it was in use; run the command again.",
            )

    def close(self) -> None:
        """Closes its files; they stay."""
        self._audio.close()
        self._journal.close()

    def _write(self, data: bytes, frames: int) -> None:
        self._audio.write(data)
        self._hasher.update(data)
        self.frames += frames

    def _mark(self) -> None:
        """The audio goes to the disk before the mark that vouches for it."""
        mark = Mark(len(self.marks) + 1, self.frames, self._hasher.hexdigest())
        self._audio.flush()
        self._journal.write(mark.line().encode())
        self._journal.flush()
        self.marks.append(mark)

    def _verify(self) -> None:
        lines = _journal_lines(self._marks_path)
        if lines and self._audio_path.is_file():
            with self._audio_path.open("rb") as file:
                for mark in _read_marks(lines, self.ends):
                    if not self._holds(file, mark):
                        break
                    self.marks.append(mark)
        self.damaged = len(self.marks) < len(lines)

    def _holds(self, file: BinaryIO, mark: Mark) -> bool:
        """Whether the next bar is there as marked; the hash goes on only if it is."""
        before = self.marks[-1].frames if self.marks else 0
        ahead = self._hasher.copy()
        left = (mark.frames - before) * FRAME_BYTES
        while left and (piece := file.read(min(left, READ_FRAMES * FRAME_BYTES))):
            ahead.update(piece)
            left -= len(piece)
        if left or ahead.hexdigest() != mark.sha256:
            return False
        self._hasher = ahead
        return True


class WorkFolder:
    """The work folder of one render, locked while it is open.

    ``differs`` names what an earlier render here was decided by and this one is not: then nothing
    of it is used. RefusedError BAD_ORDER where another process renders here now.
    """

    def __init__(self, path: Path, decides: Mapping[str, Any], *, resume: bool = True) -> None:
        self.path = path
        self._tracks: list[Track] = []
        path.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(path / LOCK)
        self.differs = _differences(path / MANIFEST, decides)
        if self.differs or not resume:
            self._clear()
        if not (path / MANIFEST).is_file():
            manifest = {"digest": digest_of(decides), "decides": decides}
            with replacing(path / MANIFEST) as temporary:
                temporary.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes; a folder that keeps nothing worth having is removed."""
        if not any(track.marks for track in self._tracks):
            self.remove()
        self._close()

    def track(self, name: str, ends: Sequence[int]) -> Track:
        """The track ``name``; see :class:`Track`."""
        track = Track(self.path, name, ends)
        self._tracks.append(track)
        return track

    def remove(self) -> None:
        """Removes what the folder keeps, and the folder if nobody put anything else into it."""
        for track in self._tracks:
            track.close()
        self._tracks = []
        self._clear()
        self._lock.close()
        (self.path / LOCK).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.path.rmdir()

    def _close(self) -> None:
        for track in self._tracks:
            track.close()
        self._lock.close()

    def _clear(self) -> None:
        for pattern in (MANIFEST, "*.f32", "*.marks"):
            for path in self.path.glob(pattern):
                path.unlink()


def digest_of(decides: Mapping[str, Any]) -> str:
    """SHA-256 of plain values, in one spelling of JSON."""
    text = json.dumps(decides, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _differences(manifest: Path, decides: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of what is not as in the manifest; none where there is no manifest."""
    try:
        told = json.loads(manifest.read_text(encoding="utf-8"))
        digest, before = told["digest"], dict(told["decides"])
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError, KeyError):
        return (MANIFEST,)
    if digest == digest_of(decides):
        return ()
    now = json.loads(json.dumps(decides))
    return tuple(_differing(before, now)) or (MANIFEST,)


def _differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """The dotted names of what differs, as deep as both have a table there."""
    for name in [*now, *(name for name in before if name not in now)]:
        one, other = before.get(name), now.get(name)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            yield from (f"{name}.{deeper}" for deeper in _differing(one, other))
        elif one != other:
            yield name


def _journal_lines(path: Path) -> list[str]:
    """The lines that were written whole."""
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8", errors="replace")
    return [line + "\n" for line in text.split("\n")[:-1]]


def _read_marks(lines: Sequence[str], ends: Sequence[int]) -> Iterator[Mark]:
    """The marks up to the first line that is not as it was written."""
    for number, (line, end) in enumerate(zip(lines, ends, strict=False), 1):
        try:
            mark = Mark(**json.loads(line))
        except (ValueError, TypeError):
            return
        if (mark.bar, mark.frames) != (number, end) or mark.line() != line:
            return
        yield mark


def _cut(path: Path, length: int) -> BinaryIO:
    """The file open at its end, which is at ``length`` bytes."""
    path.touch()
    file = path.open("r+b")
    file.truncate(length)
    file.seek(length)
    return file


def _locked(path: Path) -> BinaryIO:
    file = path.open("ab")
    if sys.platform != "win32":
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise RefusedError(
                ErrorCode.BAD_ORDER,
                "--out",
                f"Another render is at work in {path.parent}; let it end, or write elsewhere.",
            ) from None
    return file
