"""One client's session: every message it may send, checked once, at this door.

Called by the server's thread; what touches a stream does so under the engine's lock.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np

from bridge_protocol.clock import Clock
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.lanes import Anchor, Breakpoint, BreakpointLane, Lane, SampledLane
from bridge_protocol.meter import MeterMap
from bridge_protocol.parameters import (
    Law,
    ParameterSpec,
    PropagationClass,
    gain_channel,
    lane_parameter,
    parameter,
)
from bridge_protocol.schema import (
    Cancel,
    CloseStream,
    ConditionEntry,
    Conditions,
    Credit,
    Gesture,
    Hello,
    LaneClear,
    LaneMessage,
    LiveBlock,
    Message,
    Notes,
    Notice,
    Ok,
    OpenStream,
    Param,
    Prompt,
    Render,
    RenderDone,
    RenderProgress,
    SourceBegin,
    SourceBlock,
    SourceEnd,
    SourceUse,
    TempoMapMessage,
    Transport,
    When,
)
from bridge_protocol.tempo import TempoMap
from engine_host.session.refusals import refusal
from engine_host.session.song import Song, live_stream, map_of
from engine_host.session.source_store import SourceStore, Upload
from engine_host.session.source_uses import (
    USE_IS_NEWER,
    Place,
    check_use,
    found_words,
    is_to_be_found,
    not_found,
    place_of,
    placement_of,
)
from engine_host.stream.beats import Beats
from engine_host.stream.engine import Engine
from engine_host.stream.live_input import LiveInput, LivePlacement
from engine_host.stream.playline import Loop, Origin, PlannedJump
from engine_host.stream.promises import Promise, Sink
from engine_host.stream.rendering import fade_samples
from engine_host.stream.settings import (
    Change,
    Condition,
    Edit,
    LaneEntry,
    Settings,
    propagation_of,
    set_conditions,
    set_lane,
    set_live_source,
    set_notes,
    set_placement,
    set_prompt,
    set_touched,
    set_value,
)
from engine_host.stream.sources import Source
from engine_host.stream.stream import Stream

MAX_STREAMS = 8
MAX_UPLOADS = 4
LANE_IS_NEWER = "A lane with this revision, or a later one, is in force already."
MAX_WEIGHT = 100.0
LATENCY_STEPS_PER_SECOND = 50  # a latency that the engine chooses is a multiple of 20 ms
SHORTEST_LOOP_SECONDS = 0.1

Reply = Message | None
Handler = Callable[["Session", Message, bytes], Reply]


@dataclass(eq=False)
class RenderJob:
    """An offline render on its way."""

    stream: Stream
    first_bar: int
    total_bars: int
    started_ns: int
    told_bars: int = -1


class Session:
    """See the module. ``send`` may be called from any thread."""

    def __init__(
        self,
        token: str,
        hello: Hello,
        engine: Engine,
        sources: SourceStore,
        clock: Clock,
        send: Sink,
    ) -> None:
        self.token = token
        self.rate_hz = hello.sample_rate
        self._channels, self._block_size = hello.channels, hello.block_size
        self._engine, self._sources, self._clock, self._send = engine, sources, clock, send
        self._song = Song(hello.sample_rate, engine.model.geometry)
        self._uploads: dict[str, Upload] = {}
        self._live: Stream | None = None
        self._renders: dict[int, RenderJob] = {}
        self._origin = Origin(0, 0, 0, 0)
        self._playing = False
        self._window_bars: int | None = None  # as set before the stream was opened
        self._lane_revisions: dict[str, int] = {}
        self._uses = 0
        self._input = LiveInput()
        self._used: dict[Place, int] = {}  # which source_use is in force there
        self._closed = False

    # ------------------------------------------------------------ the door

    def handle(self, message: Message, payload: bytes) -> Reply:
        """Takes one message; returns its reply, or None for reports, which get one only if refused."""
        handler = _HANDLERS.get(type(message))
        if handler is None:
            raise RefusedError(
                ErrorCode.BAD_MESSAGE, "type", "That message is not legal inside a session."
            )
        if isinstance(message, SourceBegin | SourceBlock | SourceEnd):
            return handler(self, message, payload)  # long, and touches no stream
        with self._engine.lock:
            return handler(self, message, payload)

    def close(self) -> None:
        """Ends every stream of the session."""
        with self._engine.lock:
            self._closed = True
            for stream in self.streams():
                self._engine.remove(stream)
            self._live = None
            self._renders.clear()

    def streams(self) -> list[Stream]:
        """The streams it has open."""
        live = [self._live] if self._live else []
        return live + [job.stream for job in self._renders.values()]

    def lead_ms(self, now_ns: int) -> float | None:
        """Audio sent ahead of the host while it plays."""
        if self._live is None or not self._live.path.playing:
            return None
        return 1000 * self._live.lead_seconds(now_ns)

    @property
    def late_bars(self) -> int:
        """Bars that came too late so far."""
        return self._live.late_bars if self._live else 0

    @property
    def repeated_bars(self) -> int:
        """Bars in which an earlier window's were heard again, as planned."""
        return self._live.repeated_bars if self._live else 0

    @property
    def every(self) -> int:
        """Of how many windows one is rendered."""
        return self._live.tiling.every if self._live else 1

    def horizon_ms(self, now_ns: int) -> float:
        """How far beyond the host's place a change that is wanted now is heard."""
        if self._live is None:
            return 0.0
        cost = self._engine.cost(int(self._song.base.values["steps"]))
        return 1000 * self._live.horizon_frames(now_ns, cost) / self.rate_hz

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

    def service(self) -> None:
        """Tells how renders go on. Server thread, a few times a second."""
        with self._engine.lock:
            for number, job in list(self._renders.items()):
                self._report(number, job)

    def failed(self, stream: Stream, words: str) -> None:
        """The model could not make a generation of one of our streams. Engine thread."""
        self._send(Notice(code=ErrorCode.INTERNAL.value, message=words[:500]), None)
        for number, job in list(self._renders.items()):
            if job.stream is stream:
                self._end_render(number, cancelled=True)

    # ------------------------------------------------------------ time

    def _transport(self, message: Transport, payload: bytes) -> Reply:
        if not self._song.told_map and message.bpm is not None:
            self._constant_map(message)
        grid = self._song.grid
        loop = None
        if message.looping:
            loop = self._loop(message)
        jump = None
        if message.jump is not None:
            at, to = message.jump.at_ppq, message.jump.to_ppq
            jump = PlannedJump(grid.sample_of_ppq(at), grid.sample_of_ppq(to), message.jump.epoch)
        self._origin = Origin(
            0, message.epoch, message.address, message.sample, message.lap, loop, jump
        )
        self._playing = message.playing
        if message.lap == 0:
            self._input.begin(message.epoch, message.sample - message.address)
        if self._live is not None:
            now = self._clock.now_ns()
            self._live.follow(self._origin, message.playing, now, message.left)
        return None

    def _loop(self, message: Transport) -> Loop:
        grid = self._song.grid
        start = grid.sample_of_ppq(message.loop_start_ppq)
        end = grid.sample_of_ppq(message.loop_end_ppq)
        if end - start < SHORTEST_LOOP_SECONDS * self.rate_hz:
            raise RefusedError(
                ErrorCode.OUT_OF_RANGE,
                "loop_end_ppq",
                f"The loop lasts {1000 * (end - start) / self.rate_hz:.1f} ms; it needs at least "
                f"{1000 * SHORTEST_LOOP_SECONDS:.0f} ms.",
            )
        return Loop(start, end)

    def _constant_map(self, message: Transport) -> None:
        """The host sends no map: its tempo and signature of the moment stand for the whole song."""
        assert message.bpm is not None
        tempo = TempoMap.constant(message.bpm)
        meter = MeterMap.constant(message.numerator or 4, message.denominator or 4)
        if (tempo, meter) != (self._song.grid.tempo, self._song.grid.meter):
            self._song.set_map(tempo, meter)
            self._map_changed()

    def _tempo_map(self, message: TempoMapMessage, payload: bytes) -> Reply:
        try:
            maps = map_of(message)
        except RefusedError as error:  # the maps' own words for what the message calls otherwise
            field = error.field.replace("segments", "tempo").replace("changes", "meter")
            field = field.replace("start_ppq", "ppq")
            raise RefusedError(error.code, field, error.message) from None
        self._song.set_map(*maps)
        self._song.told_map = True
        self._map_changed()
        return Ok()

    def _map_changed(self) -> None:
        if self._live is not None:
            self._live.set_map(self._song.grid, self._song.map_revision)

    # ------------------------------------------------------------ changes

    def _lane(self, message: LaneMessage, payload: bytes) -> Reply:
        spec = self._audible(lane_parameter(message.parameter))
        if message.revision <= self._lane_revisions.get(spec.name, -1):
            return Ok(text=LANE_IS_NEWER)
        lane = _lane_of(message, spec)
        revision = message.revision
        edit = _write_lane(spec.name, lane, revision)
        adds = isinstance(lane, SampledLane)
        reply = self._change(message.seq, spec.name, edit, message.when, adds=adds)
        self._lane_revisions[spec.name] = revision
        return reply

    def _lane_clear(self, message: LaneClear, payload: bytes) -> Reply:
        spec = lane_parameter(message.parameter)
        if message.revision <= self._lane_revisions.get(spec.name, -1):
            return Ok(text=LANE_IS_NEWER)
        self._lane_revisions[spec.name] = message.revision
        return self._change(message.seq, spec.name, set_lane(spec.name, None), message.when)

    def _param(self, message: Param, payload: bytes) -> Reply:
        spec = self._audible(parameter(message.parameter))
        value = spec.check(_number_of(spec, message.value), "value")
        if spec.propagation is PropagationClass.SESSION:
            return self._between_ticks(spec.name, int(value))
        return self._change(message.seq, spec.name, set_value(spec.name, value), message.when)

    def _gesture(self, message: Gesture, payload: bytes) -> Reply:
        spec = self._audible(lane_parameter(message.parameter))
        edit = set_touched(spec.name, message.touched)
        name = f"{spec.name} gesture"  # beside the values it rules, not in place of them
        return self._change(message.seq, name, edit, message.when, spec.propagation)

    def _between_ticks(self, name: str, value: int) -> Ok:
        """A session-class parameter: no part of the song, and in force at once."""
        if name == "depth":
            self._engine.set_depth(value)
        elif name == "spare_ticks":
            self._engine.refine = value == 0
        elif name == "window_bars":
            self._check_interval(self._live_bars, value, "value")
            self._take_window_bars(value)
        return Ok()

    def _take_window_bars(self, value: int) -> None:
        if self._live is not None:
            self._live.set_window_bars(value)
        else:
            self._window_bars = value

    def _audible(self, spec: ParameterSpec) -> ParameterSpec:
        """The spec, if the model has such a channel and hears such a reference."""
        model = self._engine.model
        channel = gain_channel(spec.name)
        if channel is not None and channel > model.geometry.latent_channels:
            raise RefusedError(
                ErrorCode.UNKNOWN_PARAMETER,
                "parameter",
                f"{model.name} has {model.geometry.latent_channels} channels, no channel {channel}.",
            )
        if spec.name == "timbre_strength" and "timbre" not in model.capabilities:
            raise RefusedError(
                ErrorCode.CANNOT_HEAR, "parameter", f"{model.name} can't hear a timbre reference."
            )
        return spec

    def _prompt(self, message: Prompt, payload: bytes) -> Reply:
        reading = self._engine.model.read_prompt(message.text)
        name = "prompt" if message.slot == "a" else f"prompt_{message.slot}"
        edit = set_prompt(message.text, message.slot)
        reply = self._change(message.seq, name, edit, message.when)
        if reading.ignored:
            reply.text = "Not understood: " + ", ".join(reading.ignored)[:400]
        return reply

    def _conditions(self, message: Conditions, payload: bytes) -> Reply:
        conditions = tuple(
            _condition_of(entry, f"entries[{index}]") for index, entry in enumerate(message.entries)
        )
        edit = set_conditions(conditions)
        return self._change(message.seq, "conditions", edit, message.when)

    def _notes(self, message: Notes, payload: bytes) -> Reply:
        if "notes" not in self._engine.model.capabilities:
            raise RefusedError(
                ErrorCode.CANNOT_HEAR, "notes", f"{self._engine.model.name} can't hear notes."
            )
        notes = None if message.clear else tuple(message.notes)
        return self._change(message.seq, "notes", set_notes(notes), message.when)

    def _source_use(self, message: SourceUse, payload: bytes) -> Reply:
        heard = "source" if message.role == "target" else message.role
        if heard not in self._engine.model.capabilities:
            raise RefusedError(
                ErrorCode.CANNOT_HEAR,
                "role",
                f"{self._engine.model.name} can't hear a {message.role} reference.",
            )
        check_use(message)
        self._uses += 1
        if message.live_bars:
            return self._use_live(message)
        source = self._sources.get(message.hash) if message.hash else None
        if source is None or not is_to_be_found(message) or source.is_heard:
            return self._use(message, source, self._uses)
        number = self._uses
        self._engine.listen(source).add_done_callback(
            lambda found: self._use_found(message, source, number, found)
        )
        return None

    def _use_live(self, message: SourceUse) -> Ok:
        """The track's own input as the source, some bars later."""
        if self._live is not None:
            window_bars = self._live.tiling.window_bars
            self._check_interval(message.live_bars, window_bars, "live_bars")
        edit = set_live_source(LivePlacement(self._input, message.live_bars))
        reply = self._change(message.seq, message.role, edit, message.when)
        self._used[place_of(message)] = self._uses
        reply.text = f"What is played in a bar is heard {message.live_bars} bars later."
        return reply

    @staticmethod
    def _check_interval(live_bars: int, window_bars: int, field: str) -> None:
        if 0 < live_bars <= window_bars:
            raise RefusedError(
                ErrorCode.OUT_OF_RANGE,
                field,
                f"Windows of {window_bars} bars can't be heard {live_bars} bars later: a window is "
                f"rendered once it has been played. Give live_bars {window_bars + 1} or more, or "
                "smaller window_bars (1 is quickest).",
            )

    @property
    def _live_bars(self) -> int:
        source = self._song.base.source
        return source.bars_later if isinstance(source, LivePlacement) else 0

    def _live_block(self, message: LiveBlock, payload: bytes) -> Reply:
        if len(payload) != message.frames * self._channels * 4:
            raise RefusedError(
                ErrorCode.WRONG_LENGTH,
                "frames",
                f"{message.frames} frames of {self._channels} channels are "
                f"{message.frames * self._channels * 4} bytes, not {len(payload)}.",
            )
        audio = np.frombuffer(payload, dtype="<f4").reshape(message.frames, self._channels)
        if not np.isfinite(audio).all():
            raise RefusedError(
                ErrorCode.NOT_FINITE, "payload", "The block has samples that are no numbers."
            )
        stereo = np.repeat(audio, 2, axis=1) if self._channels == 1 else audio
        lap = (message.epoch, message.lap)
        if self._input.write(self._song.grid, lap, message.sample, stereo) and self._live:
            self._live.revision += 1
        return None

    def _use(self, message: SourceUse, source: Source | None, number: int) -> Ok:
        """Places a source whose tempo is known, as the ``number``-th that was asked for."""
        placement = None
        if source is not None:
            placement = placement_of(message, source)
            placement.check(self._song.grid)
            self._engine.warm(source, self.rate_hz)
        edit = set_placement(message.role, placement)
        reply = self._change(message.seq, message.role, edit, message.when)
        self._used[place_of(message)] = number
        if source is not None and is_to_be_found(message):
            reply.text = found_words(source.beats())
        return reply

    def _use_found(
        self, message: SourceUse, source: Source, number: int, found: Future[Beats]
    ) -> None:
        """The source's tempo is found, or there is none: the answer that was owed. Any thread."""
        if found.cancelled():
            return
        with self._engine.lock:
            if self._closed:
                return
            reply: Message
            error = found.exception()
            if error is not None:
                reply = refusal(not_found(error), message.seq)
            elif self._used.get(place_of(message), 0) > number:
                reply = Ok(text=USE_IS_NEWER)
            else:
                reply = self._answered(message, source, number)
            reply.re = message.seq
            self._send(reply, None)

    def _answered(self, message: SourceUse, source: Source, number: int) -> Message:
        try:
            return self._use(message, source, number)
        except RefusedError as error:
            return refusal(error, message.seq)

    def _change(
        self,
        number: int,
        name: str,
        edit: Edit,
        when: When,
        propagation: PropagationClass | None = None,
        *,
        adds: bool = False,
    ) -> Ok:
        """Accepts a change, everywhere it belongs, and says where it will be heard."""
        change = Change(number, name, propagation or propagation_of(name), edit, adds)
        state = self._song.next_state()
        promise: Promise | None = None
        if self._live is not None:
            now = self._clock.now_ns()
            cost = self._engine.cost(int(self._song.base.values["steps"]))
            promise = self._live.change(change, when, state, now, cost)
        if when.kind in ("bar", "ppq"):
            ppq = self._ppq_of(when)
            self._song.place(ppq, change, state)
            if promise is None:
                sample = self._song.grid.sample_of_ppq(ppq)
                bar = self._song.grid.bar_of_sample(sample)
                return Ok(bar=bar + 1, sample=sample)
        else:
            self._song.apply(change, state)
        if promise is None:
            return Ok()
        return Ok(bar=promise.bar + 1, sample=promise.sample, epoch=promise.epoch)

    def _ppq_of(self, when: When) -> float:
        if when.kind == "bar":
            assert when.bar is not None
            return float(self._song.grid.ppq(when.bar - 1))
        assert when.ppq is not None
        return when.ppq

    # ------------------------------------------------------------ sources

    def _source_begin(self, message: SourceBegin, payload: bytes) -> Reply:
        if message.hash in self._sources:
            return Ok(have=True)
        if len(self._uploads) >= MAX_UPLOADS and message.hash not in self._uploads:
            raise RefusedError(
                ErrorCode.LIMIT, "hash", f"At most {MAX_UPLOADS} uploads at once; end one first."
            )
        self._uploads[message.hash] = Upload(message)
        return Ok(have=False)

    def _source_block(self, message: SourceBlock, payload: bytes) -> Reply:
        self._upload(message.hash).block(message, payload)
        return Ok()

    def _source_end(self, message: SourceEnd, payload: bytes) -> Reply:
        upload = self._upload(message.hash)
        geometry = self._engine.model.geometry
        del self._uploads[message.hash]
        self._sources.add(upload.end(message, 1 / geometry.frame_rate_hz))
        return Ok(have=True)

    def _upload(self, name: str) -> Upload:
        upload = self._uploads.get(name)
        if upload is None:
            raise RefusedError(
                ErrorCode.UNKNOWN_SOURCE, "hash", "No upload of this source has begun."
            )
        return upload

    # ------------------------------------------------------------ streams

    def _open_stream(self, message: OpenStream, payload: bytes) -> Reply:
        if self._live is not None:
            raise RefusedError(
                ErrorCode.LIMIT, "stream", "This session's stream is open already; close it first."
            )
        self._check_free(message.stream)
        window_bars = self._window_bars or message.window_bars
        self._check_interval(self._live_bars, window_bars, "window_bars")
        latency_frames = self._latency_frames(message)
        stream = live_stream(
            self._song,
            stream_id=message.stream,
            geometry=self._engine.model.geometry,
            origin=self._origin,
            sink=self._send,
            window_bars=window_bars,
            payload_format=message.format,
            channels=self._channels,
            latency_frames=latency_frames,
            host_block=self._block_size,
        )
        stream.follow(self._origin, self._playing, self._clock.now_ns())
        self._live = stream
        self._engine.add(stream)
        return Ok(latency_frames=latency_frames)

    def _latency_frames(self, message: OpenStream) -> int | None:
        """The constant latency, at least what the client's buffer and the engine's slow end need."""
        if message.latency == "adaptive":
            return None
        cost = self._engine.cost(int(self._song.base.values["steps"]))
        engine_ns = cost.request_to_sound_ns + cost.between_births_ns
        joins = 2 * fade_samples(self.rate_hz)
        least = message.buffer_frames + joins + math.ceil(engine_ns * self.rate_hz / 1e9)
        if not message.latency_ms:
            step = self.rate_hz // LATENCY_STEPS_PER_SECOND
            return -(-least // step) * step
        asked = round(message.latency_ms * self.rate_hz / 1000)
        if asked < least:
            raise RefusedError(
                ErrorCode.OUT_OF_RANGE,
                "latency_ms",
                f"{message.latency_ms:g} ms is too short for this engine and buffer_frames; "
                f"give at least {math.ceil(1000 * least / self.rate_hz)}, or 0 to let it choose.",
            )
        return asked

    def _close_stream(self, message: CloseStream, payload: bytes) -> Reply:
        stream = self._stream(message.stream)
        if stream is not self._live:
            raise RefusedError(ErrorCode.UNKNOWN_STREAM, "stream", "A render is ended by cancel.")
        self._engine.remove(stream)
        self._live = None
        return Ok()

    def _credit(self, message: Credit, payload: bytes) -> Reply:
        """More room in the client: what is ready goes out at once, however long a tick takes."""
        stream = self._stream(message.stream)
        stream.grant(message.epoch, message.frames)
        stream.emit(self._clock.now_ns())
        return None

    def _render(self, message: Render, payload: bytes) -> Reply:
        self._check_free(message.stream)
        if isinstance(self._song.base.source, LivePlacement):
            raise RefusedError(
                ErrorCode.CANNOT_HEAR, "source", "A live input can't be rendered offline."
            )
        stream = self._song.render_stream(
            stream_id=message.stream,
            first_bar=message.first_bar,
            last_bar=message.last_bar,
            sink=self._send,
            window_bars=message.window_bars,
            payload_format=message.format,
            channels=self._channels,
        )
        stream.grant(0, 0)  # a render over the wire flows on credit
        bars = message.last_bar - message.first_bar + 1
        job = RenderJob(stream, message.first_bar, bars, self._clock.now_ns())
        self._renders[message.stream] = job
        self._engine.add(stream)
        return Ok(sample=stream.end_x)

    def _cancel(self, message: Cancel, payload: bytes) -> Reply:
        if message.stream not in self._renders:
            raise RefusedError(ErrorCode.UNKNOWN_STREAM, "stream", "No such render is running.")
        self._end_render(message.stream, cancelled=True)
        return Ok()

    def _check_free(self, number: int) -> None:
        taken = {stream.id for stream in self.streams()}
        if number in taken:
            raise RefusedError(ErrorCode.LIMIT, "stream", f"Stream {number} is in use.")
        if len(taken) >= MAX_STREAMS:
            raise RefusedError(ErrorCode.LIMIT, "stream", f"At most {MAX_STREAMS} streams at once.")

    def _stream(self, number: int) -> Stream:
        for stream in self.streams():
            if stream.id == number:
                return stream
        raise RefusedError(ErrorCode.UNKNOWN_STREAM, "stream", f"Stream {number} is not open.")

    def _report(self, number: int, job: RenderJob) -> None:
        stream = job.stream
        start = stream.grid.sample(job.first_bar - 1)
        done = stream.grid.bar_of_sample(start + stream.head) - (job.first_bar - 1)
        if done != job.told_bars:
            job.told_bars = done
            spent = (self._clock.now_ns() - job.started_ns) / 1e9
            left = spent / done * (job.total_bars - done) if done else 0.0
            self._send(
                RenderProgress(
                    stream=number, done_bars=done, total_bars=job.total_bars, seconds_left=left
                ),
                None,
            )
        if stream.finished:
            self._end_render(number, cancelled=False)

    def _end_render(self, number: int, *, cancelled: bool) -> None:
        job = self._renders.pop(number)
        self._engine.remove(job.stream)
        self._send(RenderDone(stream=number, frames=job.stream.head, cancelled=cancelled), None)


def _number_of(spec: ParameterSpec, value: float | str) -> float:
    if isinstance(value, str):
        if spec.law is Law.CHOICE and value in spec.choices:
            return float(spec.choices.index(value))
        options = ", ".join(spec.choices) or "a number"
        raise RefusedError(
            ErrorCode.OUT_OF_RANGE, "value", f"{spec.name} takes {options}, not {value!r}."
        )
    return value


def _condition_of(entry: ConditionEntry, field: str) -> Condition:
    if entry.stop <= entry.start:
        raise RefusedError(
            ErrorCode.BAD_ORDER, f"{field}.stop", "A condition stops after it starts."
        )
    lane = None
    if entry.points:
        for index, point in enumerate(entry.points):
            if not 0 <= point.value <= MAX_WEIGHT:
                raise RefusedError(
                    ErrorCode.OUT_OF_RANGE,
                    f"{field}.points[{index}].value",
                    f"A weight goes from 0 to {MAX_WEIGHT:g}.",
                )
        points = [Breakpoint(p.position, p.value, p.shape, p.tension) for p in entry.points]
        lane = BreakpointLane(points, Anchor.PPQ)
    return Condition(entry.text, entry.weight, lane, entry.start, entry.stop)


def _lane_of(message: LaneMessage, spec: ParameterSpec) -> Lane:
    """The lane a message describes, every value finite and in the parameter's range."""
    if bool(message.points) == bool(message.values):
        raise RefusedError(
            ErrorCode.WRONG_LENGTH,
            "points",
            "A lane has either points or values, and at least one.",
        )
    if message.points:
        for index, point in enumerate(message.points):
            spec.check(point.value, f"points[{index}].value")
        points = [Breakpoint(p.position, p.value, p.shape, p.tension) for p in message.points]
        return BreakpointLane(points, message.anchor)
    if message.count != len(message.values):
        raise RefusedError(
            ErrorCode.WRONG_LENGTH,
            "values",
            f"count says {message.count} values; there are {len(message.values)}.",
        )
    for index, value in enumerate(message.values):
        spec.check(value, f"values[{index}]")
    return SampledLane(message.start, message.rate, message.values)


def _write_lane(name: str, lane: Lane, revision: int) -> Edit:
    """Points replace the lane; sampled values replace their range of a sampled lane."""

    def edit(settings: Settings) -> Settings:
        before = settings.lanes.get(name)
        merged = lane
        old = before.lane if before else None
        if isinstance(lane, SampledLane) and isinstance(old, SampledLane):
            merged = old.replaced(lane) if old.rate_hz == lane.rate_hz else lane
        return set_lane(name, LaneEntry(merged, revision))(settings)

    return edit


_HANDLERS: dict[type[Message], Handler] = {
    Transport: Session._transport,  # type: ignore[dict-item]
    TempoMapMessage: Session._tempo_map,  # type: ignore[dict-item]
    LaneMessage: Session._lane,  # type: ignore[dict-item]
    LaneClear: Session._lane_clear,  # type: ignore[dict-item]
    Param: Session._param,  # type: ignore[dict-item]
    Gesture: Session._gesture,  # type: ignore[dict-item]
    Prompt: Session._prompt,  # type: ignore[dict-item]
    Conditions: Session._conditions,  # type: ignore[dict-item]
    Notes: Session._notes,  # type: ignore[dict-item]
    SourceBegin: Session._source_begin,  # type: ignore[dict-item]
    SourceBlock: Session._source_block,  # type: ignore[dict-item]
    SourceEnd: Session._source_end,  # type: ignore[dict-item]
    SourceUse: Session._source_use,  # type: ignore[dict-item]
    LiveBlock: Session._live_block,  # type: ignore[dict-item]
    OpenStream: Session._open_stream,  # type: ignore[dict-item]
    CloseStream: Session._close_stream,  # type: ignore[dict-item]
    Credit: Session._credit,  # type: ignore[dict-item]
    Render: Session._render,  # type: ignore[dict-item]
    Cancel: Session._cancel,  # type: ignore[dict-item]
}
