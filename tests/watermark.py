"""Sound that says of itself where in the song it belongs, and for which epoch and address it was
sent; and where the host truly was, to compare.

Left: the song sample, as the source carries it: an exact integer times 2**-24, which the engine
passes through bit for bit at ``denoise`` 0. Right: epoch and address, as :mod:`tampered_link`
writes them on every block on its way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from daw_clients.client.play_head import Loop, PlannedJump, PlayHead

SCALE = 2.0**-24
SONG_FRAMES = 1 << 19
FIRST = 1 << 22  # of every mark: what is heard is never mistaken for silence
ADDRESSES = 1 << 12  # the address is told modulo this many frames
STANDING = NOTHING = -1
ROUNDING = 1_000  # marks; a join's gains keep the power of two places to so much of their sum


def place_marks(sample):
    """What the song carries at its samples: integers below 2**24; 0 where it is silent."""
    sample = np.asarray(sample)
    return np.where((sample >= 0) & (sample < SONG_FRAMES), FIRST + sample, 0)


def source_audio():
    """The song as a source, float32 ``[frames, 1]``."""
    return (place_marks(np.arange(SONG_FRAMES)) * SCALE).astype(np.float32)[:, None]


def wire_marks(epoch, address):
    """What every frame carries of the block it came in: integers below 2**24."""
    return np.asarray(epoch) * ADDRESSES + np.asarray(address) % ADDRESSES


def as_marks(audio):
    """Float32 sound -> what it says, in units of a mark (exact)."""
    return audio.astype(np.float64) / SCALE


@dataclass
class Place:
    """The host at one frame, and how it goes on from there."""

    epoch: int
    address: int
    sample: int
    loop: Loop | None
    jump: PlannedJump | None

    @property
    def known_as(self):
        """Epoch, address and song sample."""
        return self.epoch, self.address, self.sample

    def line(self):
        """The next wrap or jump: ``(frames up to it, song sample beyond it, is it the jump)``."""
        found = []
        if self.jump is not None and self.jump.at_sample > self.sample:
            found.append((self.jump.at_sample - self.sample, 0, self.jump.to_sample))
        if self.loop is not None and self.sample < self.loop.end:
            found.append((self.loop.end - self.sample, 1, self.loop.start))
        frames, wraps, beyond = min(found, default=(None, 0, 0))
        return frames, beyond, not wraps

    def move(self, frames):
        """Plays on as far as its next line at most; returns whether it has crossed it."""
        line, beyond, jumps = self.line()
        self.sample += frames
        self.address += frames
        if frames != line:
            return False
        self.sample = beyond
        if jumps:
            self.epoch, self.address, self.jump = self.jump.epoch, 0, None
        return True


class Truth:
    """Where the host was at every frame that it played, stepped from its transport alone.

    Where sound of two places may be mixed is kept too: up to ``fade`` frames before a line that
    the host had announced by then, as it was announced; one that was taken back counts where it
    would have come within ``reach`` frames.
    """

    def __init__(self, frames: int, fade: int, reach: int) -> None:
        self._fade, self._reach = fade, reach
        self.moving = np.zeros(frames, bool)  # by the timeline; all else by the frames played
        self.sample, self.epoch, self.address = np.full((3, frames), STANDING, np.int64)
        self.mixed_low = np.full(frames, 1 << 24, np.int64)
        self.mixed_high = np.full(frames, NOTHING, np.int64)
        self.wraps = self.jumps = 0
        self._timeline = self._played = 0
        self._next_epoch = STANDING

    def follow(self, head: PlayHead, frames: int) -> Place:
        """The host's next ``frames`` from where its head stands; returns where it then is."""
        place = Place(head.epoch, head.address, head.sample, head.loop, head.jump)
        if place.epoch != self._next_epoch:  # unannounced: what was to come will not
            self.mixed_low[self._played :] = 1 << 24
            self.mixed_high[self._played :] = NOTHING
        if head.playing:
            self.moving[self._timeline : self._timeline + frames] = True
            self._play(place, frames)
        self._announce(place)
        self._timeline += frames
        self._next_epoch = place.epoch
        return place

    def _play(self, place: Place, frames: int) -> None:
        end = self._played + frames
        while self._played < end:
            self._announce(place)
            run = min(end - self._played, place.line()[0] or end)
            rows = slice(self._played, self._played + run)
            self.sample[rows] = place.sample + np.arange(run)
            self.address[rows] = place.address + np.arange(run)
            self.epoch[rows] = before = place.epoch
            if place.move(run):
                self.jumps += place.epoch != before
                self.wraps += place.epoch == before
            self._played += run

    def _announce(self, place: Place) -> None:
        frames, beyond, _ = place.line()
        if frames is None or frames - self._fade > self._reach:
            return
        first = max(0, frames - self._fade)
        rows = slice(self._played + first, self._played + frames)
        other = place_marks(beyond - frames + np.arange(first, frames))
        self.mixed_low[rows] = np.minimum(self.mixed_low[rows], other)
        self.mixed_high[rows] = np.maximum(self.mixed_high[rows], other)


@dataclass(frozen=True)
class Verdict:
    """What was heard, frame by frame, against where the host was."""

    heard: int  # frames that sounded
    exact: int  # ... with the very mark of the host's place
    mixed: int  # ... in a join of two places, between their marks
    strayed: int  # ... with any other mark
    wrong_block: int  # ... from a block of another epoch or address
    while_standing: int  # ... though the host stood still


def verdict(truth: Truth, audio) -> Verdict:
    """``audio``: everything heard, float32 ``[frames, 2]``."""
    moving = truth.moving[: len(audio)]
    sounds = np.any(audio != 0, axis=1)
    heard, (place, wire) = sounds[moving], as_marks(audio[moving]).T
    played = slice(0, len(heard))
    own = place_marks(truth.sample[played])
    exact = heard & (place == own)
    low = np.minimum(own, truth.mixed_low[played]) - ROUNDING
    high = np.maximum(own, truth.mixed_high[played]) + ROUNDING
    joining = truth.mixed_high[played] != NOTHING
    mixed = heard & ~exact & joining & (low <= place) & (place <= high)
    sent_as = wire_marks(truth.epoch[played], truth.address[played])
    return Verdict(
        heard=int(sounds.sum()),
        exact=int(exact.sum()),
        mixed=int(mixed.sum()),
        strayed=int((heard & ~exact & ~mixed).sum()),
        wrong_block=int((heard & (wire != sent_as)).sum()),
        while_standing=int(sounds[~moving].sum()),
    )
