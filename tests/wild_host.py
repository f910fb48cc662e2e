"""A host with a wild hand on its transport: what hosts do, told or not, at random moments."""

from __future__ import annotations

from collections import Counter
from random import Random

from marked_host import RATE, REACH, MarkedHost
from promise_storm import random_meter, random_tempo
from tampered_link import Tampering
from watermark import SONG_FRAMES

from bridge_protocol.errors import RefusedError

FIRST_FRAME, LAST_FRAME = RATE, SONG_FRAMES // 2  # locates and loops stay between
SHORTEST_LOOP = RATE // 5
AHEAD = (2, 40, 300, 1_500, 6_000)  # frames: next to the host, in what was sent, or beyond


class WildHost(MarkedHost):
    """``stalls``: the engine's thread is away now and then, for longer than the buffer lasts."""

    def __init__(self, seed: int, blocks: int, tampering: Tampering, stalls: bool) -> None:
        self.rng = rng = Random(seed)
        block_size = rng.choice((80, 100, 128, 160))
        self._end = blocks * block_size
        super().__init__(
            self._end + 4 * RATE,
            rng=Random(seed + 1),
            tampering=tampering,
            block_size=block_size,
            buffer_seconds=rng.choice((0.06, 0.12, 0.24)),
            window_bars=rng.choice((1, 2, 4)),
            declick_ms=rng.choice((5, 10, 40)),
        )
        self.deeds: Counter[str] = Counter()
        self._known = [
            self._locate,
            self._jump,
            self._jump,
            self._loop_here,
            self._loop_here,
            self._loop_anywhere,
            self.daw.clear_loop,
            self.daw.stop,
            self._edit_tempo,
            self._reopen,
            self._window,
            *[self._stall] * stalls,
        ]

    def run(self) -> None:
        """Opens the stream, then does one thing after another until the blocks are played."""
        self._edit_tempo()
        self.start()
        while self.daw.timeline < self._end:
            for _ in range(self.rng.choice((1, 1, 1, 2))):
                deed = self.rng.choice(self._known)
                self.deeds[deed.__name__] += 1
                deed()
            if not self.daw.head.playing:
                self.play_on(self.rng.randint(0, 5))
                self.daw.play()
            self.play_on(self.rng.choice((1, 3, 10, 30, 60)))

    # ------------------------------------------------------------ deeds

    def _near(self, sample: int) -> float:
        return self.ppq(max(FIRST_FRAME, min(LAST_FRAME, sample)))

    def _soon(self) -> int:
        return self.daw.head.sample + self.rng.randint(1, self.rng.choice(AHEAD))

    def _somewhere(self) -> int:
        near = self.daw.head.sample + self.rng.randint(-2 * RATE, 2 * RATE)
        return self.rng.choice((near, self.rng.randint(0, LAST_FRAME)))

    def _locate(self) -> None:
        self.daw.locate(self._near(self._somewhere()))

    def _jump(self) -> None:
        at, to = self._soon(), self._somewhere()
        self._may_be_refused(self.daw.announce_jump, self.ppq(at), self._near(to))

    def _loop_here(self) -> None:
        end = self._soon()
        self._loop(end - self.rng.randint(SHORTEST_LOOP, RATE), end)

    def _loop_anywhere(self) -> None:
        start = self._somewhere()
        self._loop(start, start + self.rng.randint(SHORTEST_LOOP, 4 * RATE))

    def _loop(self, start: int, end: int) -> None:
        if start >= FIRST_FRAME:
            self._may_be_refused(self.daw.set_loop, self.ppq(start), self.ppq(end))

    def _edit_tempo(self) -> None:
        self.daw.set_grid(random_tempo(self.rng), random_meter(self.rng))
        if self.daw.head.sample > LAST_FRAME:
            self.daw.locate(self._near(FIRST_FRAME))

    def _reopen(self) -> None:
        self.client.close_stream(1)
        self.daw.open()

    def _window(self) -> None:
        self.client.param("window_bars", float(self.rng.choice((1, 2, 3, 4, 8))))

    def _stall(self) -> None:
        self.away = self.rng.randint(2, REACH // self.daw.block_size)

    def _may_be_refused(self, deed, *places: float) -> None:
        try:
            deed(*places)
        except RefusedError:  # a place that the path never comes to; the host plays on
            self.deeds["refused"] += 1
