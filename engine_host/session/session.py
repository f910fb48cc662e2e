"""One client's session: every message it may send, checked once, at this door.

Called by the server's thread; what touches a stream does so under the engine's lock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bridge_protocol.clock import Clock
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.schema import (
    Cancel,
    CloseStream,
    Conditions,
    Credit,
    Gesture,
    Hello,
    LaneClear,
    LaneMessage,
    LiveBlock,
    LoraUse,
    Message,
    Notes,
    Notice,
    OpenStream,
    Param,
    Prompt,
    Render,
    SourceBegin,
    SourceBlock,
    SourceEnd,
    SourceUse,
    TempoMapMessage,
    Transport,
)
from engine_host.models.interface import Model
from engine_host.session.changes import Changes
from engine_host.session.conditioning import Conditioning
from engine_host.session.controls import Controls
from engine_host.session.host_stream import HostStream
from engine_host.session.host_time import HostTime
from engine_host.session.loras import Loras
from engine_host.session.model_change import new_defaults, unheard, without_misfits
from engine_host.session.references import References
from engine_host.session.renders import Renders
from engine_host.session.signs_of_life import SignsOfLife
from engine_host.session.song import Song
from engine_host.session.source_store import SourceStore
from engine_host.session.streams import Streams
from engine_host.session.track_input import TrackInput
from engine_host.session.uploads import Uploads
from engine_host.stream.engine import Engine
from engine_host.stream.promises import Sink
from engine_host.stream.stream import Stream

Reply = Message | None
Handler = Callable[[Any], Reply]  # takes messages of one type, that under which it is listed


class Session:
    """See the module. ``send`` may be called from any thread."""

    def __init__(
        self, hello: Hello, engine: Engine, sources: SourceStore, clock: Clock, send: Sink
    ) -> None:
        geometry = engine.model.geometry
        self._engine, self._send = engine, send
        self._song = Song(hello.sample_rate, geometry, engine.model.defaults)
        self._streams = Streams(engine, clock)
        self._uploads = Uploads(sources, 1 / geometry.frame_rate_hz)
        self._renders = Renders(hello.channels, self._song, self._streams, clock, send)
        self._stream = HostStream(hello, self._song, engine, self._streams, clock, send)
        changes = Changes(self._song, self._stream)
        self._track = TrackInput(hello.channels, self._song, self._stream, changes)
        self._references = References(engine, sources, self._song, changes, self._track, send)
        self._loras = Loras(engine, changes)
        self._handlers = self._handlers_with(changes)

    def _handlers_with(self, changes: Changes) -> dict[type[Message], Handler]:
        """Who takes which message, under the engine's lock."""
        time = HostTime(self._song, self._stream, self._track)
        controls = Controls(self._engine, self._stream, changes)
        conditioning = Conditioning(self._engine, changes)
        return {
            Transport: time.transport,
            TempoMapMessage: time.tempo_map,
            LaneMessage: controls.lane,
            LaneClear: controls.lane_clear,
            Param: controls.param,
            Gesture: controls.gesture,
            Prompt: conditioning.prompt,
            Conditions: conditioning.conditions,
            Notes: conditioning.notes,
            SourceUse: self._references.use,
            OpenStream: self._stream.open,
            CloseStream: self._stream.close,
            Credit: self._streams.credit,
            Render: self._renders.begin,
            Cancel: self._renders.cancel,
        }

    # ------------------------------------------------------------ the door

    def handle(self, message: Message, payload: bytes) -> Reply:
        """Takes one message; returns its reply, or None for reports, which get one only if refused."""
        if isinstance(message, SourceBegin | SourceBlock | SourceEnd):
            return self._uploads.take(message, payload)  # long, and touches no stream
        if isinstance(message, LoraUse):
            found = self._loras.look_up(message)
            with self._engine.lock:
                return self._loras.use(message, found)
        with self._engine.lock:
            if isinstance(message, LiveBlock):
                self._track.block(message, payload)
                return None
            return self._handler(message)(message)

    def _handler(self, message: Message) -> Handler:
        handler = self._handlers.get(type(message))
        if handler is None:
            raise RefusedError(
                ErrorCode.BAD_MESSAGE, "type", "That message is not legal inside a session."
            )
        return handler

    def close(self) -> None:
        """Ends every stream of the session."""
        with self._engine.lock:
            self._references.close()
            self._stream.end()
            self._renders.drop()

    # ------------------------------------------------------------ life

    def streams(self) -> list[Stream]:
        """The streams it has open. Any thread."""
        return self._streams.all()

    def signs(self, now_ns: int) -> SignsOfLife:
        """How the stream that follows the host does."""
        with self._engine.lock:
            return self._stream.signs(now_ns)

    def service(self) -> None:
        """Tells how renders go on. Server thread, a few times a second."""
        with self._engine.lock:
            self._renders.report()

    def paced(self, stream: Stream, every: int) -> None:
        """Less of the song is rendered than is played, or all of it again. Engine thread."""
        bars = stream.tiling.window_bars * every
        words = (
            f"The engine is too slow here: of every {bars} bars the first "
            f"{stream.tiling.window_bars} are rendered, and repeated."
            if every > 1
            else "Every bar is rendered again."
        )
        self._send(Notice(code=ErrorCode.ENGINE_SLOW.value, message=words), None)

    def model_changed(self, old: Model, new: Model) -> list[Notice]:
        """Another model plays; what it makes of the session that the user should know. Under the
        engine's lock."""
        self._song.set_geometry(new.geometry)
        self._uploads.shortest_seconds = 1 / new.geometry.frame_rate_hz
        misfits, told = without_misfits(new, self._song.base)
        for edit in (new_defaults(old.defaults, new.defaults), *misfits):
            state = self._song.next_state()
            self._song.amend(edit, state)
            self._stream.amend(edit, state)
        return [*told, *unheard(new, self._song)]

    def tell(self, message: Message) -> None:
        """Sends what answers nothing. Any thread."""
        self._send(message, None)

    def failed(self, stream: Stream, words: str) -> None:
        """The model could not make a generation of one of our streams. Engine thread."""
        self._send(Notice(code=ErrorCode.INTERNAL.value, message=words[:500]), None)
        self._renders.failed(stream)
