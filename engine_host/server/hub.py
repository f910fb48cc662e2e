"""All sessions of one engine, without a socket: frames in, frames out.

``handle`` and ``service`` are the server thread's; what streams send arrives in the outbox from
the engine's thread.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from bridge_protocol.clock import Clock
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.parameters import PARAMETERS, channel_gains
from bridge_protocol.schema import (
    VERSION_MAX,
    VERSION_MIN,
    Bye,
    Hello,
    Limits,
    ListLibrary,
    Message,
    ModelChanged,
    ModelInfo,
    ModelUse,
    Notice,
    Ok,
    ParameterInfo,
    Ping,
    Pong,
    Pulse,
    Refused,
    Welcome,
)
from bridge_protocol.wire import MAX_MESSAGE_BYTES, BadMessageError, pack, unpack_from_client
from engine_host.models.interface import Model
from engine_host.server.library import LibraryReader
from engine_host.server.model_swap import ModelSwap
from engine_host.session.refusals import refusal
from engine_host.session.session import Session
from engine_host.session.source_store import MAX_SOURCE_BYTES, SourceStore
from engine_host.session.streams import MAX_STREAMS
from engine_host.session.uploads import MAX_UPLOADS
from engine_host.stream.engine import Engine, InlineExecutor
from engine_host.stream.rates import RATE_STEP_HZ
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
HUNG_AFTER_NS = 3_000_000_000

Frames = Sequence[bytes | memoryview]
Post = Callable[[bytes, list[bytes | memoryview]], None]


class Hub:
    """See the module. ``post(identity, frames)`` sends; it may be called from any thread."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        post: Post,
        swap: ModelSwap | None = None,
        library: LibraryReader | None = None,
    ) -> None:
        self._engine, self._clock, self._post = engine, clock, post
        self._swap = swap or ModelSwap(engine, clock)
        self._library = library or LibraryReader(InlineExecutor())
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

    # ------------------------------------------------------------ the model

    def model_changed(self, old: Model, new: Model) -> None:
        """Another model plays; every session takes it up and is told. Engine thread, its lock."""
        for session in list(self._sessions.values()):
            notices = session.model_changed(old, new)
            session.tell(ModelChanged(model=model_info(new), parameters=manifest_of(new)))
            for notice in notices:
                session.tell(notice)

    def _use_model(self, identity: bytes, message: ModelUse) -> None:
        self._swap.begin(message.name, _AskedByClient(self, identity, message.seq))

    def _tell_library(self, identity: bytes, seq: int) -> None:
        def tell(reply: Message) -> None:
            self.answer(identity, reply, seq)

        self._library.begin(identity, self._engine.model, tell)

    def answer(self, identity: bytes, message: Message, seq: int | None) -> None:
        """Sends the answer that a client's message ``seq`` is owed. Any thread."""
        message.re = seq
        self._send(identity, message)

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
        if isinstance(message, ListLibrary):
            self._tell_library(identity, message.seq)
            return None
        if isinstance(message, ModelUse):
            self._use_model(identity, message)
            return None
        return session.handle(message, payload)

    def _welcome(self, identity: bytes, hello: Hello) -> Message:
        refusal = self._reason_to_refuse(identity, hello)
        if refusal is not None:
            return refusal
        self.drop(identity)
        with self._engine.lock:  # so that session and welcome are of one model
            self._sessions[identity] = self._session(identity, hello)
            return self._greeting()

    def _session(self, identity: bytes, hello: Hello) -> Session:
        return Session(
            hello,
            self._engine,
            self._sources,
            self._clock,
            lambda message, payload: self._send(identity, message, payload),
        )

    def _greeting(self) -> Welcome:
        model = self._engine.model
        return Welcome(
            session=secrets.token_urlsafe(16),
            version=VERSION_MAX,
            resume_token="",
            features=list(FEATURES),
            limits=_limits(),
            parameters=manifest_of(model),
            model=model_info(model),
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


class _AskedByClient:
    """Tells the client that asked for a model, and at the end everyone."""

    def __init__(self, hub: Hub, identity: bytes, seq: int) -> None:
        self._hub, self._identity, self._seq = hub, identity, seq

    def accepted(self) -> None:
        self._hub.answer(self._identity, Ok(), self._seq)

    def refused(self, error: RefusedError) -> None:
        self._hub.answer(self._identity, refusal(error, self._seq), self._seq)

    def failed(self, words: str, code: ErrorCode) -> None:
        notice = Notice(code=code.value, message=words[:500])
        self._hub.answer(self._identity, notice, None)

    def changed(self, old: Model, new: Model) -> None:
        self._hub.model_changed(old, new)


def model_info(model: Model) -> ModelInfo:
    """A model as the wire tells it."""
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


def manifest_of(model: Model) -> list[ParameterInfo]:
    """A model's parameters, as the wire tells them."""
    return manifest(model.geometry.latent_channels, model.defaults)


def manifest(
    channels: int, defaults: Mapping[str, float] = MappingProxyType({})
) -> list[ParameterInfo]:
    """The registry as the wire tells it, with the single gains of a model's channels.

    ``defaults`` are the model's own.
    """
    return [
        ParameterInfo(
            name=spec.name,
            unit=spec.unit,
            minimum=spec.minimum,
            maximum=spec.maximum,
            default=defaults.get(spec.name, spec.default),
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
