"""The track's own input: as it comes in, and as the source of what is heard some bars later."""

from __future__ import annotations

import numpy as np

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.schema import LiveBlock, Ok, SourceUse
from engine_host.session.changes import Changes
from engine_host.session.host_stream import HostStream
from engine_host.session.song import Song
from engine_host.session.source_uses import check_interval
from engine_host.stream.live_input import LiveInput, LivePlacement
from engine_host.stream.settings import set_live_source
from engine_host.stream.sources import Samples


class TrackInput:
    """Under the engine's lock."""

    def __init__(self, channels: int, song: Song, stream: HostStream, changes: Changes) -> None:
        self._channels, self._song = channels, song
        self._stream, self._changes = stream, changes
        self._input = LiveInput()

    def begin(self, epoch: int, sample: int) -> None:
        """The host goes on from song sample ``sample`` in a new epoch."""
        self._input.begin(epoch, sample)

    def block(self, message: LiveBlock, payload: bytes) -> None:
        """Takes the next piece of what is played: ``[frames, channels]`` of float32."""
        audio = _audio_of(message.frames, self._channels, payload)
        lap = (message.epoch, message.lap)
        if self._input.write(self._song.grid, lap, message.sample, audio):
            self._stream.input_grew()

    def use(self, message: SourceUse) -> Ok:
        """Makes it the source, ``live_bars`` later."""
        bars = message.live_bars
        if self._stream.window_bars is not None:
            check_interval(bars, self._stream.window_bars, "live_bars")
        edit = set_live_source(LivePlacement(self._input, bars))
        reply = self._changes.accept(message.seq, message.role, edit, message.when)
        reply.text = f"What is played in a bar is heard {bars} bars later."
        return reply


def _audio_of(frames: int, channels: int, payload: bytes) -> Samples:
    """``[frames, 2]``: one channel is heard on both."""
    if len(payload) != frames * channels * 4:
        raise RefusedError(
            ErrorCode.WRONG_LENGTH,
            "frames",
            f"{frames} frames of {channels} channels are "
            f"{frames * channels * 4} bytes, not {len(payload)}.",
        )
    audio = np.frombuffer(payload, dtype="<f4").reshape(frames, channels)
    if not np.isfinite(audio).all():
        raise RefusedError(
            ErrorCode.NOT_FINITE, "payload", "The block has samples that are no numbers."
        )
    return np.repeat(audio, 2, axis=1) if channels == 1 else audio
