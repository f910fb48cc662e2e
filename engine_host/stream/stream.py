"""One stream of the song: what to render next, what to send next, what was promised.

The engine's lock guards every method; none of them waits, decodes or runs the model.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bridge_protocol.bars import BarGrid
from bridge_protocol.blocks import Samples, encode_payload
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.parameters import PropagationClass, parameter
from bridge_protocol.schema import (
    Audio,
    BarMark,
    JoinMark,
    PayloadFormat,
    When,
)
from engine_host.models.interface import Geometry
from engine_host.stream.cues import Cue, CueList
from engine_host.stream.host_path import HostPath
from engine_host.stream.plan import Plan
from engine_host.stream.playline import Leg, Origin
from engine_host.stream.promises import BROKEN, NEVER, Promise, Promises, Sink
from engine_host.stream.rendering import Rendering, RenderingStore, Unit, fade_samples
from engine_host.stream.settings import Change, Edit, Settings
from engine_host.stream.tiling import Tile, Tiling
from engine_host.stream.trail import Trail
from engine_host.stream.voice import Join, Voice

MAX_BLOCK_FRAMES = 4096
LOOKAHEAD_SECONDS = 12.0
OFFLINE_LOOKAHEAD_SECONDS = 120.0
CRITICAL_LEAD_SECONDS = 0.1  # with less than this left in the client, what there is must do
CATCH_UP_SECONDS = 0.03  # after it fell behind, sending begins so far ahead of the host

DECLICK = parameter("declick")


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
    tile: Tile

    @property
    def repeats(self) -> bool:
        """Whether an earlier window's bar is heard in this one's place, as the engine is too slow."""
        return self.tile.bar != self.bar


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
        latency_frames: int | None = None,
        host_block: int = 0,
    ) -> None:
        self.id = stream_id
        self.store = RenderingStore()
        self.cues = CueList(settings)
        self.head = origin.x
        self.late_bars = 0
        self.repeated_bars = 0
        self.latency_frames = latency_frames
        self.missed_latency = 0  # changes that came later than the fixed latency
        self.revision = 0  # counts whatever may change what should be rendered next
        self.end_x = end_x
        self.finished = False
        self._geometry = geometry
        self.tiling = Tiling(grid, map_revision, geometry, window_bars)
        self._promises = Promises(sink)
        self._begins = True  # the host has moved, and nothing of its new place was sent yet
        self._awaits_host = False  # the map has changed, and the host has not told its place in it
        self.path = HostPath(origin, grid.sample_rate_hz)
        self._sink = sink
        self._format, self._channels = payload_format, channels
        self._host_block = host_block  # frames that the host reads at once
        self._fade = fade_samples(grid.sample_rate_hz)
        self._parked: list[Cue] = []
        self._voice: Voice | None = None
        self._join: Join | None = None
        self._piece: Piece | None = None
        self._piece_end: int | None = None  # as last looked up
        self._sounds_from = origin.x  # where the voice that sounds began
        self._trail: Trail[tuple[Piece, Voice]] = Trail()
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
        return self.tiling.grid

    @property
    def rate_hz(self) -> int:
        """The session's sample rate."""
        return self.grid.sample_rate_hz

    def lead_seconds(self, now_ns: int) -> float:
        """Audio sent ahead of the host."""
        return max(0, self.head - self.path.play_x(now_ns)) / self.rate_hz

    def follow(
        self,
        told: Origin,
        playing: bool,
        now_ns: int,
        left: int | None = None,
        gap: tuple[int, int] | None = None,
    ) -> None:
        """The host says where it is and how it goes on. ``left``: the address at which it left the
        epoch before, where this one is new. ``gap``: addresses of this epoch, the end excluded, at
        which nothing was there for it to play."""
        awaited, self._awaits_host = self._awaits_host, False
        if not self.path.knows(told.epoch):
            unheard = self.path.left_x(left, now_ns)
            self._played(unheard - 1)
            self.path.relocate(told, playing, now_ns, self.head)
            self._restart_at(self.head)
            self._begins = True
            self._promises.taken_back(unheard)
            self._resolve_again(unheard)
            return
        if gap is not None:
            self._unheard(told.epoch, *gap)
        parting = self.path.report(told, playing, now_ns)
        if self.head < self.path.start_x:  # the host has passed all that was sent
            self._restart_at(self.path.start_x)
        self.path.set_beat(self._beat_frames(told.sample))
        self._played(self.path.start_x - 1)
        if awaited:
            self._restart_at(self.head)
            self._resolve_again(self.path.start_x)
        elif parting is not None:
            self._part(parting)
        elif self._parked:
            self._resolve_again(NEVER)

    def _beat_frames(self, sample: int) -> float:
        bpm = self.grid.tempo.bpm(self.grid.ppq_of_sample(sample))
        return 60 / bpm * self.rate_hz

    def _played(self, x: int) -> None:
        """The host has come to ``x``: what was promised up to there is heard, and in force."""
        self._promises.played(x)
        self.cues.settle(x)
        self._trail.heard(x)

    def _unheard(self, epoch: int, start: int, end: int) -> None:
        """The host had nothing to play there: what was sent for it came too late."""
        first, behind = (self.path.x_of(epoch, address, 0) for address in (start, end))
        if behind >= self.path.start_x:
            self._promises.unheard(first, self._promise_at(behind))

    def _part(self, x: int) -> None:
        """The path is another one from ``x`` on: what was sent beyond it is sent again, and joined."""
        self.revision += 1
        rewound = max(self.path.start_x, self._trail.before(x, self._fade))
        again = rewound < self.head and not self._trail.empty
        trail = self._trail.until(rewound)
        if again:
            self._restart_at(rewound)
        self._resolve_again(x)
        if again:
            self._resume(trail)

    def _resume(self, trail: Trail[tuple[Piece, Voice]]) -> None:
        """Goes on with the very sound that was sent up to here, if there was any."""
        sounding = trail.at(self.head)
        self._begins = sounding is None
        if sounding is not None:
            self._trail = trail
            self._piece, self._voice = sounding
            self._sounds_from = self._piece.x

    def _restart_at(self, x: int) -> None:
        self.revision += 1
        self.head = x
        self._voice = self._join = self._piece = self._piece_end = None
        self._trail = Trail()
        self._promises.taken_back(x)

    def set_map(self, grid: BarGrid, map_revision: int) -> None:
        """Another tempo map: every window is another one. Nothing is sent until the host has told
        where it is in it (with a new epoch, where that is another place)."""
        every = self.tiling.every
        self.tiling = Tiling(grid, map_revision, self._geometry, self.tiling.window_bars)
        self.tiling.every = every
        self._promises.move_to(grid)
        self._awaits_host = True
        self._restart_at(self.head)

    def set_window_bars(self, window_bars: int) -> None:
        """Other windows from the next piece on; what sounds goes on to its bar line."""
        self.revision += 1
        self.tiling = self.tiling.resized(window_bars)

    def set_every(self, every: int) -> None:
        """Renders only every so many windows from the next piece on, and repeats them between."""
        self.revision += 1
        self.tiling.every = every

    def change_model(self, geometry: Geometry) -> None:
        """Another model plays: everything that is not sent yet is rendered anew; what sounds goes on
        to its bar line, and what the old model made stands in where the new one is late."""
        self.revision += 1
        self._geometry = geometry
        self.tiling = self.tiling.reshaped(geometry)
        self.store.retire()
        if not self.path.playing:
            self.store.forget_retired()  # nothing of it can be late, and the old model is let go

    def amend(self, edit: Edit, state: int) -> None:
        """Changes what every setting along the path is built upon; nothing is promised of it."""
        self.revision += 1
        self.cues.set_base(replace(edit(self.cues.base), state=state))

    def slack_seconds(self, x: int, now_ns: int) -> float:
        """How long the sound at ``x`` can still wait until the client's credit asks for it; endless
        where a host that stands still has not asked for it."""
        known = (item for item in self._granted.items() if self.path.knows(item[0]))
        asked = max((self.path.x_of(epoch, frames, 0) for epoch, frames in known), default=0)
        if self.offline or x <= asked:
            return 0.0
        if not self.path.playing:
            return math.inf
        ahead = max(asked, self.path.play_x(now_ns))
        return (x - ahead) / self.rate_hz

    def window_seconds(self) -> float:
        """How long the window lasts that sounds next."""
        piece = self.piece_at(max(self.head, self.path.start_x))
        return self.tiling.window_seconds(piece.bar, piece.leg)

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
        bar = self.grid.bar_of_sample(sample)
        cue, later = self.cues.last_at_or_before(x), self.cues.next_after(x)
        starts = [leg.x, x - (sample - self.grid.sample(bar))]
        ends = [x + self.grid.sample(bar + 1) - sample]
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
            self.tiling.tile(bar, leg),
        )

    def plan_of(self, piece: Piece) -> Plan:
        """The plan for a piece; made once for a window and settings."""
        return self.tiling.plan(piece.tile.window, piece.settings, piece.leg)

    def upcoming(self) -> Iterator[Piece]:
        """The pieces from the next unsent frame on, as far as the engine looks ahead."""
        seconds = OFFLINE_LOOKAHEAD_SECONDS if self.offline else LOOKAHEAD_SECONDS
        limit = self.head + int(seconds * self.tiling.every * self.rate_hz)
        if self.end_x is not None:
            limit = min(limit, self.end_x)
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
            self.cues.settle(self.head)
            self.cues.set_base(change.applied(self.cues.base, state))
            return self._promised(change, self.head, cost, None)
        if when.kind == "now":
            return self._change_now(change, state, now_ns, cost)
        x = self._resolve(when, self._earliest(now_ns, cost))
        ppq = self._ppq_of(when, self._promise_at(x).sample)
        return self._promised(change, x, cost, self.cues.add(x, state, change, ppq))

    def _promised(self, change: Change, x: int, cost: Cost, cue: Cue | None) -> Promise:
        """Promises a change at ``x``; what was promised there of the same parameter is replaced."""
        promise = self._promise_at(x)
        if not change.adds:
            self._promises.supersede(change.parameter, x)
        self._promises.add(change, promise, cost.next_tick, cue)
        return promise

    def adopt(self, ppq: float, change: Change, state: int) -> None:
        """A change that has its place in the song already, before anything was sent."""
        self.revision += 1
        sample = self.grid.sample_of_ppq(ppq)
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
        play_x = self.path.play_x(now_ns)
        needed = cost.request_to_sound_ns * self.rate_hz // 1_000_000_000
        reserve = int(CRITICAL_LEAD_SECONDS * self.rate_hz) + (self.head - play_x) // 4
        return max(free, play_x + needed + max(0, reserve))

    def horizon_frames(self, now_ns: int, cost: Cost) -> int:
        """How far beyond the host's place the sound is settled: where a change wanted now is heard."""
        if self.latency_frames is not None:
            return self.latency_frames
        return max(0, self._earliest(now_ns, cost) - self.path.play_x(now_ns))

    def _change_now(self, change: Change, state: int, now_ns: int, cost: Cost) -> Promise:
        """As soon as possible, or a fixed latency from now. What comes faster than slots are born
        joins the cue that waits."""
        x = self._wanted_now(change, now_ns, cost)
        waiting = self.cues.newest_live(self.head + self._fade + 1)
        renders = change.propagation is not PropagationClass.DECODE
        births = cost.between_births_ns * self.rate_hz // 1_000_000_000
        gap = max(self._fade, births if renders else 0)
        if waiting is not None:
            near = abs(waiting.x - x) < gap
            any_place = renders and self.latency_frames is None
            if (near or any_place) and self._may_join(waiting, change):
                x = waiting.x
            elif near or renders:
                x = max(x, waiting.x + gap)
        return self._promised(change, x, cost, self.cues.add(x, state, change, None))

    def _wanted_now(self, change: Change, now_ns: int, cost: Cost) -> int:
        """What is only put on the sound as it is sent needs no generation."""
        ready = change.propagation is PropagationClass.DECODE
        earliest = self._earliest(now_ns, Cost() if ready else cost)
        if self.latency_frames is None or not self.path.playing:
            return earliest
        constant = self.path.play_x(now_ns) + self.latency_frames
        self.missed_latency += constant < earliest
        return max(constant, earliest)

    @staticmethod
    def _may_join(waiting: Cue, change: Change) -> bool:
        """Whether a change can still ride with a waiting cue: before its slot is born; if slots in
        flight hear it, before that slot has landed; at any time if it needs no slot."""
        if change.propagation is PropagationClass.DECODE:
            return True
        hears = change.propagation is not PropagationClass.SUBMISSION
        return not waiting.started or (hears and not waiting.landed)

    def _promise_at(self, x: int) -> Promise:
        leg = self.path.leg_at(x)
        sample = leg.sample_at(x)
        return Promise(x, self.grid.bar_of_sample(sample), sample, leg.epoch, leg.lap)

    def _resolve(self, when: When, earliest: int) -> int:
        if when.kind in ("next_beat", "next_bar"):
            return self.path.next_line(self.grid, earliest, beats=when.kind == "next_beat")
        sample = self._wanted_sample(when)
        found = self.path.find(sample, self.head)
        if found is None or found < earliest:
            raise TooLateError(
                self._promise_at(self.path.next_line(self.grid, earliest, beats=False))
            )
        return found

    def _wanted_sample(self, when: When) -> int:
        if when.kind == "bar":
            assert when.bar is not None
            return self.grid.sample(when.bar - 1)
        assert when.ppq is not None
        return self.grid.sample_of_ppq(when.ppq)

    def _ppq_of(self, when: When, sample: int) -> float:
        """The song position a change is tied to; ``sample`` is that position in the map of now."""
        if when.kind == "bar":
            assert when.bar is not None
            return float(self.grid.ppq(when.bar - 1))
        return self.grid.next_beat(sample)[0] if when.ppq is None else when.ppq

    def _resolve_again(self, parting: int) -> None:
        """The path is another one from ``parting`` on: cues keep their place in the song.

        One that the path jumps over, or that lies behind already, takes effect from there on, its
        promise broken; one that lies ahead but is not on the path (a loop keeps the host from it)
        waits until it is.
        """
        for cue in self.cues:
            if cue.x >= parting:
                self._place_again(cue, max(self.head, parting))
        for cue in self._parked:
            self._place_again(cue, self.head)
        cues = [*self.cues, *self._parked]
        self._parked = [cue for cue in cues if cue.x == NEVER]
        self.cues.replace_all([cue for cue in cues if cue.x != NEVER])
        self._promises.settle_rivals()

    def _place_again(self, cue: Cue, from_x: int) -> None:
        if cue.ppq is None:
            cue.x = max(cue.x, from_x)
            self._promises.follow_cue(cue, self._promise_at(cue.x))
            return
        sample = self.grid.sample_of_ppq(cue.ppq)
        found = self.path.find(sample, from_x)
        if found is not None:
            cue.x = found
            self._promises.follow_cue(cue, self._promise_at(found))
            return
        behind = sample <= self.path.leg_at(from_x).sample_at(from_x)
        passed = from_x if behind else self.path.passes(sample, from_x)
        cue.x = NEVER if passed is None else passed
        self._promises.put_off(cue, NEVER if passed is None else BROKEN)

    # ------------------------------------------------------------ sending

    def needed_unit(self, now_ns: int) -> tuple[Rendering, int] | None:
        """The bar to decode next, if its rendering is there and its sound is not."""
        if self.finished:
            return None
        piece = self._next_piece()
        if piece is None:
            return None
        rendering = self._chosen(piece, now_ns)
        if rendering is None or self.store.unit(rendering, piece.tile.bar) is not None:
            return None
        return rendering, piece.tile.bar

    def _next_piece(self) -> Piece | None:
        if self._piece is None:
            return self.piece_at(self.head)
        end = self._current_end()
        return None if self.end_x is not None and end >= self.end_x else self.piece_at(end)

    def _current_end(self) -> int:
        """Where the piece that sounds ends; once it is sent, what lies at the head is the next."""
        assert self._piece is not None
        if self._piece_end is None or self.head < self._piece_end:
            self._piece_end = self.piece_at(max(self.head, self._piece.x)).end
        return self._piece_end

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
        if self._awaits_host:
            return 0
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
        """What the host has passed unheard, or may be reading now, is not sent any more."""
        if not self.path.playing:
            return
        passed = self.path.play_x(now_ns) + (self._host_block if self._voice is None else 0)
        if self.head < passed:
            self._restart_at(
                self.path.play_x(now_ns) + self._host_block + int(CATCH_UP_SECONDS * self.rate_hz)
            )

    def _zone_end(self) -> int:
        """Where the next piece's join begins: up to there this voice sounds alone."""
        assert self._piece is not None
        end = self._current_end()
        if self.end_x is not None and end >= self.end_x:
            return self.end_x
        following = self.piece_at(end)
        asked = round(following.settings.value(DECLICK) * self.rate_hz / 1000)
        fade = min(asked, (end - self._sounds_from) // 2)  # whole for half its length at least
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
        joined = self._voice is not None
        if self._voice is not None and piece.x > self.head:
            self._join = Join(self._voice, voice, piece.x, piece.x - self.head)
        else:
            self._join = None
        self.late_bars += voice.late
        self.repeated_bars += voice.repeats
        self._sounds_from = piece.x if joined else max(piece.x, self.head)
        self._voice, self._piece, self._piece_end = voice, piece, None
        self._trail.add(min(self.head, self._sounds_from), self._sounds_from, (piece, voice))
        self.revision += 1
        if not voice.late:
            self.store.forget_retired()
            tick = self.store.first_landed(self.plan_of(piece))
            landed = voice.unit.rendering.finished_tick if tick is None else tick
            begins = self._promise_at(self._heard_from(now_ns))
            if self._begins:
                self._promises.begin(begins)
            self._begins = False
            self._promises.sent(begins, landed)
        if self.offline:
            self._played(piece.x)
        return True

    def _heard_from(self, now_ns: int) -> int:
        """Where the new voice is heard first: what the host may be reading already comes too late."""
        if self.offline or not self.path.playing:
            return self._sounds_from
        return max(self._sounds_from, self.path.play_x(now_ns) + self._host_block)

    def _voice_for(self, piece: Piece, now_ns: int) -> Voice | None:
        unit = self._unit_for(piece)
        start = self.grid.sample(piece.bar)
        if unit is not None:
            repeats = piece.repeats
            return Voice(unit, piece.settings, piece.x, piece.sample, start, repeats=repeats)
        if self._voice is None or not self._pressed(now_ns):
            return None
        spare = self.store.newest_of_window(self.plan_of(piece))
        unit = self.store.unit(spare, piece.tile.bar) if spare else None
        unit = unit or self._voice.unit  # nothing of this window yet: the last good bar again
        settings = unit.rendering.plan.settings
        return Voice(unit, settings, piece.x, piece.sample, start, late=True)

    def _unit_for(self, piece: Piece) -> Unit | None:
        rendering = self.store.acceptable(self.plan_of(piece))
        return None if rendering is None else self.store.unit(rendering, piece.tile.bar)

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
                late=voice.late or voice.repeats,
                dry=voice.dry,
                last=self.end_x is not None and x + len(audio) >= self.end_x,
                ends_bar=self._is_bar_line(sample + len(audio)),
            ),
            encode_payload(audio, self._format),
        )

    def _bar_marks(self, sample: int, frames: int) -> list[BarMark]:
        marks: list[BarMark] = []
        bar = self.grid.bar_of_sample(sample)
        if self.grid.sample(bar) < sample:
            bar += 1
        while (start := self.grid.sample(bar)) < sample + frames:
            marks.append(BarMark(bar + 1, start - sample))
            bar += 1
        return marks

    def _is_bar_line(self, sample: int) -> bool:
        return self.grid.sample(self.grid.bar_of_sample(sample)) == sample
