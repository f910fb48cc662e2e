"""All sessions of one engine, without a socket: frames in, frames out.

``handle`` and ``service`` are the server thread's; what streams send arrives in the outbox from
the engine's thread.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from bridge_protocol.clock import Clock
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.parameters import PARAMETERS, channel_gains
from bridge_protocol.schema import (
    VERSION_MAX,
    VERSION_MIN,
    Bye,
    Hello,
    Limits,
    Message,
    ModelInfo,
    Ok,
    ParameterInfo,
    Ping,
    Pong,
    Pulse,
    Refused,
    Welcome,
)
from bridge_protocol.wire import MAX_MESSAGE_BYTES, BadMessageError, pack, unpack_from_client
from engine_host.session.refusals import refusal
from engine_host.session.session import Session
from engine_host.session.source_store import MAX_SOURCE_BYTES, SourceStore
from engine_host.session.streams import MAX_STREAMS
from engine_host.session.uploads import MAX_UPLOADS
from engine_host.stream.engine import Engine
from engine_host.stream.stream import Stream

FEATURES = (
    "jump",
    "render",
    "notes",
    "sampled_lanes",
    "gesture",
    "fixed_latency",
    "live_input",
    "own_tempo",
)
MAX_SESSIONS = 64
RATE_STEP_HZ = 25  # session rates: so that a latent frame is a whole number of samples
HUNG_AFTER_NS = 3_000_000_000

Frames = Sequence[bytes | memoryview]
Post = Callable[[bytes, list[bytes | memoryview]], None]


class Hub:
    """See the module. ``post(identity, frames)`` sends; it may be called from any thread."""

    def __init__(self, engine: Engine, clock: Clock, post: Post) -> None:
        self._engine, self._clock, self._post = engine, clock, post
        self._sources = SourceStore()
        self._sessions: dict[bytes, Session] = {}
        self._beat_ns = clock.now_ns()
        self._load_from = (clock.now_ns(), 0)
        self._load = 0.0

    def handle(self, identity: bytes, frames: Frames) -> None:
        """Takes one message of a client. Whatever the bytes, that client alone hears of it."""
        try:
            message, payload = unpack_from_client(frames)
        except BadMessageError as error:
            self._refuse(identity, error, error.seq)
            return
        try:
            reply = self._answer(identity, message, payload)
        except RefusedError as error:
            self._refuse(identity, error, message.seq)
            return
        if reply is not None:
            reply.re = message.seq
            self._send(identity, reply)

    def drop(self, identity: bytes) -> None:
        """The client is gone."""
        session = self._sessions.pop(identity, None)
        if session is not None:
            session.close()

    def service(self) -> None:
        """Pulses and progress. Call it 4 times a second."""
        now = self._clock.now_ns()
        self._measure_load(now)
        for identity, session in list(self._sessions.items()):
            session.service()
            self._send(identity, self._pulse(session, now))

    def beat(self) -> None:
        """The engine's thread has finished a round, or has nothing to do."""
        self._beat_ns = self._clock.now_ns()

    def failed(self, stream: Stream, words: str) -> None:
        """A generation could not be made; its session is told. Engine thread."""
        for session in list(self._sessions.values()):
            if stream in session.streams():
                session.failed(stream, words)

    def paced(self, stream: Stream, every: int) -> None:
        """Another share of the song is rendered; its session is told. Engine thread."""
        for session in list(self._sessions.values()):
            if stream in session.streams():
                session.paced(stream, every)

    # ------------------------------------------------------------ answers

    def _answer(self, identity: bytes, message: Message, payload: bytes) -> Message | None:
        if isinstance(message, Hello):
            return self._welcome(identity, message)
        if isinstance(message, Ping):
            return Pong(clock=self._clock.now_ns())
        session = self._sessions.get(identity)
        if session is None:
            raise RefusedError(
                ErrorCode.NOT_GREETED, "type", "Say hello first; nothing else is legal before."
            )
        if isinstance(message, Bye):
            self.drop(identity)
            return Ok()
        return session.handle(message, payload)

    def _welcome(self, identity: bytes, hello: Hello) -> Message:
        refusal = self._reason_to_refuse(identity, hello)
        if refusal is not None:
            return refusal
        self.drop(identity)
        self._sessions[identity] = Session(
            hello,
            self._engine,
            self._sources,
            self._clock,
            lambda message, payload: self._send(identity, message, payload),
        )
        return Welcome(
            session=secrets.token_urlsafe(16),
            version=VERSION_MAX,
            resume_token="",
            features=list(FEATURES),
            limits=_limits(),
            parameters=manifest(self._engine.model.geometry.latent_channels),
            model=self._model_info(),
            tick_ms=self._engine.tick_cost.quantile_ns(0.5) / 1e6,
            decode_realtime_factor=self._engine.decode_realtime_factor,
            clock=self._clock.now_ns(),
        )

    def _reason_to_refuse(self, identity: bytes, hello: Hello) -> Refused | None:
        versions = [VERSION_MIN, VERSION_MAX]
        if hello.version_max < VERSION_MIN or hello.version_min > VERSION_MAX:
            return Refused(
                code=ErrorCode.VERSION.value,
                message=f"This engine speaks version {VERSION_MAX}; update the older side.",
                versions=versions,
            )
        if hello.sample_rate % RATE_STEP_HZ:
            return Refused(
                code=ErrorCode.OUT_OF_RANGE.value,
                message=f"sample_rate must be a multiple of {RATE_STEP_HZ} Hz, not {hello.sample_rate}.",
                versions=versions,
            )
        if len(self._sessions) >= MAX_SESSIONS and identity not in self._sessions:
            return Refused(
                code=ErrorCode.LIMIT.value,
                message=f"This engine serves {MAX_SESSIONS} clients at once; close one first.",
                versions=versions,
            )
        return None

    def _model_info(self) -> ModelInfo:
        model = self._engine.model
        geometry = model.geometry
        return ModelInfo(
            name=model.name,
            accelerator=model.accelerator,
            sample_rate=geometry.sample_rate_hz,
            channels=geometry.audio_channels,
            frame_rate=geometry.frame_rate_hz,
            capabilities=sorted(model.capabilities),
            longest_window_seconds=geometry.longest_window_frames / geometry.frame_rate_hz,
            lossy_codec=True,
        )

    def _refuse(self, identity: bytes, error: RefusedError, seq: int | None) -> None:
        self._send(identity, refusal(error, seq))

    # ------------------------------------------------------------ signs of life

    def _pulse(self, session: Session, now: int) -> Pulse:
        silent = now - self._beat_ns
        engine = self._engine
        signs = session.signs(now)
        state = "hung" if silent > HUNG_AFTER_NS else "busy" if engine.working else "idle"
        return Pulse(
            tick=engine.ticks,
            generations=engine.generations,
            busy_ms=engine.busy_ns / 1e6,
            tick_ms=engine.tick_cost.quantile_ns(0.5) / 1e6,
            tick_ms_p99=engine.tick_cost.quantile_ns(0.99) / 1e6,
            load=self._load,
            lead_ms=signs.lead_ms,
            horizon_ms=signs.horizon_ms,
            late_bars=signs.late_bars,
            repeated_bars=signs.repeated_bars,
            every=signs.every,
            silent_ms=silent / 1e6,
            state=state,  # type: ignore[arg-type]
        )

    def _measure_load(self, now: int) -> None:
        then, busy = self._load_from
        if now - then >= 1_000_000_000:
            self._load = min(1.0, (self._engine.busy_ns - busy) / (now - then))
            self._load_from = (now, self._engine.busy_ns)

    def _send(self, identity: bytes, message: Message, payload: bytes | None = None) -> None:
        message.at = self._clock.now_ns()
        self._post(identity, pack(message, payload))


def manifest(channels: int) -> list[ParameterInfo]:
    """The registry as the wire tells it, with the single gains of a model's channels."""
    return [
        ParameterInfo(
            name=spec.name,
            unit=spec.unit,
            minimum=spec.minimum,
            maximum=spec.maximum,
            default=spec.default,
            law=spec.law.value,
            propagation=spec.propagation.value,
            lane=spec.lane,
            help=spec.help,
            choices=list(spec.choices),
        )
        for spec in (*PARAMETERS, *channel_gains(channels))
    ]


def _limits() -> Limits:
    return Limits(
        message_bytes=MAX_MESSAGE_BYTES,
        lanes=sum(spec.lane for spec in PARAMETERS),
        sources=MAX_UPLOADS,
        source_frames=MAX_SOURCE_BYTES // 8,
        streams=MAX_STREAMS,
        credit_frames=2**53,
        notes=65_536,
    )
