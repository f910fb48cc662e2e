"""Offline: a range of bars as fast as the machine can, the same bytes on every run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bridge_protocol.blocks import Samples, decode_payload
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.parameters import parameter
from bridge_protocol.schema import Audio, Message
from engine_host.session.song import Song
from engine_host.stream.engine import Engine
from engine_host.stream.rendering import RenderingStore
from engine_host.stream.stream import Stream

Progress = Callable[[int, int], None]
"""Frames done and frames in all, those that were there before included."""
BlockSink = Callable[[Samples], None]
FEEDBACK = parameter("feedback")
UNITS_KEPT = 16  # decoded bars: a range is heard once, and a bar may last most of a minute


@dataclass(eq=False)
class Take:
    """The bars of one song on their way to ``sink``, block after block ``[n, 2]``, in order.

    The first ``kept_frames`` of the range are there already and are not delivered again; what
    follows is the same to the bit as if they had been rendered now. ``field`` names the song in an
    error.
    """

    song: Song
    sink: BlockSink
    kept_frames: int = 0
    field: str = "model"


@dataclass(eq=False)
class OfflineRender:
    """Renders bars of a song with an engine that nobody else drives."""

    engine: Engine
    song: Song
    window_bars: int = 4

    def bars(
        self, first_bar: int, last_bar: int, progress: Progress = lambda done, total: None
    ) -> Samples:
        """``[frames, 2]`` of bars ``first_bar..last_bar``, all at once; see :func:`render_takes`."""
        pieces: list[Samples] = []
        take = Take(self.song, pieces.append)
        render_takes(
            self.engine,
            [take],
            first_bar,
            last_bar,
            window_bars=self.window_bars,
            progress=progress,
        )
        return np.concatenate(pieces)


def render_takes(
    engine: Engine,
    takes: Sequence[Take],
    first_bar: int,
    last_bar: int,
    *,
    window_bars: int = 4,
    progress: Progress = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """Renders the same bars (counted from 1) of several songs together, in one ring.

    Deterministic: a song, its seed, the model, the engine's rows and threads and ``window_bars``
    decide a take's bytes; what else is rendered beside it does not. The calling thread drives the
    engine, and calls the sinks and ``progress`` between two rounds. RefusedError where a range is
    refused or a generation can't be made, CANCELLED soon after ``cancelled()`` says so.
    """
    runs = [_Run(take, first_bar, last_bar, window_bars) for take in takes]
    running = [run for run in runs if run.stream is not None]
    problems: list[RefusedError] = []

    def failed(stream: Stream, words: str) -> None:
        field = next((run.take.field for run in running if run.stream is stream), "model")
        problems.append(RefusedError(ErrorCode.INTERNAL, field, words))

    engine.on_failure = failed
    streams = [run.stream for run in running if run.stream is not None]
    for stream in streams:
        engine.add(stream)
    try:
        while not all(stream.finished for stream in streams):
            if cancelled():
                raise RefusedError(ErrorCode.CANCELLED, "render", "The render was stopped.")
            worked = engine.round()
            if problems:
                raise problems[0]
            if not worked and not all(stream.finished for stream in streams):
                raise RefusedError(ErrorCode.INTERNAL, "engine", "The render came to a stop.")
            progress(sum(run.done for run in runs), sum(run.total for run in runs))
    finally:
        for stream in streams:
            engine.remove(stream)


def can_go_on(song: Song) -> bool:
    """Whether a render of this song can go on from the middle.

    With feedback a pass hears the ones before it, and those are not kept.
    """
    settings = song.base
    used = settings.value(FEEDBACK) > 0
    for placed in song.placed:
        settings = placed.change.applied(settings, placed.state)
        used = used or settings.value(FEEDBACK) > 0
    return not used


class _Run:
    """A take while it is rendered. Its stream begins with the bar that holds the first frame not
    kept, for a bar's sound from its own line on does not hang on where the stream began."""

    def __init__(self, take: Take, first_bar: int, last_bar: int, window_bars: int) -> None:
        song, grid = take.song, take.song.grid
        song.check_range(first_bar, last_bar)
        start = grid.sample(first_bar - 1)
        self.take = take
        self.total = grid.sample(last_bar) - start
        self.done = take.kept_frames
        self.stream: Stream | None = None
        if self.done >= self.total:
            return
        bar = grid.bar_of_sample(start + self.done)
        self._to_drop = start + self.done - grid.sample(bar)
        self.stream = song.render_stream(
            stream_id=0,
            first_bar=bar + 1,
            last_bar=last_bar,
            sink=self._receive,
            window_bars=window_bars,
        )
        self.stream.store = RenderingStore(units=UNITS_KEPT)

    def _receive(self, message: Message, payload: bytes | None) -> None:
        if not isinstance(message, Audio):
            return
        assert payload is not None
        audio = decode_payload(payload, message.frames, message.channels, message.format)
        audio, self._to_drop = audio[self._to_drop :], max(0, self._to_drop - len(audio))
        if len(audio):
            self.done += len(audio)
            self.take.sink(audio)
