"""A host that plays a plain tone from a real engine, so that every step that is not the tone's own
is seen."""

from __future__ import annotations

from collections import deque
from functools import cache

import numpy as np
from live_setup import Setup

RATE = 48_000
LEVEL = 0.5
TONE_HZ, OTHER_HZ = 110.0, 165.0
SECONDS = 24
FADE = 1_920  # frames of a join
DECLICK = 240  # frames of the client's own fade
PHASE_OF_OTHER = 1.0
TURNED = 19_855  # frames after which the tone is upside down: a loop's length, or a jump's


def tone(sample, hz=TONE_HZ, phase=0.0):
    """A tone as the song has it, float32; the frames' own places, so it has no seam."""
    return (LEVEL * np.sin(2 * np.pi * hz * np.asarray(sample) / RATE + phase)).astype(np.float32)


def other_tone(sample):
    """What the second source plays."""
    return tone(sample, OTHER_HZ, PHASE_OF_OTHER)


def far_apart(one: int, other: int) -> bool:
    """Whether a hard cut from one place of the tone to another would be heard."""
    return bool(abs(tone(one) - tone(other)) > 0.1)


def beyond_slope(audio):
    """How far each frame is from where the two before it lead: the step less the sound's slope."""
    return np.abs(np.diff(audio[:, 0].astype(np.float64), n=2))


@cache
def song(of):
    """All of a tone, as a source."""
    return of(np.arange(SECONDS * RATE))[:, None]


class LateLink:
    """Everything arrives so much later; nothing does while it is ``silent``, and nothing that is
    sent while it is ``hung``: it goes out afterwards."""

    def __init__(self, link, clock, late_ms: float) -> None:
        self._link, self._clock, self._late_ns = link, clock, round(late_ms * 1e6)
        self._held: deque = deque()
        self._unsent: deque = deque()
        self.silent = self.hung = False

    def send(self, frames) -> None:
        self._unsent.append(frames)
        while self._unsent and not self.hung:
            self._link.send(self._unsent.popleft())

    def receive(self, timeout_s: float):
        now = self._clock.now_ns()
        while (frames := self._link.receive(0.0)) is not None:
            self._held.append((now + self._late_ns, frames))
        due = self._held and self._held[0][0] <= now and not self.silent
        return self._held.popleft()[1] if due else None


class ToneHost:
    """Plays the tone from bar 5 on; ``late_ms`` is how long blocks are under way."""

    def __init__(self, declick_ms: float = 0.0, late_ms: float = 0.0, **options) -> None:
        options = {"block_size": 512, "buffer_seconds": 1.0, "keep_seconds": 60.0} | options
        self.setup = Setup("1:120", "1:4/4", declick_ms=declick_ms, **options)
        self.client, self.daw = self.setup.client, self.setup.daw
        self.client.param("denoise", 0.0)
        self.client.use_source(self.client.upload(song(tone), RATE, "tone"))
        self.other = self.client.upload(song(other_tone), RATE, "other")
        self.daw.locate(16.0)
        self.daw.open()
        self.play_on(4 * 512)
        assert self.daw.buffered_frames > 40_000 or options["buffer_seconds"] < 1
        self.client.link = LateLink(self.client.link, self.setup.host.clock, late_ms)
        self.daw.play()

    def play_on(self, frames: int) -> None:
        """So many frames, or to the end of the block in which they end."""
        end = self.daw.timeline + frames
        self.daw.run_virtual(lambda d: d.timeline >= end, self.setup.work)

    @property
    def here(self) -> int:
        """The song sample at which the host is."""
        return self.daw.head.sample

    def ppq(self, sample: int) -> float:
        """A song sample as the host tells it, at 120 bpm."""
        return sample / (RATE / 2)

    def loop(self, start: int, end: int) -> None:
        """A loop in song samples."""
        self.daw.set_loop(self.ppq(start), self.ppq(end))

    def jump(self, at: int, to: int) -> None:
        """An announced jump in song samples."""
        self.daw.announce_jump(self.ppq(at), self.ppq(to))

    def join_marks(self):
        """The crossfades in what was heard: frames and the step that each says it adds."""
        headers = {id(s.header): s.header for s in self.daw.heard if s.header}
        return [(mark.frames, mark.step) for h in headers.values() for mark in h.joins]
