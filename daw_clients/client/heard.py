"""The log of what a host heard, and the report that is made from it. One thread at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from bridge_protocol.bars import BarGrid
from bridge_protocol.schema import Audio, PromiseMessage

MAX_SPANS = 200_000
MAX_BARS = 20_000
MAX_CHANGES = 10_000

Kind = Literal["played", "gap", "waiting", "dry", "stopped"]


@dataclass
class Span:
    """A run of frames of one kind, on the host's own timeline (frames since it was made).

    ``played``: a block's own sound. ``gap``: nothing was there though it was due. ``waiting``:
    nothing was there before an epoch's first block. ``dry``: the dry signal stood in (``due``
    says whether a block had been due, which counts as a gap). ``stopped``: the host stood still.
    ``at_ns`` is when its first frame is heard.
    """

    timeline_sample: int
    epoch: int
    lap: int
    song_sample: int
    frames: int
    kind: Kind
    at_ns: int
    due: bool = False
    address: int = 0
    header: Audio | None = None


@dataclass(frozen=True)
class BarHeard:
    """A bar line that a block marked: where it was heard, and how far off the host's own grid."""

    timeline_sample: int
    bar: int
    error_samples: int
    epoch: int
    lap: int
    late: bool


@dataclass
class Change:
    """A change sent by the host, followed to the ear."""

    seq: int
    what: str
    sent_ns: int
    sent_address: int
    sent_epoch: int
    sent_timeline: int
    promised_sample: int | None = None
    refused: str = ""
    promise: PromiseMessage | None = None
    heard_timeline: int | None = None
    heard_ns: int | None = None

    @property
    def knob_to_ear_ms(self) -> float | None:
        """From sending it to hearing it, None while it was not heard."""
        return None if self.heard_ns is None else (self.heard_ns - self.sent_ns) / 1e6


@dataclass(frozen=True)
class HeardReport:
    """What a host heard, in numbers."""

    bars: list[BarHeard]
    changes: list[Change]
    gaps: list[Span]
    gap_frames: int
    played_frames: int
    dry_frames: int
    stale_frames_heard: int
    stale_blocks_dropped: int
    late_frames_dropped: int
    late_bars: int
    knob_to_ear_ms: list[float] = field(default_factory=list)


class HeardLog:
    """Spans, bar lines and changes, each bounded: the oldest go first."""

    def __init__(self, sample_rate_hz: int) -> None:
        self.rate = sample_rate_hz
        self.spans: deque[Span] = deque(maxlen=MAX_SPANS)
        self.bars: deque[BarHeard] = deque(maxlen=MAX_BARS)
        self.changes: deque[Change] = deque(maxlen=MAX_CHANGES)
        self.frames: dict[Kind, int] = {}
        self.gap_frames = 0
        self._waiting: list[Change] = []

    def add(self, span: Span, grid: BarGrid) -> None:
        """Logs a span (merged with the one before where it goes on) and its bar lines."""
        self.frames[span.kind] = self.frames.get(span.kind, 0) + span.frames
        self.gap_frames += span.frames if span.due else 0
        if span.kind == "played":
            self._mark_bars(span, grid)
            self._waiting = [c for c in self._waiting if not self._heard_in(c, span)]
        if self.spans and _goes_on(self.spans[-1], span):
            self.spans[-1].frames += span.frames
        else:
            self.spans.append(span)

    def follow(self, change: Change) -> None:
        """Logs a change."""
        self.changes.append(change)

    def promise(self, message: PromiseMessage) -> None:
        """Takes what became of a change; finds where it is heard, now or later."""
        change = next((c for c in reversed(self.changes) if c.seq == message.change), None)
        if change is None:
            return
        if message.status == "moved":
            change.promised_sample = message.sample
            return
        change.promise = message
        if message.status != "kept":
            return
        if not any(self._heard_in(change, span) for span in self._since(change.sent_timeline)):
            self._waiting.append(change)
            del self._waiting[:-MAX_CHANGES]

    def gaps(self) -> list[Span]:
        """The spans in which a block was due and was not there."""
        return [span for span in self.spans if span.due]

    def _since(self, timeline: int) -> Iterable[Span]:
        """Spans that end after a point of the timeline, oldest first."""
        found = []
        for span in reversed(self.spans):
            if span.timeline_sample + span.frames <= timeline:
                break
            found.append(span)
        return reversed(found)

    def _heard_in(self, change: Change, span: Span) -> bool:
        promise = change.promise
        if promise is None or span.kind != "played":
            return False
        if (span.epoch, span.lap) != (promise.epoch, promise.lap):
            return False
        into = promise.sample - span.song_sample
        timeline = span.timeline_sample + into
        if not 0 <= into < span.frames or timeline < change.sent_timeline:
            return False
        change.heard_timeline = timeline
        change.heard_ns = span.at_ns + round(into * 1e9 / self.rate)
        return True

    def _mark_bars(self, span: Span, grid: BarGrid) -> None:
        if span.header is None:
            return
        first = span.address - span.header.address
        for mark in span.header.bars:
            if first <= mark.offset < first + span.frames:
                into = mark.offset - first
                error = span.song_sample + into - grid.sample(mark.bar - 1)
                self.bars.append(
                    BarHeard(
                        span.timeline_sample + into,
                        mark.bar,
                        error,
                        span.epoch,
                        span.lap,
                        span.header.late,
                    )
                )


def _goes_on(before: Span, span: Span) -> bool:
    same = (before.kind, before.epoch, before.lap, before.due) == (
        span.kind,
        span.epoch,
        span.lap,
        span.due,
    )
    follows = before.timeline_sample + before.frames == span.timeline_sample
    moved = 0 if span.kind == "stopped" else before.frames
    joined = before.song_sample + moved == span.song_sample
    return same and follows and joined and before.header is span.header
