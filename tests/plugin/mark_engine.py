"""A stand-in for the engine on a real socket, whose sound is marks: see :mod:`marks`.

It greets, takes every change, follows the transport, and sends on credit, live and offline. What it
was told is kept in ``seen``. It renders nothing, so it is as quick as the wire.
"""

import threading
import time
from dataclasses import dataclass, field
from typing import Any

import marks
import zmq

from bridge_protocol import schema, wire
from bridge_protocol.bars import BarGrid
from bridge_protocol.blocks import encode_payload
from bridge_protocol.meter import MeterMap
from bridge_protocol.tempo import TempoMap
from daw_clients.client.play_head import Loop, PlayHead
from engine_host.session.song import map_of

BLOCK = 4096
PULSE_S = 0.25
_TOLD_NOTHING = (schema.Transport, schema.Credit, schema.LiveBlock, schema.Bye)


@dataclass(frozen=True)
class Seen:
    """A message of a client, when it came (``time.monotonic``), and from which connection."""

    at_s: float
    client: bytes
    message: Any
    payload: bytes


@dataclass
class Render:
    """Bars on their way, as the real engine's ``render``."""

    stream: int
    start: int  # song sample of address 0
    frames: int
    sent: int = 0


@dataclass
class Session:
    """What one connection has told."""

    client: bytes
    rate_hz: int
    block_size: int
    grid: BarGrid
    seed: int = 0
    stream: int | None = None
    heads: dict[int, PlayHead] = field(default_factory=dict)
    granted: dict[tuple[int, int], int] = field(default_factory=dict)
    epoch: int = -1
    render: Render | None = None
    sequence: int = 0


