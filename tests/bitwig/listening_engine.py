"""An engine that says yes and writes down what it was told. Real sockets, one thread."""

from __future__ import annotations

import threading

import zmq

from bridge_protocol.errors import ErrorCode
from bridge_protocol.schema import (
    Credit,
    Error,
    Hello,
    Limits,
    LoraUse,
    ModelInfo,
    Ok,
    Pulse,
    Transport,
    Welcome,
)
from bridge_protocol.wire import MAGIC, pack, unpack_from_client

PATIENCE_S = 20.0


class ListeningEngine:
    """``told`` are the messages; ``endpoint`` and ``port`` are where it listens.

    It has every LoRA but those of the names ``missing``.
    """

    def __init__(self, missing: tuple[str, ...] = ()) -> None:
        self.told: list = []
        self._missing = missing
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.linger = 0
        self.port = self._socket.bind_to_random_port("tcp://127.0.0.1")
        self.endpoint = f"tcp://127.0.0.1:{self.port}"
        self._ends = self._context.socket(zmq.PAIR)
        self._ends.bind("inproc://end")
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        ending = self._context.socket(zmq.PAIR)
        ending.connect("inproc://end")
        ending.send(b"")
        self._thread.join(PATIENCE_S)
        for made in (ending, self._ends, self._socket):
            made.close(linger=0)
        self._context.term()

    def of(self, *kinds: type) -> list:
        return [message for message in self.told if isinstance(message, kinds)]

    def _run(self) -> None:
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._ends, zmq.POLLIN)
        while self._ends not in dict(poller.poll()):
            identity, *frames = self._socket.recv_multipart()
            assert frames[0] == MAGIC
            message = unpack_from_client(frames).message
            self.told.append(message)
            for reply in self._replies(message):
                self._socket.send_multipart([identity, *pack(reply)])

    def _replies(self, message) -> list:
        if isinstance(message, Hello):
            return [welcome(message.seq)]
        if isinstance(message, Transport | Credit):
            return [sign_of_life()]
        if isinstance(message, LoraUse) and message.name in self._missing:
            words = f"There is no {message.name}."
            return [Error(re=message.seq, code=ErrorCode.FILE_MISSING, field="name", message=words)]
        return [Ok(re=message.seq)]


def welcome(seq: int) -> Welcome:
    limits = Limits(
        message_bytes=1, lanes=1, sources=1, source_frames=1, streams=1, credit_frames=1, notes=1
    )
    model = ModelInfo(
        name="listener",
        accelerator="none",
        sample_rate=48_000,
        channels=2,
        frame_rate=25.0,
        capabilities=[],
        longest_window_seconds=60.0,
        lossy_codec=False,
    )
    return Welcome(
        re=seq,
        version=1,
        resume_token="",
        features=[],
        limits=limits,
        parameters=[],
        model=model,
        tick_ms=1.0,
        decode_realtime_factor=1.0,
        clock=0,
    )


def sign_of_life() -> Pulse:
    return Pulse(
        tick=1, generations=0, tick_ms=1, tick_ms_p99=1, busy_ms=0, load=0, lead_ms=0,
        horizon_ms=0, late_bars=0, repeated_bars=0, every=1, silent_ms=0, state="idle",
    )  # fmt: skip
