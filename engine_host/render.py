"""Offline: a range of bars as fast as the machine can, the same bytes on every run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bridge_protocol.blocks import Samples, decode_payload
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.schema import Audio, Message
from engine_host.session.song import Song
from engine_host.stream.engine import Engine
from engine_host.stream.stream import Stream

Progress = Callable[[int, int], None]


@dataclass(eq=False)
class OfflineRender:
    """Renders bars of a song with an engine that nobody else drives."""

    engine: Engine
    song: Song
    window_bars: int = 4

    def bars(
        self, first_bar: int, last_bar: int, progress: Progress = lambda done, total: None
    ) -> Samples:
        """``[frames, 2]`` of bars ``first_bar..last_bar``; ``progress(frames done, frames)``.

        Deterministic: the song, the seed, the model, its rows and its threads decide the bytes.
        Raises RefusedError where the range is refused or a generation can't be made.
        """
        pieces: list[Samples] = []
        stream = self.song.render_stream(
            stream_id=0,
            first_bar=first_bar,
            last_bar=last_bar,
            sink=lambda message, payload: _collect(pieces, message, payload),
            window_bars=self.window_bars,
        )
        problems: list[str] = []
        self.engine.on_failure = lambda failed, words: problems.append(words)
        self.engine.add(stream)
        try:
            self._drive(stream, problems, progress)
        finally:
            self.engine.remove(stream)
        return np.concatenate(pieces)

    def _drive(self, stream: Stream, problems: list[str], progress: Progress) -> None:
        assert stream.end_x is not None
        while not stream.finished:
            worked = self.engine.round()
            if problems:
                raise RefusedError(ErrorCode.INTERNAL, "model", problems[0])
            if not worked and not stream.finished:
                raise RefusedError(ErrorCode.INTERNAL, "engine", "The render came to a stop.")
            progress(stream.head, stream.end_x)


def _collect(pieces: list[Samples], message: Message, payload: bytes | None) -> None:
    if isinstance(message, Audio):
        assert payload is not None
        pieces.append(decode_payload(payload, message.frames, message.channels, message.format))
