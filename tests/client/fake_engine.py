"""An engine as a Link: answers at once, and plays a song whose samples say where they belong."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bridge_protocol import wire
from bridge_protocol.bars import BarGrid
from bridge_protocol.blocks import Samples, encode_payload
from bridge_protocol.clock import VirtualClock
from bridge_protocol.meter import MeterMap
from bridge_protocol.schema import (
    Audio,
    BarMark,
    Credit,
    Error,
    Hello,
    Limits,
    Message,
    ModelInfo,
    Ok,
    Param,
    Ping,
    Pong,
    PromiseMessage,
    SourceBegin,
    SourceBlock,
    SourceEnd,
    Transport,
    Welcome,
)
from bridge_protocol.tempo import TempoMap
from daw_clients.client.play_head import Loop, PlayHead

Voice = Callable[[np.ndarray[Any, Any], int], Samples]


def ramp(song: np.ndarray[Any, Any], epoch: int) -> Samples:
    """Left: the song position, exact in float32 (below 2**24). Right: the epoch."""
    return np.stack([song, np.full_like(song, epoch)], axis=1).astype(np.float32)


def welcome() -> Welcome:
    return Welcome(
        version=1,
        session="s1",
        resume_token="t1",
        features=[],
        limits=Limits(
            message_bytes=1 << 23,
            lanes=64,
            sources=8,
            source_frames=1 << 24,
            streams=4,
            credit_frames=1 << 20,
            notes=1000,
        ),
        parameters=[],
        model=ModelInfo(
            name="fake",
            accelerator="none",
            sample_rate=48_000,
            channels=2,
            frame_rate=25.0,
            capabilities=[],
            longest_window_seconds=60.0,
            lossy_codec=False,
        ),
        tick_ms=1.0,
        decode_realtime_factor=100.0,
        clock=0,
    )


class FakeEngine:
    """A Link. ``starved`` keeps blocks back; ``seen`` is everything that the client sent."""

    def __init__(self, clock: VirtualClock, block: int = 1_000, voice: Voice = ramp) -> None:
        self.clock = clock
        self.block = block
        self.voice = voice
        self.starved = False
        self.silent = False
        self.closed = False
        self.seen: list[Any] = []
        self.uploads: dict[str, bytearray] = {}
        self.have: set[str] = set()
        self.refuse: Error | None = None
        self.to_client: deque[list[bytes]] = deque()
        self.grid = BarGrid(TempoMap.constant(120), MeterMap.constant(4, 4), 48_000)
        self.sent_blocks: list[list[bytes]] = []
        self._heads: dict[int, PlayHead] = {}
        self._granted: dict[int, int] = {}
        self._current = -1
        self._sequence = 0

    # Link

    def link(self) -> Any:
        """A client's end of a connection to it."""
        return self

    def send(self, frames: Sequence[bytes | memoryview]) -> None:
        message, payload = wire.unpack_from_client([bytes(frame) for frame in frames])
        self.seen.append(message)
        if not self.silent:
            self._answer(message, payload)
            self.work()

    def receive(self, timeout_s: float) -> list[bytes] | None:
        if self.to_client:
            return self.to_client.popleft()
        self.clock.advance_ns(round(timeout_s * 1e9))
        return None

    def close(self) -> None:
        self.closed = True

    # engine

    def reply(self, message: Message, payload: bytes | None = None) -> None:
        self.to_client.append([bytes(frame) for frame in wire.pack(message, payload)])

    def work(self) -> None:
        if self.starved:
            return
        for epoch in sorted(self._heads):
            while self._step(epoch):
                pass

    def _answer(self, message: Any, payload: bytes) -> None:
        seq = message.seq
        if self.refuse is not None and isinstance(message, Param):
            error, self.refuse = self.refuse, None
            error.re = seq
            self.reply(error)
        elif isinstance(message, Hello):
            answer = welcome()
            answer.re = seq
            self.reply(answer)
        elif isinstance(message, Ping):
            self.reply(Pong(re=seq, clock=7))
        elif isinstance(message, Transport):
            self._follow(message)
        elif isinstance(message, Credit):
            before = self._granted.get(message.epoch, 0)
            self._granted[message.epoch] = max(before, message.frames)
        elif isinstance(message, SourceBegin):
            self.uploads[message.hash] = bytearray()
            self.reply(Ok(re=seq, have=message.hash in self.have))
        elif isinstance(message, SourceBlock):
            assert message.offset * 8 == len(self.uploads[message.hash])
            self.uploads[message.hash] += payload
            self.reply(Ok(re=seq))
        elif isinstance(message, SourceEnd):
            self.have.add(message.hash)
            self.reply(Ok(re=seq))
        else:
            self.reply(Ok(re=seq, sample=123))

    def _follow(self, told: Transport) -> None:
        head = self._heads.get(told.epoch)
        loop = None
        if told.looping:
            loop = Loop(
                self.grid.sample_of_ppq(told.loop_start_ppq),
                self.grid.sample_of_ppq(told.loop_end_ppq),
            )
        if head is None or told.epoch != self._current:
            self._heads = {e: h for e, h in self._heads.items() if e >= told.epoch}
        if head is None:
            head = self._heads[told.epoch] = self._head(told.epoch, told.sample, loop)
        elif head.loop != loop:  # a changed loop replaces what was sent ahead
            head.sample, head.address, head.lap = told.sample, told.address, told.lap
            head.loop = loop
        self._current = told.epoch
        if told.jump is None:
            self._heads = {e: h for e, h in self._heads.items() if e <= told.epoch}
        elif told.jump.epoch not in self._heads:
            to = self.grid.sample_of_ppq(told.jump.to_ppq)
            self._heads[told.jump.epoch] = self._head(told.jump.epoch, to, loop)

    def _head(self, epoch: int, sample: int, loop: Loop | None) -> PlayHead:
        head = PlayHead(sample)
        head.epoch, head.loop, head.playing = epoch, loop, True
        return head

    def _step(self, epoch: int) -> bool:
        head = self._heads[epoch]
        frames = min(self.block, self._granted.get(epoch, 0) - head.address)
        if frames <= 0:
            return False
        for run in head.segments(frames):
            song = np.arange(run.sample, run.sample + run.frames)
            self._sequence += 1
            header = Audio(
                stream=1,
                epoch=epoch,
                lap=run.lap,
                sequence=self._sequence,
                address=run.address,
                sample=run.sample,
                frames=run.frames,
                channels=2,
                format="f32",
                generation=0,
                state=0,
                bars=self._marks(run.sample, run.frames),
            )
            self.reply(header, encode_payload(self.voice(song, epoch), "f32"))
            self.sent_blocks.append(self.to_client[-1])
        return True

    def _marks(self, sample: int, frames: int) -> list[BarMark]:
        bar = self.grid.bar_of_sample(sample)
        marks = []
        for number in range(bar, bar + 3):
            offset = self.grid.sample(number) - sample
            if 0 <= offset < frames:
                marks.append(BarMark(bar=number + 1, offset=offset))
        return marks

    def promise(self, change: int, sample: int, epoch: int) -> None:
        self.reply(
            PromiseMessage(
                change=change,
                status="kept",
                parameter="denoise",
                bar=1,
                sample=sample,
                promised_sample=sample,
                epoch=epoch,
                lap=0,
                ticks=7,
            )
        )
