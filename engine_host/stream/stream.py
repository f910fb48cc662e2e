"""One stream of the song: what to render next, what to send next, what was promised.

The engine's lock guards every method; none of them waits, decodes or runs the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from bridge_protocol.bars import BarGrid
from bridge_protocol.blocks import Samples, encode_payload
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.parameters import PropagationClass, parameter
from bridge_protocol.schema import (
    Audio,
    BarMark,
    JoinMark,
    Message,
    PayloadFormat,
    PromiseMessage,
    When,
)
from engine_host.models.interface import Geometry
from engine_host.stream.cues import Cue, CueList, Pending, Promise
from engine_host.stream.host_path import HostPath
from engine_host.stream.plan import Plan, make_plan
from engine_host.stream.playline import Leg, Origin
from engine_host.stream.rendering import Rendering, RenderingStore, Unit, fade_samples
from engine_host.stream.settings import Change, Settings
from engine_host.stream.voice import Join, Voice
from engine_host.stream.windows import Window, frames_of, window_of

MAX_BLOCK_FRAMES = 4096
LOOKAHEAD_SECONDS = 12.0
CRITICAL_LEAD_SECONDS = 0.1  # with less than this left in the client, what there is must do
CATCH_UP_SECONDS = 0.03  # after it fell behind, sending begins so far ahead of the host
NEVER = 2**62  # the x of what the path does not come to, as things stand
BROKEN = -1  # the x of a promise that can't be kept any more

DECLICK = parameter("declick")

Sink = Callable[[Message, bytes | None], None]


class TooLateError(RefusedError):
    """The change can't be heard where it was wanted; ``promise`` is the next place where it can."""

    def __init__(self, promise: Promise) -> None:
        super().__init__(
            ErrorCode.TOO_LATE,
            "when",
            f"That place can't be met any more; the next is bar {promise.bar + 1}.",
        )
        self.promise = promise


@dataclass(frozen=True)
class Cost:
    """What the engine needs now: ns from a request to a decoded bar, and between two births."""

    request_to_sound_ns: int = 0
    between_births_ns: int = 0
    next_tick: int = 0


@dataclass(frozen=True, eq=False)
class Piece:
    """A stretch of the path inside one bar, under one set of settings."""

    x: int
    end: int
    leg: Leg
    bar: int
    sample: int
    settings: Settings
    window: Window


