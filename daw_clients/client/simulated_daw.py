"""A DAW with our plugin, without the DAW: transport, audio callback and message pump.

It does what a plugin does and nothing that a plugin can't: the audio callback takes from the
ring alone, the pump moves messages, the host's transport is the truth. Used by the tests, the
demo and the benchmarks. One thread at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

import numpy as np

from bridge_protocol.bars import BarGrid
from bridge_protocol.blocks import Samples
from bridge_protocol.clock import Clock, VirtualClock
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.meter import MeterMap
from bridge_protocol.schema import (
    Audio,
    Credit,
    Error,
    Gesture,
    Message,
    Ok,
    PayloadFormat,
    PromiseMessage,
    Prompt,
    When,
)
from bridge_protocol.tempo import TempoMap
from daw_clients.client import requests
from daw_clients.client.client import Client
from daw_clients.client.core import AudioBlock, Pending, refusal_of
from daw_clients.client.declick import Declick
from daw_clients.client.heard import Change, HeardLog, HeardReport, Kind, Span
from daw_clients.client.host_transport import Gap, Stretch, ppq_of, transport_message
from daw_clients.client.play_head import Loop, PlannedJump, PlayHead, Segment
from daw_clients.client.recording import Recording
from daw_clients.client.requests import NOW, DrawnLane
from daw_clients.client.ring import NOTHING, AudioRing, RingRead

TRANSPORT_PERIOD_NS = 100_000_000
CREDIT_STEP_SECONDS = 0.01
RESYNC_SECONDS = 0.5
CHANNELS = 2
SOUNDING = ("played", "dry")

DrySignal = Callable[[int, int], Samples]
"""``(song sample, frames) -> float32 [frames, 2]``."""


class SimulatedDaw:
    """A host that plays a song through the bridge, to the sample, and logs what it heard.

    The client must be connected. ``open()`` tells the engine the maps and asks for the stream;
    then transport calls and ``pump`` belong to the host's main thread, ``process`` to its audio
    thread (here: one thread for both). ``dry`` stands in wherever nothing valid is in the ring;
    ``live_input`` is what the track plays, sent to the engine as it is played.
    """

    def __init__(
        self,
        client: Client,
        tempo: TempoMap,
        meter: MeterMap,
        clock: Clock,
        *,
        sample_rate_hz: int = 48_000,
        block_size: int = 512,
        buffer_seconds: float = 1.0,
        declick_ms: float = 5.0,
        dry: DrySignal | None = None,
        stream: int = 1,
        window_bars: int = 4,
        payload_format: PayloadFormat = "f32",
        keep_seconds: float = 600.0,
        fixed_latency_ms: float | None = None,
        live_input: DrySignal | None = None,
    ) -> None:
        self.client = client
        self.clock = clock
        self.rate = sample_rate_hz
        self.block_size = block_size
        self.buffer_frames = max(block_size, round(buffer_seconds * sample_rate_hz))
        self.grid = BarGrid(tempo, meter, sample_rate_hz)
        self.head = PlayHead()
        declick_frames = round(declick_ms * sample_rate_hz / 1000)
        self.ring = AudioRing(2 * self.buffer_frames, CHANNELS, declick_frames)
        self.log = HeardLog(sample_rate_hz)
        self.timeline = 0
        self._played = 0  # the ring's line: it stands still when the host does
        self.stale_blocks_dropped = 0
        self.late_frames_dropped = 0
        self.stale_frames_heard = 0
        self.refusals: deque[RefusedError] = deque(maxlen=1_000)
        self._opening = requests.open_stream(
            stream, window_bars, payload_format, fixed_latency_ms, self.buffer_frames
        )
        self.latency_frames: int | None = None
        self._dry = dry
        self._live_input = live_input
        self._declick = Declick(declick_frames, CHANNELS)
        self._recording = Recording(round(keep_seconds * sample_rate_hz), CHANNELS)
        self._credit_step = max(block_size, round(CREDIT_STEP_SECONDS * sample_rate_hz))
        self._outbox: deque[Message] = deque()
        self._captured: deque[tuple[Message, bytes]] = deque()
        self._granted: dict[int, int] = {}
        self._headers: dict[int, tuple[int, Audio]] = {}
        self._told_ns = -TRANSPORT_PERIOD_NS
        self._epoch_heard = False
        self._before: Span | None = None
        self._joined_epoch = NOTHING
        self._loop_ppq: Stretch | None = None
        self._jump_ppq: Stretch | None = None
        self._left: int | None = None
        self._gap: Gap | None = None  # untold
        client.on(AudioBlock, self._keep)
        client.on(PromiseMessage, self.log.promise)
        client.on(Error, self._refused)

    # ------------------------------------------------------------ transport (main thread)

    def open(self) -> None:
        """Tells the engine the maps, asks for the stream, and tells where the host stands.

        ``latency_frames`` is known once the stream is open, where the latency is fixed.
        """
        self._outbox.append(self._maps())
        self._flush()
        self.client.post(self._opening).then(self._opened)
        self._new_epoch(self.head.sample, playing=False)
        self._flush()

    def play(self) -> None:
        """Goes on from where it stands, in the same epoch: its blocks may be here already."""
        self.head.playing = True
        self._tell()

    def stop(self) -> None:
        """Stands still; the last sound fades out. An announced jump is taken back."""
        self._take_back_jump()
        self.head.stop()
        self._tell()

    def locate(self, ppq: float) -> None:
        """Goes there at once, unannounced: a new epoch."""
        self._new_epoch(self.grid.sample_of_ppq(ppq), self.head.playing)

    def announce_jump(self, at_ppq: float, to_ppq: float) -> None:
        """A quantised locate; ``BAD_ORDER`` where playing on never comes to ``at_ppq``."""
        self._take_back_jump()
        self._plan_jump(self.grid.sample_of_ppq(at_ppq), self.grid.sample_of_ppq(to_ppq))
        self._jump_ppq = (at_ppq, to_ppq)
        self._tell()

    def set_loop(self, start_ppq: float, end_ppq: float) -> None:
        """Loops, announced: wraps are exact to the sample and no new epoch."""
        start, end = self.grid.sample_of_ppq(start_ppq), self.grid.sample_of_ppq(end_ppq)
        if start >= end:
            raise RefusedError(ErrorCode.BAD_ORDER, "end_ppq", "a loop ends after it starts")
        self._loop_ppq = (start_ppq, end_ppq)
        self._change_loop(Loop(start, end))

    def clear_loop(self) -> None:
        """Plays on past the loop's end."""
        self._loop_ppq = None
        self._change_loop(None)

    def set_grid(self, tempo: TempoMap, meter: MeterMap) -> None:
        """Changes the maps; it goes on from the same quarter note, in a new epoch."""
        ppq = ppq_of(self.grid, self.head.sample)
        self.grid = BarGrid(tempo, meter, self.rate)
        self._forget_jump()
        if self._loop_ppq is not None:
            self.head.set_loop(Loop(*(self.grid.sample_of_ppq(end) for end in self._loop_ppq)))
        self._outbox.append(self._maps())
        self._new_epoch(self.grid.sample_of_ppq(ppq), self.head.playing)

    # ------------------------------------------------------------ changes (main thread)

    def param(self, parameter: str, value: float | str, when: When = NOW) -> Change:
        """Turns a knob and follows the change to the ear."""
        return self._change(requests.param_message(parameter, value, when), parameter)

    def prompt(self, text: str, when: When = NOW) -> Change:
        """Changes the prompt and follows the change to the ear."""
        return self._change(Prompt(text=text, when=when), "prompt")

    def gesture(self, parameter: str, touched: bool, when: When = NOW) -> Change:
        """Puts a hand on a knob, or takes it off."""
        message = Gesture(parameter=parameter, touched=touched, when=when)
        return self._change(message, f"{parameter} gesture")

    def lane(self, parameter: str, lane: DrawnLane, when: When = NOW) -> Change:
        """Draws a lane and follows the change to the ear."""
        revision = self.client.core.next_revision()
        message = requests.lane_message(parameter, lane, revision, self.head.epoch, when)
        return self._change(message, parameter)

    # ------------------------------------------------------------ messages (main thread)

    def pump(self, timeout_s: float = 0.0) -> int:
        """Moves messages both ways, having waited up to ``timeout_s`` for the first to come."""
        self._flush()
        taken = self.client.poll(timeout_s)
        if self.clock.now_ns() - self._told_ns >= TRANSPORT_PERIOD_NS:
            self._tell()
        self._flush()
        self._give_credit()
        self._drop_headers()
        return taken

    # ------------------------------------------------------------ sound (audio thread)

    def process(self, frames: int | None = None) -> Samples:
        """The audio callback: the next ``frames`` (default: a block), float32 ``[frames, 2]``.

        Takes from the ring alone; never touches the link.
        """
        count = self.block_size if frames is None else frames
        out = np.zeros((count, CHANNELS), np.float32)
        now, start, done = self.clock.now_ns(), self.timeline, 0
        for segment in self.head.segments(len(out)):
            at_ns = now + round((self.timeline - start) * 1e9 / self.rate)
            self._capture(segment)
            self._hear(segment, out[done : done + segment.frames], at_ns)
            done += segment.frames
            self.timeline += segment.frames
            self._played += segment.frames if segment.playing else 0
            if self.head.epoch != segment.epoch:
                self._jumped(segment.epoch)
        self.ring.advance(self._played)
        self._recording.append(out)
        return out

    @property
    def buffered_frames(self) -> int:
        """Frames that are here already from where the host stands, up to the next wrap or jump."""
        head = self.head
        found = self.ring.read(head.epoch, head.address, head.sample, self.buffer_frames)
        missing = np.flatnonzero(~found.valid)
        return int(missing[0]) if len(missing) else self.buffer_frames

    @property
    def recording(self) -> Samples:
        """Everything heard, float32 ``[frames, 2]``, the last ``keep_seconds`` at least."""
        return self._recording.audio

    @property
    def recording_start(self) -> int:
        """The timeline sample of the recording's first frame."""
        return self._recording.first_frame

    @property
    def heard(self) -> list[Span]:
        """What was heard, in order."""
        return list(self.log.spans)

    def report(self) -> HeardReport:
        """What was heard, in numbers."""
        log, changes = self.log, list(self.log.changes)
        times = [change.knob_to_ear_ms for change in changes]
        return HeardReport(
            bars=list(log.bars),
            changes=changes,
            gaps=log.gaps(),
            gap_frames=log.gap_frames,
            played_frames=log.frames.get("played", 0),
            dry_frames=log.frames.get("dry", 0),
            stale_frames_heard=self.stale_frames_heard,
            stale_blocks_dropped=self.stale_blocks_dropped,
            late_frames_dropped=self.late_frames_dropped,
            late_bars=sum(bar.late for bar in log.bars),
            knob_to_ear_ms=[ms for ms in times if ms is not None],
        )

    # ------------------------------------------------------------ running

    def run_until(self, done: Callable[[SimulatedDaw], bool], timeout_s: float = 30.0) -> bool:
        """Plays in real time until ``done(self)``; False where that took too long.

        Between two blocks it waits in the link, so it is no busy loop. A host that fell more
        than half a second behind goes on from now.
        """
        period_ns = round(self.block_size * 1e9 / self.rate)
        now = next_ns = self.clock.now_ns()
        deadline = now + round(timeout_s * 1e9)
        while not done(self):
            now = self.clock.now_ns()
            if now >= deadline:
                return False
            if now < next_ns:
                self.pump((next_ns - now) / 1e9)
                continue
            self.process()
            self.pump()
            behind = now - next_ns > RESYNC_SECONDS * 1e9
            next_ns = now if behind else next_ns + period_ns
        return True

    def run_virtual(
        self,
        done: Callable[[SimulatedDaw], bool],
        work: Callable[[], object] = lambda: None,
        max_blocks: int = 100_000,
    ) -> bool:
        """Plays in virtual time until ``done(self)``; False after ``max_blocks``.

        Before each block ``work`` lets the engine do what it would; the clock (a VirtualClock)
        moves by exactly one block, with no rounding added up.
        """
        clock = self.clock
        if not isinstance(clock, VirtualClock):
            raise TypeError("run_virtual needs a VirtualClock")
        start_ns, start = clock.now_ns(), self.timeline
        for _ in range(max_blocks):
            if done(self):
                return True
            self.pump()
            work()
            self.pump()
            self.process()
            target_ns = start_ns + round((self.timeline - start) * 1e9 / self.rate)
            clock.advance_ns(max(0, target_ns - clock.now_ns()))
        return done(self)

    # ------------------------------------------------------------ inside: transport

    def _new_epoch(self, sample: int, playing: bool) -> None:
        if self._gap is not None:
            self._tell()
        self._forget_jump()
        self.ring.forget(self.head.epoch)
        self._granted.pop(self.head.epoch, None)
        self._left = self.head.address
        self.head.locate(sample, playing)
        self.ring.place(self.head.epoch, self._played)
        self._epoch_heard = False
        self._tell()

    def _jumped(self, old_epoch: int) -> None:
        self.ring.forget(old_epoch)
        self._granted.pop(old_epoch, None)
        self._joined_epoch = NOTHING if self.ring.cuts(self._played) else self.head.epoch
        self._left = None
        self._tell()

    def _forget_jump(self) -> None:
        if self.head.jump is not None:
            self.ring.forget(self.head.jump.epoch)
            self._granted.pop(self.head.jump.epoch, None)
            self.head.jump = None

    def _change_loop(self, loop: Loop | None) -> None:
        planned = self.head.jump
        self.head.set_loop(loop)
        moved = self.head.jump
        if planned != moved:
            self._take_back_jump(planned)
        if planned != moved and moved is not None:
            self._plan_jump(moved.at_sample, moved.to_sample)
        self._tell()

    def _plan_jump(self, at_sample: int, to_sample: int) -> None:
        jump = self.head.plan_jump(at_sample, to_sample)
        self.ring.place(jump.epoch, self._played - self.head.address + jump.address)

    def _take_back_jump(self, planned: PlannedJump | None = None) -> None:
        """Goes on in a new epoch: the announced one's blocks may lie over this one's."""
        jump = planned or self.head.jump
        if jump is not None:
            self.ring.forget(jump.epoch)
            self._granted.pop(jump.epoch, None)
            self._new_epoch(self.head.sample, self.head.playing)

    def _tell(self) -> None:
        """Puts the host's position in the outbox, as it is at this moment."""
        self._told_ns = self.clock.now_ns()
        self._outbox.append(
            transport_message(
                self.head,
                self.grid,
                self._loop_ppq,
                self._jump_ppq,
                self._told_ns,
                self._left,
                self._gap,
            )
        )
        self._gap = None

    # ------------------------------------------------------------ inside: messages

    def _maps(self) -> Message:
        revision = self.client.core.next_revision()
        return requests.tempo_message(self.grid.tempo, self.grid.meter, revision)

    def _flush(self) -> None:
        while self._outbox:
            self.client.tell(self._outbox.popleft())
        while self._captured:
            self.client.tell(*self._captured.popleft())

    def _opened(self, answered: Pending) -> None:
        try:
            reply = answered.result()
        except RefusedError as error:
            self.refusals.append(error)
        else:
            self.latency_frames = reply.latency_frames if isinstance(reply, Ok) else None

    def _refused(self, error: Error) -> None:
        self.refusals.append(refusal_of(error))

    def _change(self, message: Message, what: str) -> Change:
        self._flush()
        pending = self.client.post(message)
        change = Change(
            seq=pending.seq,
            what=what,
            sent_ns=self.clock.now_ns(),
            sent_address=self.head.address,
            sent_epoch=self.head.epoch,
            sent_timeline=self.timeline,
        )
        self.log.follow(change)
        pending.then(lambda answered: _note_reply(change, answered))
        return change

    def _give_credit(self) -> None:
        head, jump = self.head, self.head.jump
        reach = head.address + self.buffer_frames
        if jump is None:
            self._grant(head.epoch, reach)
            return
        self._grant(head.epoch, min(reach, jump.address), last=reach >= jump.address)
        if reach > jump.address:
            self._grant(jump.epoch, reach - jump.address)

    def _grant(self, epoch: int, frames: int, last: bool = False) -> None:
        before = self._granted.get(epoch, 0)
        if frames <= before or (before and not last and frames - before < self._credit_step):
            return
        self._granted[epoch] = frames
        self.client.tell(Credit(stream=self._opening.stream, epoch=epoch, frames=frames))

    def _keep(self, block: AudioBlock) -> None:
        """Writes a block into the ring, unless it is of another stream or an old epoch."""
        header, jump = block.header, self.head.jump
        if header.stream != self._opening.stream:
            return
        announced = None if jump is None else jump.epoch
        if header.epoch not in (self.head.epoch, announced):
            self.stale_blocks_dropped += 1
            return
        audio = block.samples
        if jump is not None and header.epoch == self.head.epoch:
            audio = audio[: max(0, jump.address - header.address)]
        self._write(header, audio)

    def _write(self, header: Audio, audio: Samples) -> None:
        number = header.sequence
        kept = self.ring.write(header.epoch, header.address, header.sample, audio, number)
        self.late_frames_dropped += len(audio) - kept
        if kept:
            self._headers.pop(number, None)  # the latest to be needed comes last
            self._headers[number] = (self._played + self.ring.capacity_frames, header)

    def _drop_headers(self) -> None:
        """Forgets headers that no frame of the ring can name any more."""
        old = []
        for number, (end, _) in self._headers.items():
            if end > self._played:
                break
            old.append(number)
        for number in old:
            del self._headers[number]

    # ------------------------------------------------------------ inside: sound

    def _hear(self, segment: Segment, out: Samples, at_ns: int) -> None:
        if not segment.playing:
            self._emit(segment, 0, out, at_ns, "stopped")
            return
        found = self.ring.read(segment.epoch, segment.address, segment.sample, segment.frames)
        out[:] = found.audio
        for first, end in _runs(found):
            part = out[first:end]
            part_ns = at_ns + round(first * 1e9 / self.rate)
            if not found.valid[first]:
                self._stand_in(segment, first, part, part_ns)
                continue
            self._epoch_heard = True
            self.stale_frames_heard += int(np.sum(found.epochs[first:end] != segment.epoch))
            header = self._headers[int(found.blocks[first])][1]
            self._emit(segment, first, part, part_ns, "played", header=header)

    def _capture(self, segment: Segment) -> None:
        """What the track plays goes to the engine with the next pump."""
        if self._live_input is None or not segment.playing:
            return
        audio = self._live_input(segment.sample, segment.frames)
        block = requests.live_block(segment.epoch, segment.lap, segment.sample, audio)
        self._captured.append(block)

    def _stand_in(self, segment: Segment, first: int, part: Samples, at_ns: int) -> None:
        start = segment.address + first
        if self._gap is not None and self._gap[0] == segment.epoch:
            start = min(start, self._gap[1])
        self._gap = segment.epoch, start, segment.address + first + len(part)
        if self._dry is not None:
            part[:] = self._dry(segment.sample + first, len(part))
            self._emit(segment, first, part, at_ns, "dry")
        else:
            kind: Kind = "gap" if self._epoch_heard else "waiting"
            self._emit(segment, first, part, at_ns, kind)

    def _emit(
        self,
        segment: Segment,
        first: int,
        part: Samples,
        at_ns: int,
        kind: Kind,
        *,
        header: Audio | None = None,
    ) -> None:
        moved = first if segment.playing else 0
        span = Span(
            timeline_sample=self.timeline + first,
            epoch=segment.epoch,
            lap=segment.lap,
            song_sample=segment.sample + moved,
            frames=len(part),
            kind=kind,
            at_ns=at_ns,
            due=kind in ("gap", "dry") and self._epoch_heard,
            address=segment.address + moved,
            header=header,
        )
        self._declick.process(part, self._is_edge(span))
        self.log.add(span, self.grid)

    def _is_edge(self, span: Span) -> bool:
        """Whether a span doesn't follow smoothly on what was heard before it.

        Blocks are joined by the engine through loop wraps and announced jumps; the dry signal is
        joined by nobody.
        """
        before, self._before = self._before, span
        if before is None or span.kind != before.kind:
            return span.kind in SOUNDING or (before is not None and before.kind in SOUNDING)
        if span.kind == "played":
            return span.epoch not in (before.epoch, self._joined_epoch)
        return span.kind == "dry" and before.song_sample + before.frames != span.song_sample


def _note_reply(change: Change, answered: Pending) -> None:
    try:
        reply = answered.result()
    except RefusedError as error:
        change.refused = str(error)
    else:
        change.promised_sample = reply.sample if isinstance(reply, Ok) else None


def _runs(found: RingRead) -> Iterator[tuple[int, int]]:
    """The stretches of a read that are of one block, or of none."""
    names = np.where(found.valid, found.blocks, -1)
    edges = np.flatnonzero(np.diff(names)) + 1
    yield from zip([0, *edges.tolist()], [*edges.tolist(), len(names)], strict=True)
