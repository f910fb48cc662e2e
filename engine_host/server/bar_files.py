"""A session's sound as WAV files, one a bar, in place of its blocks. Blocking; any thread."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass

from bridge_protocol.blocks import decode_payload
from bridge_protocol.errors import ErrorCode
from bridge_protocol.schema import Audio, AudioFile, Message, Notice
from engine_host.server.bar_pieces import BarPiece, BarPieces
from engine_host.server.float_wav import float_wav
from engine_host.server.session_folder import SessionFolder
from engine_host.session.streams import MAX_STREAMS

LONGEST_BAR_BYTES = 64 * 1024 * 1024
_MIB = 1024 * 1024


@dataclass(eq=False)
class _Stream:
    pieces: BarPieces
    sequence: int = 0


class BarFiles:
    """See the module. ``rate_hz`` is the session's; set it when it is known, before any block."""

    def __init__(self, folder: SessionFolder) -> None:
        self.rate_hz = 0
        self._folder = folder
        self._streams: dict[int, _Stream] = {}
        self._lock = threading.Lock()
        self._closed = False

    def take(self, block: Audio, payload: bytes) -> list[Message]:
        """Takes a block; returns what its client is told: files that are whole now, and notices.

        Nothing more is written once :meth:`close` was called.
        """
        with self._lock:
            return [] if self._closed else self._taken(block, payload)

    def close(self) -> None:
        """Ends it, and the folder with it; waits for a file that is being written."""
        with self._lock:
            self._closed = True
            self._folder.close()

    def _taken(self, block: Audio, payload: bytes) -> list[Message]:
        audio = decode_payload(payload, block.frames, block.channels, block.format)
        pieces = self._pieces_of(block)
        told: list[Message] = []
        for piece in pieces.take(block, audio):
            told += self._written(block, piece)
        told += [_too_long(bar) for bar in pieces.too_long()]
        return told

    def _pieces_of(self, block: Audio) -> BarPieces:
        """A stream counts its blocks from 1: one that counts anew is another stream."""
        stream = self._streams.pop(block.stream, None)
        if stream is None or block.sequence <= stream.sequence:
            stream = _Stream(BarPieces(LONGEST_BAR_BYTES))
        stream.sequence = block.sequence
        if not block.last:
            self._streams[block.stream] = stream
        if len(self._streams) > MAX_STREAMS:  # some are over, and this isn't told here
            del self._streams[next(iter(self._streams))]
        return stream.pieces

    def _written(self, block: Audio, piece: BarPiece) -> list[Message]:
        octets = float_wav(piece.audio, self.rate_hz)
        try:
            number, path = self._folder.write(piece.bar, octets)
        except OSError as error:
            words = f"Bar {piece.bar} could not be written ({error.strerror}); it gets no file."
            return [Notice(code=ErrorCode.INTERNAL.value, message=words)]
        file = AudioFile(
            stream=block.stream,
            epoch=piece.epoch,
            lap=piece.lap,
            sequence=number,
            address=piece.address,
            sample=piece.sample,
            bar=piece.bar,
            frames=len(piece.audio),
            channels=piece.audio.shape[1],
            rate=self.rate_hz,
            path=str(path),
            hash=hashlib.sha256(octets).hexdigest(),
            state=piece.state,
            late=piece.late,
            dry=piece.dry,
            last=piece.last,
        )
        return [file, *(_deleted(name) for name in self._folder.shrink())]


def _deleted(name: str) -> Notice:
    words = f"This session's files have passed their limit: the oldest, {name}, was deleted."
    return Notice(code=ErrorCode.LIMIT.value, message=words)


def _too_long(bar: int) -> Notice:
    words = f"Bar {bar} has more than {LONGEST_BAR_BYTES // _MIB} MiB of sound; it gets no file."
    return Notice(code=ErrorCode.LIMIT.value, message=words)
