"""Between the session's samples and the model's, where their rates differ.

The two clocks start together on a window's first sample and meet again every `RatePair.meeting`.
Sound is cut where they meet before it is resampled, so that any part of a window comes out with
the samples, and at the place, that the whole would have.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import soxr

from engine_host.models.interface import Geometry
from engine_host.stream.sources import Samples

RATE_STEP_HZ = 25
"""Session rates are multiples of it, so that the clocks meet often: every 40 ms at the least with a
model whose own rate is one too."""
FILTER_SECONDS = 0.08  # that a resampler is given on each side of what is heard


@dataclass(frozen=True)
class RatePair:
    """A session's rate and a model's. All places are in samples from where both clocks start."""

    host_hz: int
    model_hz: int

    @property
    def same(self) -> bool:
        """Whether nothing has to be resampled."""
        return self.host_hz == self.model_hz

    @property
    def meeting(self) -> tuple[int, int]:
        """The host samples and the model samples from one meeting of the clocks to the next."""
        common = math.gcd(self.host_hz, self.model_hz)
        return self.host_hz // common, self.model_hz // common

    def to_host(self, audio: Samples, start: int) -> tuple[Samples, int]:
        """``audio [n, A]`` at the model's rate from model sample ``start`` on, at the host's rate; and the
        host sample that it begins with, the first that is also one of the model's."""
        if self.same:
            return audio, start
        host, model = self.meeting
        cut = -start % model
        resampled = soxr.resample(audio[cut:], self.model_hz, self.host_hz, quality="VHQ")
        return resampled, (start + cut) // model * host

    def host_span(self, start: int, length: int) -> tuple[int, int]:
        """The host samples, from and count, that :meth:`to_model` makes these model samples of."""
        host, model = self.meeting
        first = start // model
        end = -(-(start + length) // model)
        return first * host, (end - first) * host

    def to_model(self, audio: Samples, start: int, length: int) -> Samples:
        """``audio``, the samples of :meth:`host_span`, as ``[length, A]`` from model sample ``start``."""
        if self.same:
            return audio
        cut = start % self.meeting[1]
        resampled = soxr.resample(audio, self.host_hz, self.model_hz, quality="VHQ")
        made = resampled[cut : cut + length]
        return np.pad(made, ((0, length - len(made)), (0, 0))).astype(np.float32, copy=False)


def margin_frames(geometry: Geometry, pair: RatePair) -> int:
    """Latent frames to be decoded on each side of those that are heard, where sound is resampled."""
    if pair.same:
        return 0
    apart = pair.meeting[1]
    lost = 0 if geometry.samples_per_frame % apart == 0 else apart
    wanted = round(FILTER_SECONDS * geometry.sample_rate_hz) + lost
    return -(-wanted // geometry.samples_per_frame)


def widest_margin_frames(geometry: Geometry) -> int:
    """`margin_frames` at the least friendly session rate."""
    apart = geometry.sample_rate_hz // math.gcd(geometry.sample_rate_hz, RATE_STEP_HZ)
    wanted = round(FILTER_SECONDS * geometry.sample_rate_hz) + apart
    return -(-wanted // geometry.samples_per_frame)
