"""A host that plays marked sound from a real engine, with where it truly was at every frame."""

from __future__ import annotations

from random import Random

from live_setup import Setup
from tampered_link import TamperedLink, Tampering
from watermark import Truth, source_audio, verdict

RATE = 8_000
PROMPT = Tampering()
REACH = 1_200  # frames that a line taken back may still be heard


class MarkedHost:
    """One session; the engine's thread stays away for as many blocks as ``away`` says."""

    def __init__(
        self,
        frames: int,
        *,
        rng: Random | None = None,
        tampering: Tampering = PROMPT,
        block_size: int = 100,
        buffer_seconds: float = 0.4,
        window_bars: int = 4,
        declick_ms: int = 40,
    ) -> None:
        self.setup = Setup(
            "1:120",
            "1:4/4",
            sample_rate_hz=RATE,
            block_size=block_size,
            buffer_seconds=buffer_seconds,
            window_bars=window_bars,
            keep_seconds=1_000.0,
        )
        self.client, self.daw, self.away = self.setup.client, self.setup.daw, 0
        clock = self.setup.host.clock
        self.link = TamperedLink(self.client.link, clock, rng or Random(0), tampering)
        self.client.link = self.link
        reach = REACH + RATE * tampering.delay_ms // 1000
        self.truth = Truth(frames, RATE * declick_ms // 1000, reach)
        self.client.param("denoise", 0.0)
        self.client.param("declick", float(declick_ms))
        self.client.use_source(self.client.upload(source_audio(), RATE, "marks"))

    def start(self) -> None:
        """Opens the stream and plays."""
        self.daw.open()
        self.daw.play()

    def play_on(self, blocks: int = 1) -> None:
        """So many blocks; the host's place agrees with what was stepped from its transport."""
        for _ in range(blocks):
            end = self.daw.timeline + self.daw.block_size
            place = self.truth.follow(self.daw.head, self.daw.block_size)
            self.daw.run_virtual(lambda d, end=end: d.timeline >= end, self._work)
            head = self.daw.head
            assert (head.epoch, head.address, head.sample) == place.known_as

    def _work(self) -> None:
        if self.away:
            self.away -= 1
        else:
            self.setup.work()

    def verdict(self):
        """What was heard, against where the host was."""
        return verdict(self.truth, self.daw.recording)

    def ppq(self, sample: int) -> float:
        """A song sample as the host tells it."""
        return float(self.daw.grid.ppq_of_sample(sample))