class Stream:
    """See the module. ``end_x`` bounds an offline render; a live stream has none."""

    def __init__(
        self,
        *,
        stream_id: int,
        geometry: Geometry,
        grid: BarGrid,
        map_revision: int,
        settings: Settings,
        origin: Origin,
        sink: Sink,
        window_bars: int = 4,
        payload_format: PayloadFormat = "f32",
        channels: int = 2,
        end_x: int | None = None,
    ) -> None:
        self.id = stream_id
        self.store = RenderingStore()
        self.cues = CueList(settings)
        self.head = origin.x
        self.late_bars = 0
        self.revision = 0  # counts whatever may change what should be rendered next
        self.end_x = end_x
        self.finished = False
        self._geometry = geometry
        self._grid, self._map_revision = grid, map_revision
        self.path = HostPath(origin, grid.sample_rate_hz)
        self._sink = sink
        self._window_bars, self._format, self._channels = window_bars, payload_format, channels
        self._fade = fade_samples(grid.sample_rate_hz)
        self._plans: dict[tuple[Window, Settings, int], Plan] = {}
        self._windows: dict[tuple[int, tuple[int, int] | None], Window] = {}
        self._pending: list[Pending] = []
        self._parked: list[Cue] = []
        self._voice: Voice | None = None
        self._join: Join | None = None
        self._piece: Piece | None = None
        self._sequence = 0
        self._granted: dict[int, int] = {}

    # ------------------------------------------------------------ the path

    @property
    def offline(self) -> bool:
        """Whether it renders a range and may take all the time it needs."""
        return self.end_x is not None

    @property
    def grid(self) -> BarGrid:
        """The bars in force."""
        return self._grid

    @property
    def rate_hz(self) -> int:
        """The session's sample rate."""
        return self._grid.sample_rate_hz

    def lead_seconds(self, now_ns: int) -> float:
        """Audio sent ahead of the host."""
        return max(0, self.head - self.path.play_x(now_ns)) / self.rate_hz

    def follow(self, told: Origin, playing: bool, now_ns: int) -> None:
        """The host says where it is and how it goes on."""
        if not self.path.knows(told.epoch):
            self.path.relocate(told, playing, now_ns, self.head)
            self._restart_at(self.head)
            self._resolve_again()
            return
        parting = self.path.report(told, playing, now_ns)
        if parting is None:
            return
        self.revision += 1
        if parting < self.head + self._fade:  # what was sent beyond it is sent again
            self._restart_at(max(self.path.start_x, min(self.head, parting)))
        self._resolve_again()

    def _restart_at(self, x: int) -> None:
        self.revision += 1
        self.head = x
        self._voice = self._join = self._piece = None

    def set_map(self, grid: BarGrid, map_revision: int) -> None:
        """Another tempo map: every window is another one; the host follows with a new epoch."""
        self._grid, self._map_revision = grid, map_revision
        self._break_placed_promises()
        self._plans.clear()
        self._windows.clear()
        self._restart_at(self.head)

    def set_window_bars(self, window_bars: int) -> None:
        """Other windows from the next piece on; what sounds goes on to its bar line."""
        self.revision += 1
        self._window_bars = window_bars
        self._plans.clear()
        self._windows.clear()

    def _break_placed_promises(self) -> None:
        """Promises on places of the song hold in the map they were given in: another map moves the
        place, the change stays on it, and where that is now is told with the broken promise."""
        for pending in list(self._pending):
            if pending.cue is None or pending.cue.ppq is None:
                continue
            sample = self._grid.sample_of_ppq(pending.cue.ppq)
            now_at = replace(pending.promise, sample=sample, bar=self._grid.bar_of_sample(sample))
            self._pending.remove(pending)
            self._tell(
                pending, "broken", now_at, 0, "the tempo map changed; it is heard at its new place"
            )

    def grant(self, epoch: int, frames: int) -> None:
        """Credit up to an address of an epoch; less than before changes nothing."""
        self._granted[epoch] = max(frames, self._granted.get(epoch, 0))
        oldest = self.path.oldest_epoch
        self._granted = {e: f for e, f in self._granted.items() if e >= oldest}

    # ------------------------------------------------------------ pieces of the path

    def piece_at(self, x: int) -> Piece:
        """The piece that holds ``x``: it ends at its bar's end, the leg's, or the next cue."""
        leg = self.path.leg_at(x)
        sample = leg.sample_at(x)
        bar = self._grid.bar_of_sample(sample)
        cue, later = self.cues.last_at_or_before(x), self.cues.next_after(x)
        starts = [leg.x, x - (sample - self._grid.sample(bar))]
        ends = [x + self._grid.sample(bar + 1) - sample]
        if leg.length is not None:
            ends.append(leg.x + leg.length)
        if cue is not None:
            starts.append(cue)
        if later is not None:
            ends.append(later)
        if self.end_x is not None:
            ends.append(max(self.end_x, x + 1))
        start = max(starts)
        return Piece(
            start,
            min(ends),
            leg,
            bar,
            leg.sample_at(start),
            self.cues.at(x),
            self._window(bar, leg),
        )

    def _window(self, bar: int, leg: Leg) -> Window:
        key = (bar, self._loop_bars(leg))
        if key not in self._windows:
            self._windows[key] = window_of(
                bar, self._window_bars, self._grid, self._map_revision, self._geometry, key[1]
            )
        return self._windows[key]

    def _loop_bars(self, leg: Leg) -> tuple[int, int] | None:
        """The loop in bars, where it begins and ends on bar lines (else windows don't wrap)."""
        if leg.looping is None:
            return None
        grid = self._grid
        first, end = grid.bar_of_sample(leg.looping.start), grid.bar_of_sample(leg.looping.end)
        if (grid.sample(first), grid.sample(end)) != (leg.looping.start, leg.looping.end):
            return None
        return first, end

    def plan_of(self, piece: Piece) -> Plan:
        """The plan for a piece; made once for a window and settings."""
        key = (piece.window, piece.settings, piece.leg.lap)
        if key not in self._plans:
            if len(self._plans) > 128:
                self._plans.clear()
            frames = frames_of(piece.window, self._grid, self._geometry)
            self._plans[key] = make_plan(frames, piece.settings, piece.leg.lap)
        return self._plans[key]

    def upcoming(self) -> Iterator[Piece]:
        """The pieces from the next unsent frame on, as far as the engine looks ahead."""
        limit = self.head + int(LOOKAHEAD_SECONDS * self.rate_hz)
        if self.end_x is not None:
            limit = self.end_x
        x = self.head if self._piece is None else max(self.head, self._piece.x)
        x = max(x, self.path.start_x)
        while x < limit:
            piece = self.piece_at(x)
            yield piece
            x = piece.end

    # ------------------------------------------------------------ changes and promises

    def change(self, change: Change, when: When, state: int, now_ns: int, cost: Cost) -> Promise:
        """Accepts a change and promises where it is heard, or raises TooLateError."""
        self.revision += 1
        if self._piece is None and when.kind in ("now", "next_beat", "next_bar"):
            self.cues.set_base(change.applied(self.cues.base, state))
            promise = self._promise_at(self.head)
            self._pending.append(Pending(change, promise, cost.next_tick, None))
            return promise
        earliest = self._earliest(now_ns, cost)
        if when.kind == "now":
            return self._change_now(change, state, earliest, cost)
        x = self._resolve(when, earliest)
        promise = self._promise_at(x)
        cue = self.cues.add(x, state, change, self._ppq_of(when, promise.sample))
        self._pending.append(Pending(change, promise, cost.next_tick, cue))
        return promise

    def adopt(self, ppq: float, change: Change, state: int) -> None:
        """A change that has its place in the song already, before anything was sent."""
        self.revision += 1
        sample = self._grid.sample_of_ppq(ppq)
        x = self.path.find(sample, self.head + 1)
        if x is not None:
            self.cues.add(x, state, change, ppq)
        elif sample <= self.path.leg_at(self.head).sample_at(self.head):
            self.cues.set_base(change.applied(self.cues.base, state))
        else:
            self._parked.append(Cue(NEVER, ppq, [(state, change)]))

    def _earliest(self, now_ns: int, cost: Cost) -> int:
        if self._piece is None:
            return self.head
        free = self.head + 2 * self._fade
        if self.offline or not self.path.playing:
            return free
        needed = cost.request_to_sound_ns * self.rate_hz // 1_000_000_000
        return max(free, self.head + needed, self.path.play_x(now_ns) + needed)

    def _change_now(self, change: Change, state: int, earliest: int, cost: Cost) -> Promise:
        """As soon as possible. What comes faster than slots are born joins the cue that waits."""
        waiting = self.cues.newest_live(self.head + self._fade + 1)
        gap = max(self._fade, cost.between_births_ns * self.rate_hz // 1_000_000_000)
        if waiting and self._may_join(waiting, change):
            x = waiting.x
            self._supersede(change.parameter, x)
        else:
            x = max(earliest, waiting.x + gap if waiting else earliest)
        cue = self.cues.add(x, state, change, None)
        promise = self._promise_at(x)
        self._pending.append(Pending(change, promise, cost.next_tick, cue))
        return promise

    @staticmethod
    def _may_join(waiting: Cue, change: Change) -> bool:
        """Whether a change can still ride with a waiting cue: before its slot is born, or, if
        slots in flight hear it, before that slot has landed."""
        hears = change.propagation is not PropagationClass.SUBMISSION
        return not waiting.started or (hears and not waiting.landed)

    def _supersede(self, name: str, x: int) -> None:
        """A newer value for the same place: the older one will not be heard."""
        for pending in [
            p for p in self._pending if p.promise.x == x and p.change.parameter == name
        ]:
            self._pending.remove(pending)
            self._tell(pending, "replaced", pending.promise, 0, "a newer value came before it")

    def _promise_at(self, x: int) -> Promise:
        leg = self.path.leg_at(x)
        sample = leg.sample_at(x)
        return Promise(x, self._grid.bar_of_sample(sample), sample, leg.epoch)

    def _resolve(self, when: When, earliest: int) -> int:
        if when.kind in ("next_beat", "next_bar"):
            return self.path.next_line(self._grid, earliest, beats=when.kind == "next_beat")
        sample = self._wanted_sample(when)
        found = self.path.find(sample, self.head)
        if found is None or found < earliest:
            raise TooLateError(
                self._promise_at(self.path.next_line(self._grid, earliest, beats=False))
            )
        return found

    def _wanted_sample(self, when: When) -> int:
        if when.kind == "bar":
            assert when.bar is not None
            return self._grid.sample(when.bar - 1)
        assert when.ppq is not None
        return self._grid.sample_of_ppq(when.ppq)

    def _ppq_of(self, when: When, sample: int) -> float:
        """The song position a change is tied to; ``sample`` is that position in the map of now."""
        if when.kind == "bar":
            assert when.bar is not None
            return float(self._grid.ppq(when.bar - 1))
        return self._grid.next_beat(sample)[0] if when.ppq is None else when.ppq

    def _resolve_again(self) -> None:
        """The path has changed: cues keep their song position where it still comes.

        One that lies behind takes effect at once, its promise broken; one that lies ahead but is
        not on the path (a loop keeps the host from it) waits until it is.
        """
        cues = [*self.cues, *self._parked]
        here = self.path.leg_at(max(self.head, self.path.start_x)).sample_at(self.head)
        for cue in cues:
            sample = None if cue.ppq is None else self._grid.sample_of_ppq(cue.ppq)
            found = None if sample is None else self.path.find(sample, self.head)
            behind = sample is None or sample <= here
            cue.x = found if found is not None else self.head if behind else NEVER
            told_x = BROKEN if found is None and behind else cue.x
            for pending in [p for p in self._pending if p.cue is cue]:
                pending.promise = replace(pending.promise, x=told_x)
        self._parked = [cue for cue in cues if cue.x == NEVER]
        self.cues.replace_all([cue for cue in cues if cue.x != NEVER])

    def _tell(
        self, pending: Pending, status: str, heard: Promise, finished_tick: int, reason: str
    ) -> None:
        ticks = max(0, finished_tick - pending.accepted_tick + 1)
        self._sink(
            PromiseMessage(
                change=pending.change.number,
                status=status,  # type: ignore[arg-type]
                parameter=pending.change.parameter,
                bar=heard.bar + 1,
                sample=heard.sample,
                promised_sample=pending.promise.sample,
                epoch=heard.epoch,
                ticks=ticks,
                reason=reason,
            ),
            None,
        )

    def _settle_promises(self, piece: Piece, voice: Voice) -> None:
        """Tells what became of every change that this voice is the first to carry."""
        due = [p for p in self._pending if p.promise.x <= piece.x]
        if voice.late or not due:
            return
        heard = self._promise_at(piece.x)
        for pending in due:
            self._pending.remove(pending)
            kept = pending.promise.x == piece.x
            reason = "" if kept else "the transport moved, or the engine was too slow for it"
            tick = self.store.first_landed(self.plan_of(piece))
            tick = voice.unit.rendering.finished_tick if tick is None else tick
            self._tell(pending, "kept" if kept else "broken", heard, tick, reason)

    # ------------------------------------------------------------ sending

    def needed_unit(self, now_ns: int) -> tuple[Rendering, int] | None:
        """The bar to decode next, if its rendering is there and its sound is not."""
        if self.finished:
            return None
        piece = self._next_piece()
        if piece is None:
            return None
        rendering = self._chosen(piece, now_ns)
        if rendering is None or self.store.unit(rendering, piece.bar) is not None:
            return None
        return rendering, piece.bar

    def _next_piece(self) -> Piece | None:
        if self._piece is None:
            return self.piece_at(self.head)
        end = self._current_end()
        return None if self.end_x is not None and end >= self.end_x else self.piece_at(end)

    def _current_end(self) -> int:
        assert self._piece is not None
        return self.piece_at(max(self.head, self._piece.x)).end

    def _chosen(self, piece: Piece, now_ns: int) -> Rendering | None:
        """The rendering for a piece: the right one, or when time is up the newest of its window."""
        plan = self.plan_of(piece)
        rendering = self.store.acceptable(plan)
        if rendering is None and self._pressed(now_ns) and self._voice is not None:
            return self.store.newest_of_window(plan)
        return rendering

    def _pressed(self, now_ns: int) -> bool:
        if self.offline or not self.path.playing:
            return False
        return self.lead_seconds(now_ns) < CRITICAL_LEAD_SECONDS

    def emit(self, now_ns: int) -> int:
        """Sends what is ready and granted; returns the frames sent. Decodes nothing."""
        sent = 0
        self._catch_up(now_ns)
        while not self.finished:
            if self._piece is None or self.head >= self._zone_end():
                if not self._advance(now_ns):
                    break
                continue
            frames = self._block_frames()
            if frames <= 0:
                break
            self._send(frames)
            sent += frames
        return sent

    def _catch_up(self, now_ns: int) -> None:
        """What the host has passed unheard is not sent any more."""
        if self.path.playing and self.head < self.path.play_x(now_ns):
            self._restart_at(self.path.play_x(now_ns) + int(CATCH_UP_SECONDS * self.rate_hz))

    def _zone_end(self) -> int:
        """Where the next piece's join begins: up to there this voice sounds alone."""
        assert self._piece is not None
        end = self._current_end()
        if self.end_x is not None and end >= self.end_x:
            return self.end_x
        following = self.piece_at(end)
        asked = round(following.settings.value(DECLICK) * self.rate_hz / 1000)
        fade = min(asked, (end - self._piece.x) // 2, (following.end - end) // 2)
        return max(self.head, end - fade)

    def _advance(self, now_ns: int) -> bool:
        """Takes the voice of the next piece, if there is one to take."""
        if self.end_x is not None and self.head >= self.end_x:
            self.finished = True
            return False
        piece = self._next_piece()
        if piece is None:
            return False
        voice = self._voice_for(piece, now_ns)
        if voice is None:
            return False
        if self._voice is not None and piece.x > self.head:
            self._join = Join(self._voice, voice, piece.x, piece.x - self.head)
        else:
            self._join = None
        self.late_bars += voice.late
        self._voice, self._piece = voice, piece
        self.revision += 1
        self._settle_promises(piece, voice)
        self.cues.settle(piece.x)
        return True

    def _voice_for(self, piece: Piece, now_ns: int) -> Voice | None:
        unit = self._unit_for(piece)
        start = self._grid.sample(piece.bar)
        if unit is not None:
            return Voice(unit, piece.settings, piece.x, piece.sample, start)
        if self._voice is None or not self._pressed(now_ns):
            return None
        spare = self.store.newest_of_window(self.plan_of(piece))
        unit = self.store.unit(spare, piece.bar) if spare else None
        unit = unit or self._voice.unit  # nothing of this window yet: the last good bar again
        settings = unit.rendering.plan.settings
        return Voice(unit, settings, piece.x, piece.sample, start, late=True)

    def _unit_for(self, piece: Piece) -> Unit | None:
        rendering = self.store.acceptable(self.plan_of(piece))
        return None if rendering is None else self.store.unit(rendering, piece.bar)

    def _block_frames(self) -> int:
        """Frames of the next block: no longer than credit, zone, join and leg allow."""
        leg = self.path.leg_at(self.head)
        ends = [self.head + MAX_BLOCK_FRAMES, self._zone_end()]
        if leg.length is not None:
            ends.append(leg.x + leg.length)
        if self._join and self.head < self._join.boundary:
            ends.append(self._join.boundary)
        if not self.offline or self._granted:
            ends.append(self.path.x_of(leg.epoch, self._granted.get(leg.epoch, 0), self.head))
        return min(ends) - self.head

    def _send(self, frames: int) -> None:
        assert self._voice is not None and self._piece is not None
        x, join = self.head, self._join
        joining = join is not None and x < join.boundary
        audio = join.read(x, frames) if join and joining else self._voice.read(x, frames)
        leg = self.path.leg_at(x)
        self.head = x + frames
        ended: list[JoinMark] = []
        if join is not None and joining and self.head == join.boundary:
            if not join.seamless:
                ended = [JoinMark(join.boundary - join.length - x, join.length, join.step)]
            self._join = None
        self._deliver(audio, x, leg, ended)

    def _deliver(self, audio: Samples, x: int, leg: Leg, joins: list[JoinMark]) -> None:
        voice = self._voice
        assert voice is not None
        if self._channels == 1:
            audio = audio.mean(axis=1, keepdims=True)
        sample = leg.sample_at(x)
        self._sequence += 1
        self._sink(
            Audio(
                stream=self.id,
                epoch=leg.epoch,
                lap=leg.lap,
                sequence=self._sequence,
                address=leg.address_at(x),
                sample=sample,
                frames=len(audio),
                channels=self._channels,
                format=self._format,
                generation=voice.unit.rendering.generation,
                state=voice.settings.state,
                revisions=voice.settings.revisions(),
                bars=self._bar_marks(sample, len(audio)),
                joins=joins,
                late=voice.late,
                dry=voice.dry,
                last=self.end_x is not None and x + len(audio) >= self.end_x,
            ),
            encode_payload(audio, self._format),
        )

    def _bar_marks(self, sample: int, frames: int) -> list[BarMark]:
        marks: list[BarMark] = []
        bar = self._grid.bar_of_sample(sample)
        if self._grid.sample(bar) < sample:
            bar += 1
        while (start := self._grid.sample(bar)) < sample + frames:
            marks.append(BarMark(bar + 1, start - sample))
            bar += 1
        return marks
