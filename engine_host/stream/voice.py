"""One stretch of sound on its way out: a decoded bar, anchored to the path."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bridge_protocol.blocks import join, join_step
from bridge_protocol.parameters import parameter
from engine_host.stream.live_input import LivePlacement
from engine_host.stream.plan import Curve, value_at
from engine_host.stream.rendering import Unit, soft_limited
from engine_host.stream.settings import Settings
from engine_host.stream.sources import Samples


@dataclass(frozen=True, eq=False)
class Voice:
    """A unit anchored so that path position ``x`` plays song sample ``sample``.

    ``late``: this is not what was asked for, but what there was in time; ``repeats``: a bar of an
    earlier window, as only every so many are rendered. ``bar_sample`` is where the bar that is
    *played* begins; a repeated bar is read from its own unit by its own length.
    """

    unit: Unit
    settings: Settings
    x: int
    sample: int
    bar_sample: int
    late: bool = False
    repeats: bool = False

    @property
    def dry(self) -> bool:
        """Whether the sound is the source alone, as asked."""
        return self.unit.rendering.latents is None and not self.late

    def continues(self, other: Voice) -> bool:
        """Whether this is the same sound going on, so that no join is needed."""
        return (
            self.unit.rendering is other.unit.rendering
            and self.settings is other.settings
            and not self.late
            and not other.late
            and self.sample - self.x == other.sample - other.x
            and self._shift == other._shift
        )

    def read(self, x: int, frames: int) -> Samples:
        """``[frames, 2]`` from path position ``x``; also before the anchor, where the unit reaches."""
        song = self.sample + x - self.x
        wet = self._from_unit(self.unit.wet, song, frames)
        gain = self._gain_curve("output_gain", song, frames)
        if gain is not None:
            wet = wet * np.power(np.float32(10), gain / np.float32(20))[:, None]
        wet = soft_limited(wet)
        return self._with_dry(wet, song, frames)

    def _with_dry(self, wet: Samples, song: int, frames: int) -> Samples:
        mix = self._gain_curve("dry_wet", song, frames)
        unit = self.unit
        if mix is None and unit.dry_gain is None:
            return wet
        dry = self._source(song, frames)
        if unit.wet_gain is not None and unit.dry_gain is not None:
            wet_gain = self._from_unit(unit.wet_gain, song, frames)
            dry_gain = self._from_unit(unit.dry_gain, song, frames)
            wet = wet * wet_gain[:, None] + dry * dry_gain[:, None]
        if mix is None:
            return wet
        return wet * mix[:, None] + dry * (1 - mix)[:, None]

    def _from_unit(self, values: Samples, song: int, frames: int) -> Samples:
        begin = song + self._shift - self.unit.start
        if begin >= 0 and begin + frames <= len(values):
            return values[begin : begin + frames]
        index = np.arange(begin, begin + frames)
        pre_roll = self._own_bar_sample() - self.unit.start
        body = len(values) - pre_roll
        index = np.where(index >= len(values), pre_roll + (index - pre_roll) % body, index)
        return values[np.maximum(index, 0)]

    @property
    def _shift(self) -> int:
        """From the song's samples to the unit's: 0 unless another bar is heard in this one's place."""
        return self._own_bar_sample() - self.bar_sample

    def _own_bar_sample(self) -> int:
        return self.unit.rendering.plan.frames.grid.sample(self.unit.bar)

    def _gain_curve(self, name: str, song: int, frames: int) -> Curve | None:
        """The per-sample curve of a decode-class parameter; None where it is neutral throughout."""
        spec = parameter(name)
        if self.settings.lane(spec) is None and self.settings.value(spec) == spec.default:
            return None
        grid = self.unit.rendering.plan.frames.grid
        seconds = (song + np.arange(frames)) / grid.sample_rate_hz
        return value_at(spec, self.settings, grid, seconds)

    def _source(self, song: int, frames: int) -> Samples:
        told = self.settings.source
        placement = self.unit.rendering.plan.source if isinstance(told, LivePlacement) else told
        if placement is None:
            return np.zeros((frames, 2), dtype=np.float32)
        grid = self.unit.rendering.plan.frames.grid
        return placement.read(grid, song, frames, grid.sample_rate_hz)


@dataclass(frozen=True, eq=False)
class Join:
    """The crossfade before ``boundary``: the new sound is whole on its sample."""

    outgoing: Voice
    incoming: Voice
    boundary: int
    length: int

    @cached_property
    def seamless(self) -> bool:
        """Whether the sound simply goes on, to the bit."""
        return self.incoming.continues(self.outgoing) or np.array_equal(*self._pieces)

    def read(self, x: int, frames: int) -> Samples:
        """``[frames, 2]`` from ``x`` inside ``[boundary - length, boundary)``."""
        offset = x - (self.boundary - self.length)
        return self._audio[offset : offset + frames]

    @cached_property
    def step(self) -> float:
        """The largest step that the crossfade adds; see :func:`bridge_protocol.blocks.join_step`."""
        return join_step(*self._pieces)

    @cached_property
    def _audio(self) -> Samples:
        """The whole crossfade: its gains hang on all of it."""
        outgoing, incoming = self._pieces
        return outgoing if self.seamless else join(outgoing, incoming)

    @cached_property
    def _pieces(self) -> tuple[Samples, Samples]:
        start = self.boundary - self.length
        return self.outgoing.read(start, self.length), self.incoming.read(start, self.length)
