"""Collecting an offline render: credit goes out as blocks come in. One thread at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bridge_protocol.blocks import Samples
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.schema import Credit, Message, Render, RenderDone, RenderProgress
from daw_clients.client.core import AudioBlock, ClientCore

AHEAD_SECONDS = 8
RENDER_EPOCH = 0

Progress = Callable[[RenderProgress], None]


class RenderJob:
    """One render from its first credit to its last block; blocks may come in any order.

    ``send`` is called with each credit. The render's blocks carry epoch 0 and addresses from 0.
    """

    def __init__(
        self,
        core: ClientCore,
        render: Render,
        send: Callable[[Message], object],
        on_progress: Progress | None = None,
    ) -> None:
        self._stream = render.stream
        self._send = send
        self._progress = on_progress
        self._window = _window_frames(core)
        self._granted = 0
        self._taken = 0
        self._blocks: dict[int, Samples] = {}
        self._end: RenderDone | None = None
        self._finished: list[Callable[[], None]] = []
        self._ends = [
            core.on(AudioBlock, self._take),
            core.on(RenderProgress, self._advance),
            core.on(RenderDone, self._finish),
        ]

    @property
    def done(self) -> bool:
        """Whether the engine has said that the render is over."""
        return self._end is not None

    def start(self) -> None:
        """Grants the first credit; to be called when the render was taken."""
        self._grant()

    def then(self, call: Callable[[], None]) -> None:
        """Calls ``call`` when the render is over."""
        self._finished.append(call)

    def close(self) -> None:
        """Listens no more."""
        for end in self._ends:
            end()

    def audio(self) -> Samples:
        """The rendering, float32 ``[frames, channels]``.

        Raises RefusedError: ``CANCELLED``, or ``INTERNAL`` where blocks are missing.
        """
        if self._end is None or self._end.cancelled:
            text = "the render was cancelled; start it again"
            raise RefusedError(ErrorCode.CANCELLED, "render", text)
        pieces = [self._blocks[address] for address in sorted(self._blocks)]
        audio = np.concatenate(pieces) if pieces else np.zeros((0, 2), np.float32)
        if len(audio) != self._end.frames:
            text = f"{len(audio)} of {self._end.frames} frames arrived; render again"
            raise RefusedError(ErrorCode.INTERNAL, "render", text)
        return audio

    def _take(self, block: AudioBlock) -> None:
        if block.header.stream != self._stream:
            return
        if block.header.address not in self._blocks:
            self._taken += block.header.frames
        self._blocks[block.header.address] = block.samples
        if self._taken + self._window // 2 > self._granted:
            self._grant()

    def _grant(self) -> None:
        self._granted = self._taken + self._window
        self._send(Credit(stream=self._stream, epoch=RENDER_EPOCH, frames=self._granted))

    def _advance(self, progress: RenderProgress) -> None:
        if progress.stream == self._stream and self._progress is not None:
            self._progress(progress)

    def _finish(self, end: RenderDone) -> None:
        if end.stream != self._stream:
            return
        self._end = end
        for call in self._finished:
            call()


def _window_frames(core: ClientCore) -> int:
    """How far credit runs ahead: some seconds, and never more than the engine takes."""
    if core.welcome is None:
        return AHEAD_SECONDS * 48_000
    wanted = AHEAD_SECONDS * core.welcome.model.sample_rate
    return max(1, min(wanted, core.welcome.limits.credit_frames))
