"""What a cover follows: latents through the semantic tokens and back, patch by patch.

A patch of frames becomes one token, and that token as many frames again, whatever stands beside it.
So patches are kept, and a window that shares its patches with the one before costs only the new.
They are made a fixed number at a time: the bits of one do not hang on how many were missing, which
counts double here, for a token is a rounding.
"""

from __future__ import annotations

from typing import Final

import torch
from diffusers.pipelines.ace_step.modeling_ace_step import (
    AceStepAudioTokenDetokenizer,
    AceStepAudioTokenizer,
)
from torch import Tensor

from engine_host.models.acestep.cache import Recent

BATCH_PATCHES: Final = 32
PATCHES_KEPT: Final = 8192  # 27 minutes


class Structure:
    """The audio tokenizer and detokenizer. Deterministic. Encode thread."""

    def __init__(
        self,
        tokenizer: AceStepAudioTokenizer,
        detokenizer: AceStepAudioTokenDetokenizer,
        silence: Tensor,
    ) -> None:
        """``silence [S, C]`` fills up a last patch, as in training."""
        self._tokenizer, self._detokenizer = tokenizer.eval(), detokenizer.eval()
        self._silence = silence
        self._patch_frames = int(tokenizer.pool_window_size)
        self._kept: Recent[bytes, Tensor] = Recent(PATCHES_KEPT)
        self.patches_made = 0

    def hints(self, latents: Tensor) -> Tensor:
        """``[T, C]`` -> ``[T, C]`` on the CPU: the same music as its tokens have it."""
        patches = self._patches(latents)
        keys = [patch.numpy().tobytes() for patch in patches]
        found = {key: hint for key in keys if (hint := self._kept.get(key)) is not None}
        missing = {key: patch for key, patch in zip(keys, patches, strict=True) if key not in found}
        made = self._made(list(missing.values()))
        for key, hint in zip(missing, made, strict=True):
            found[key] = hint
            self._kept.put(key, hint)
        return torch.cat([found[key] for key in keys])[: len(latents)]

    def _patches(self, latents: Tensor) -> Tensor:
        """``[N, patch_frames, C]``, the last one filled up with silence."""
        missing = -len(latents) % self._patch_frames
        whole = torch.cat([latents, self._silence[:missing].to(latents)])
        return whole.float().cpu().reshape(-1, self._patch_frames, latents.shape[1])

    @torch.no_grad()
    def _made(self, patches: list[Tensor]) -> list[Tensor]:
        self.patches_made += len(patches)
        hints: list[Tensor] = []
        for first in range(0, len(patches), BATCH_PATCHES):
            batch = patches[first : first + BATCH_PATCHES]
            full = batch + [batch[0]] * (BATCH_PATCHES - len(batch))
            hints += self._batch(torch.stack(full))[: len(batch)]
        return hints

    def _batch(self, patches: Tensor) -> list[Tensor]:
        placed = patches[None].to(self._tokenizer.device, self._tokenizer.dtype)
        tokens, _ = self._tokenizer(placed)
        hints: Tensor = self._detokenizer(tokens)[0]
        frames = hints.float().cpu()
        return list(frames.reshape(-1, self._patch_frames, frames.shape[1]).unbind())
