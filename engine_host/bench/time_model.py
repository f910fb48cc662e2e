"""A model whose every cost is set, under a clock that it moves itself: for timing the scheduler alone.

Its velocity leads every latent to the prompt's own number, so what is heard tells what was asked
for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from torch import Tensor, as_tensor

from engine_host.models.interface import (
    Capability,
    ConditionInput,
    Geometry,
    PromptReading,
    Schedule,
)

GEOMETRY = Geometry(
    sample_rate_hz=48_000,
    audio_channels=2,
    samples_per_frame=1_920,
    latent_channels=8,
    frame_multiple=2,
    decode_halo_frames=0,
    longest_window_frames=1_500,
)


@dataclass(frozen=True)
class Asked:
    """A condition: the level to be heard, and the first whole bar (from 1) of the window it is for."""

    level: float
    first_bar: int


@dataclass(eq=False)
class TimedModel:
    """See the module. ``spend(ns)`` lets that much time pass for whoever else lives in it."""

    spend: Callable[[int], None]
    tick_ns: int
    decode_ns: int
    name: str = "closed form"
    accelerator: str = "none"
    geometry: Geometry = GEOMETRY
    capabilities: frozenset[Capability] = frozenset({"text"})
    defaults: Mapping[str, float] = field(default_factory=dict)
    schedule: Schedule | None = None

    def read_prompt(self, prompt: str) -> PromptReading:
        """See `Model`; a prompt is a number."""
        return PromptReading((prompt,), ())

    def encode(self, audio: Tensor) -> Tensor:
        """See `Model`; no source is ever heard."""
        raise NotImplementedError("this model hears no source")

    def condition(self, given: ConditionInput) -> Asked:
        """See `Model`; costs nothing."""
        whole = [span.index for span in given.grid.bars if span.sixteenth_frames[0] >= 0]
        return Asked(float(given.prompt or 0), whole[0] + 1)

    def velocity(
        self,
        x: Tensor,
        t: Tensor,
        conditions: Sequence[object],
        strengths: Tensor | None = None,
    ) -> Tensor:
        """See `Model`; one tick's time passes, however many rows there are."""
        self.spend(self.tick_ns)
        levels = [asked.level if isinstance(asked, Asked) else 0.0 for asked in conditions]
        return (x - as_tensor(levels)[:, None, None]) / t[:, None, None]

    def decode(self, latents: Tensor, absolute_start_frame: int) -> Tensor:
        """See `Model`; one decode's time passes."""
        self.spend(self.decode_ns)
        hold = self.geometry.samples_per_frame // self.geometry.latent_channels
        return latents.reshape(-1).repeat_interleave(hold).expand(2, -1)
