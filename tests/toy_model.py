"""A model whose sound tells what it was asked for: every latent ends at the prompt's own number.

The velocity is ``(x - x0) / t`` with ``x0 = float(prompt)``, so the solution is ``x0`` in closed
form; decoding holds each latent for its share of a frame (240 samples, if no other geometry is
given). Its cost is time on the clock it was given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from bridge_protocol.clock import VirtualClock
from engine_host.models.interface import ConditionInput, Geometry, PromptReading, Schedule

GEOMETRY = Geometry(48_000, 2, 1_920, 8, 2, 0, 1_500)


@dataclass
class ToyModel:
    clock: VirtualClock = field(default_factory=VirtualClock)
    tick_ns: int = 1_000_000
    decode_ns: int = 0
    raising: str = "raise"
    undecodable: float = 0.77
    name: str = "toy"
    accelerator: str = "closed form"
    capabilities: frozenset = frozenset({"text", "notes", "source", "grid", "structure", "timbre"})
    heard: list[ConditionInput] = field(default_factory=list)
    defaults: dict[str, float] = field(default_factory=dict)
    schedule: Schedule | None = None
    geometry: Geometry = GEOMETRY

    def _channel_of_sample(self) -> torch.Tensor:
        per_frame, channels = self.geometry.samples_per_frame, self.geometry.latent_channels
        return torch.arange(per_frame) * channels // per_frame

    def read_prompt(self, prompt: str) -> PromptReading:
        return PromptReading((prompt,), ())

    def encode(self, audio: torch.Tensor) -> torch.Tensor:
        frames = audio.mean(0).unflatten(0, (-1, self.geometry.samples_per_frame))
        channel = self._channel_of_sample()
        held = [frames[:, channel == c].mean(-1) for c in range(self.geometry.latent_channels)]
        return torch.stack(held, -1)

    def condition(self, given: ConditionInput) -> object:
        self.heard.append(given)
        if given.timbre is not None:  # this toy hears a timbre reference as its mean level
            return str(given.timbre_strength * float(given.timbre.mean()))
        return (
            given.prompt
            if not given.blend
            else str((1 - given.blend) * float(given.prompt) + given.blend * float(given.prompt_b))
        )

    def velocity(
        self, x: torch.Tensor, t: torch.Tensor, conditions: Sequence[object]
    ) -> torch.Tensor:
        self.clock.advance_ns(self.tick_ns)
        if self.raising in conditions:
            raise RuntimeError("this prompt raises")
        goal = torch.tensor([float(str(c) or 0) for c in conditions])
        return (x - goal[:, None, None]) / t[:, None, None]

    def decode(self, latents: torch.Tensor, absolute_start_frame: int) -> torch.Tensor:
        self.clock.advance_ns(self.decode_ns)
        if abs(float(latents.mean()) - self.undecodable) < 0.01:
            raise RuntimeError("this level can't be decoded")
        return latents[:, self._channel_of_sample()].reshape(-1).expand(2, -1)
