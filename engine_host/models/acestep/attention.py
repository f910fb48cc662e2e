"""Cross-attention that can leave tokens out, or hear them by degrees.

The stock processor attends to padding like to any token; diffusers hands it no mask.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from diffusers import AceStepTransformer1DModel
from diffusers.models.transformers.ace_step_transformer import (
    AceStepAttention,
    AceStepAttnProcessor2_0,
)
from torch import Tensor


class WeightedCrossAttention(AceStepAttnProcessor2_0):  # type: ignore[misc]
    """One for all blocks of a transformer; what is heard is set for each forward. Tick thread."""

    def __init__(self) -> None:
        super().__init__()
        self._bias: Tensor | None = None

    @contextmanager
    def hearing(self, bias: Tensor) -> Iterator[None]:
        """Forwards in this block hear tokens by a `hearing_bias` in the transformer's dtype."""
        self._bias = bias
        try:
            yield
        finally:
            self._bias = None

    def __call__(
        self,
        attn: AceStepAttention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        image_rotary_emb: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """As diffusers calls it."""
        mask = attention_mask if self._bias is None else self._bias
        heard: Tensor = super().__call__(
            attn, hidden_states, encoder_hidden_states, mask, image_rotary_emb
        )
        return heard


def hearing_bias(weights: Tensor, dtype: torch.dtype) -> Tensor:
    """``[B, 1, 1, L]`` for forwards that hear token ``l`` of row ``b`` by ``weights[b, l]``.

    A weight in [0, 1] multiplies the token's share before shares are brought to 1: a token of
    weight 0 is as if it were not there, whatever finite numbers it holds; one of weight 1 is heard
    as ever. ``weights`` are float32.
    """
    bias = weights.log().clamp(min=torch.finfo(dtype).min).to(dtype)
    return bias[:, None, None, :]


def take_over(transformer: AceStepTransformer1DModel) -> WeightedCrossAttention:
    """Puts a new processor into the cross-attention of every block, and returns it."""
    processor = WeightedCrossAttention()
    for block in transformer.layers:
        block.cross_attn.set_processor(processor)
    return processor