class MarkEngine:
    """Serves on ``endpoint`` in a thread of its own between ``start`` and ``close``."""

    def __init__(self, *, port=0, after_s=0.0, last_bar=None):
        self.port, self._after_s, self.last_bar = port, after_s, last_bar
        self.starved = threading.Event()  # set: no sound is sent
        self.frozen = threading.Event()  # set: nothing is read, nothing is sent
        self.seen: list[Seen] = []
        self.sessions: dict[bytes, Session] = {}
        self.fault: Exception | None = None  # a client that broke the protocol
        self._sources: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.endpoint = f"tcp://127.0.0.1:{port}"
        self._ready = threading.Event()

    def __enter__(self):
        self._thread.start()
        if not self._after_s:
            assert self._ready.wait(5)
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(5)
        assert not self._thread.is_alive()
        if self.fault is not None:
            raise self.fault

    def told(self, kind, **fields):
        """The messages of a kind, in their order, whose ``fields`` are as given."""
        found = [entry.message for entry in list(self.seen) if isinstance(entry.message, kind)]
        return [m for m in found if all(getattr(m, k) == v for k, v in fields.items())]

    def wait_for(self, ready, timeout_s=10.0):
        """Whether ``ready()`` came true in time."""
        until = time.monotonic() + timeout_s
        while not ready():
            if time.monotonic() > until or self.fault is not None:
                return False
            self._stop.wait(0.002)
        return True

    # the thread

    def _run(self):
        with zmq.Context() as context:
            if not self._stop.wait(self._after_s):
                try:
                    self._serve(context)
                finally:
                    self._socket.close(0)

    def _serve(self, context):
        self._socket = context.socket(zmq.ROUTER)
        self._socket.bind(f"tcp://127.0.0.1:{self.port or '*'}")
        self.endpoint = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)
        self._ready.set()
        pulse_at = 0.0
        while not self._stop.is_set():
            if self.frozen.is_set():
                self._stop.wait(0.01)
                continue
            while self._socket.poll(2):
                client, *frames = self._socket.recv_multipart()
                self._take(client, frames)
            if time.monotonic() > pulse_at:
                pulse_at = time.monotonic() + PULSE_S
                self._pulse()
            if not self.starved.is_set():
                self._work()

    def _take(self, client, frames):
        try:
            message, payload = wire.unpack_from_client(frames)
        except wire.BadMessageError as error:
            self.fault = error
            return
        self.seen.append(Seen(time.monotonic(), client, message, payload))
        reply = self._answer(client, message)
        if reply is not None:
            reply.re = message.seq
            self._send(client, reply)

    def _send(self, client, message, payload=None):
        self._socket.send_multipart([client, *wire.pack(message, payload)])

    def _pulse(self):
        for client in self.sessions:
            self._send(client, _pulse())

    # answers

    def _answer(self, client, message):
        if isinstance(message, schema.Hello):
            grid = BarGrid(TempoMap.constant(120), MeterMap.constant(4, 4), message.sample_rate)
            rate_hz, block_size = message.sample_rate, message.block_size
            self.sessions[client] = Session(client, rate_hz, block_size, grid)
            return _welcome()
        session = self.sessions.get(client)
        if session is None:
            return schema.Error(code="NOT_GREETED", field="type", message="Say hello first.")
        handler = getattr(self, f"_{type(message).__name__.lower()}", None)
        reply = handler(session, message) if handler else None
        if isinstance(message, schema.Bye):
            del self.sessions[client]
        return None if isinstance(message, _TOLD_NOTHING) else reply or schema.Ok()

    def _ping(self, session, message):
        return schema.Pong(clock=time.monotonic_ns())

    def _tempomapmessage(self, session, message):
        session.grid = BarGrid(*map_of(message), session.rate_hz)

    def _param(self, session, message):
        if message.parameter == "seed":
            session.seed = int(message.value)

    def _sourcebegin(self, session, message):
        return schema.Ok(have=message.hash in self._sources)

    def _sourceend(self, session, message):
        self._sources.add(message.hash)

    def _openstream(self, session, message):
        session.stream = message.stream

    def _closestream(self, session, message):
        session.stream = None

    def _credit(self, session, message):
        key = message.stream, message.epoch
        session.granted[key] = max(session.granted.get(key, 0), message.frames)

    def _render(self, session, message):
        if self.last_bar is not None and message.last_bar > self.last_bar:
            return schema.Error(
                code="RANGE_PAST_END",
                field="bars",
                message="The source ends before.",
                last_bar=self.last_bar,
            )
        start = session.grid.sample(message.first_bar - 1)
        frames = session.grid.sample(message.last_bar) - start
        session.granted.pop((message.stream, 0), None)
        session.render = Render(message.stream, start, frames)
        return schema.Ok(sample=frames)

    def _cancel(self, session, message):
        job = session.render
        if job is None:
            return schema.Error(
                code="UNKNOWN_STREAM", field="stream", message="No such render is running."
            )
        session.render = None
        done = schema.RenderDone(stream=job.stream, frames=job.sent, cancelled=True)
        self._send(session.client, done)
        return None

    def _transport(self, session, told):
        head, loop = session.heads.get(told.epoch), None
        if told.looping:
            ends = told.loop_start_ppq, told.loop_end_ppq
            loop = Loop(*(session.grid.sample_of_ppq(ppq) for ppq in ends))
        if head is None:
            head = PlayHead(told.sample)
            head.epoch, head.loop, head.playing = told.epoch, loop, True
            head.address, head.lap = told.address, told.lap
        elif head.loop != loop:
            head.sample, head.address, head.lap = told.sample, told.address, told.lap
            head.loop = loop
        elif told.playing and told.address > head.address:  # it has passed what was sent
            ahead = told.address - head.address + session.block_size + session.rate_hz * 3 // 100
            list(head.segments(ahead))
        session.heads = {told.epoch: head}
        session.epoch = told.epoch

    # sound

    def _work(self):
        for client, session in list(self.sessions.items()):
            for head in session.heads.values():
                self._play(client, session, head)
            if session.render is not None:
                self._render_on(client, session, session.render)

    def _play(self, client, session, head):
        if session.stream is None:
            return
        granted = session.granted.get((session.stream, head.epoch), 0)
        while (frames := min(BLOCK, granted - head.address)) > 0:
            for run in head.segments(frames):
                self._block(client, session, session.stream, run, last=False)

    def _render_on(self, client, session, job):
        granted = min(session.granted.get((job.stream, 0), 0), job.frames)
        while (frames := min(BLOCK, granted - job.sent)) > 0:
            head = PlayHead(job.start + job.sent)
            head.playing, head.address = True, job.sent
            job.sent += frames
            (run,) = head.segments(frames)
            self._block(client, session, job.stream, run, last=job.sent == job.frames)
        if job.sent == job.frames:
            session.render = None
            self._send(client, schema.RenderDone(stream=job.stream, frames=job.frames))

    def _block(self, client, session, stream, run, *, last):
        session.sequence += 1
        header = schema.Audio(
            stream=stream,
            epoch=run.epoch,
            lap=run.lap,
            sequence=session.sequence,
            address=run.address,
            sample=run.sample,
            frames=run.frames,
            channels=2,
            format="f32",
            generation=0,
            state=0,
            last=last,
        )
        samples = range(run.sample, run.sample + run.frames)
        self._send(client, header, encode_payload(marks.marked(samples, session.seed).T, "f32"))


def _welcome():
    limits = schema.Limits(
        message_bytes=1 << 23,
        lanes=64,
        sources=8,
        source_frames=1 << 28,
        streams=4,
        credit_frames=1 << 22,
        notes=65_536,
    )
    model = schema.ModelInfo(
        name="marks",
        accelerator="none",
        sample_rate=48_000,
        channels=2,
        frame_rate=25.0,
        capabilities=[],
        longest_window_seconds=60.0,
        lossy_codec=False,
    )
    return schema.Welcome(
        version=1,
        resume_token="marks-1",
        features=[],
        limits=limits,
        parameters=[],
        model=model,
        tick_ms=1.0,
        decode_realtime_factor=100.0,
        clock=time.monotonic_ns(),
    )


def _pulse():
    return schema.Pulse(
        tick=0,
        generations=0,
        tick_ms=1.0,
        tick_ms_p99=1.0,
        busy_ms=0.0,
        load=0.0,
        lead_ms=0.0,
        horizon_ms=0.0,
        late_bars=0,
        repeated_bars=0,
        every=1,
        silent_ms=0.0,
        state="idle",
    )
