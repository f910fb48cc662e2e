"""The timbre of a reference: one token of the condition.

The encoder takes thirty seconds. A shorter reference is repeated; of a longer one it hears the
front, a piece from a third of the way, and the end. Without one it hears silence.
"""

from __future__ import annotations

import torch
from diffusers.pipelines.ace_step.modeling_ace_step import AceStepConditionEncoder
from torch import Tensor

from engine_host.models.acestep.cache import Recent
from engine_host.models.blend import lerp

TIMBRES_KEPT = 32


class Timbre:
    """The timbre encoder. Deterministic. Encode thread."""

    def __init__(self, encoder: AceStepConditionEncoder, reference_frames: int) -> None:
        self._encoder = encoder.timbre_encoder
        self._frames = reference_frames
        self._silence: Tensor = encoder.silence_latent[0, :reference_frames]
        self._kept: Recent[bytes, Tensor] = Recent(TIMBRES_KEPT)

    def token(self, reference: Tensor | None, strength: float) -> Tensor:
        """``[1, H]``: between silence's token (``strength`` 0) and ``reference [T, C]``'s (1)."""
        silence = self._kept.got(b"", lambda: self._encoded(self._silence))
        if reference is None:
            return silence
        pieces = reference_pieces(reference, self._frames)
        key = pieces.float().cpu().numpy().tobytes()
        heard = self._kept.got(key, lambda: self._encoded(pieces))
        return lerp(silence, heard, strength)

    @torch.no_grad()
    def _encoded(self, latents: Tensor) -> Tensor:
        placed = latents[None].to(self._encoder.device, self._encoder.dtype)
        order = torch.zeros(1, dtype=torch.long, device=self._encoder.device)
        tokens, _ = self._encoder(placed, order)
        token: Tensor = tokens[0]
        return token


def reference_pieces(latents: Tensor, frames: int) -> Tensor:
    """``[T, C]`` -> ``[frames, C]``: front, from a third on, end; repeated where it is shorter."""
    times = -(-frames // len(latents))
    whole = latents.repeat(times, 1) if times > 1 else latents
    piece = frames // 3
    third = len(whole) // 3
    ends = whole[:piece], whole[third : third + piece], whole[-(frames - 2 * piece) :]
    return torch.cat(ends)
