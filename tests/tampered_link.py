"""A link that writes on every block whose it is, and brings blocks late, twice, in disorder."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from random import Random

import numpy as np
from watermark import SCALE, wire_marks

from bridge_protocol.blocks import decode_payload, encode_payload
from bridge_protocol.clock import Clock
from bridge_protocol.schema import Audio, Credit, Transport
from bridge_protocol.wire import unpack_from_client, unpack_from_engine

NS_PER_MS = 1_000_000


@dataclass(frozen=True)
class Tampering:
    """How a link treats blocks; messages without sound pass as they come."""

    delay_ms: int = 0  # at most
    shuffled: bool = False  # of the blocks that are due, any comes first
    twice: float = 0.0  # the share that comes again ...
    again_ms: int = 1_500  # ... so much later at most
    ghosts: float = 0.0  # the share that comes again once its epoch is over
    credit_lost: float = 0.0  # the share of the client's credit that never comes


class TamperedLink:
    """See the module. Its end of the link is the client's."""

    def __init__(self, link, clock: Clock, rng: Random, tampering: Tampering) -> None:
        self._link, self._clock, self._rng, self._how = link, clock, rng, tampering
        self._others: deque[list[bytes]] = deque()
        self._due: list[tuple[int, list[bytes]]] = []
        self._ghosts: list[tuple[int, list[bytes]]] = []
        self._order = 0
        self.blocks = self.copies = self.risen = self.overtaken = 0

    def send(self, frames) -> None:
        """As the link; an epoch that is over lets its ghosts go."""
        message, _ = unpack_from_client([bytes(frame) for frame in frames])
        if isinstance(message, Credit) and self._rng.random() < self._how.credit_lost:
            return
        self._link.send(frames)
        if isinstance(message, Transport):
            self._rise(message.epoch)

    def receive(self, timeout_s: float):
        """As the link, never waiting."""
        while (frames := self._link.receive(0.0)) is not None:
            self._take(frames)
        if self._others:
            return self._others.popleft()
        now = self._clock.now_ns()
        ready = [place for place, (due, _) in enumerate(self._due) if due <= now]
        if not ready:
            return None
        chosen = self._rng.choice(ready) if self._how.shuffled else ready[0]
        self.overtaken += chosen > 0
        return self._due.pop(chosen)[1]

    def close(self) -> None:
        """As the link."""
        self._link.close()

    def _take(self, frames: list[bytes]) -> None:
        message, payload = unpack_from_engine(frames)
        if not isinstance(message, Audio):
            self._others.append(frames)
            return
        self.blocks += 1
        marked = [*frames[:2], _marked(message, payload)]
        self._hold(marked, self._how.delay_ms)
        if self._rng.random() < self._how.twice:
            self.copies += 1
            self._hold(marked, self._how.again_ms)
        if self._rng.random() < self._how.ghosts:
            self._ghosts.append((message.epoch, marked))

    def _hold(self, frames: list[bytes], at_most_ms: int) -> None:
        delay_ns = self._rng.randint(0, at_most_ms) * NS_PER_MS
        self._due.append((self._clock.now_ns() + delay_ns, frames))

    def _rise(self, epoch: int) -> None:
        risen = [ghost for ghost in self._ghosts if ghost[0] < epoch]
        self._ghosts = [ghost for ghost in self._ghosts if ghost[0] >= epoch]
        self.risen += len(risen)
        for _, frames in risen:
            self._hold(frames, 300)


def _marked(message: Audio, payload: bytes) -> bytes:
    audio = decode_payload(payload, message.frames, message.channels, message.format)
    address = message.address + np.arange(message.frames)
    audio[:, 1] = wire_marks(message.epoch, address) * SCALE
    return encode_payload(audio, message.format)
