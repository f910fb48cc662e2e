"""A slot's condition: what is attended to, and what stands beside every frame.

The context has two halves: latents that the sound follows or keeps, and the mask, 1 where it is to
be generated. Without anything given, silence is followed everywhere: music from text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from engine_host.models.acestep.structure import Structure
from engine_host.models.acestep.template import Task
from engine_host.models.blend import lerp, slerp
from engine_host.models.interface import ConditionInput
from engine_host.models.lora.inject import Row

BLENDS = {"slerp": slerp, "lerp": lerp}
GENERATED_FROM = 0.5  # the model knows whole frames only: below, a frame is kept


@dataclass(frozen=True, eq=False)
class AceStepCondition:
    """One slot's condition, never written to again.

    ``tokens [L, H]`` in the model's dtype on its device, each heard by its ``weights [L]`` float32
    in (0, 1]; ``context [T, 2 C]`` in the model's dtype; ``loras`` place by place.
    """

    tokens: Tensor
    weights: Tensor
    context: Tensor
    loras: Row = ()


@dataclass(frozen=True, eq=False)
class Words:
    """The tokens of one prompt, part by part, each ``[L, H]``."""

    lyrics: Tensor
    timbre: Tensor
    caption: Tensor

    @property
    def parts(self) -> tuple[Tensor, Tensor, Tensor]:
        """In the order in which the transformer was trained on them."""
        return self.lyrics, self.timbre, self.caption


def task_of(given: ConditionInput, structure: Structure | None) -> Task:
    """Which of the model's tasks a window is, and so which instruction it is given."""
    if given.mask is not None and given.source is not None:
        return "repaint"
    return "text2music" if _followed(given, structure) is None else "cover"


def context_of(given: ConditionInput, structure: Structure | None, silence: Tensor) -> Tensor:
    """``[T, 2 C]`` float32 on the CPU, from ``silence [T, C]``.

    Where it generates it follows the structure's hints (those of the source in a cover), blended
    with silence by their strength; where it keeps, it is told the source itself.
    """
    followed = silence
    repainted = given.mask is not None and given.source is not None
    latents = _followed(given, structure) if not repainted else given.structure
    if latents is not None and structure is not None:
        followed = lerp(silence, structure.hints(latents), given.structure_strength)
    generated = torch.ones(len(silence), 1)
    if given.mask is not None and given.source is not None:
        generated = (given.mask[:, None] >= GENERATED_FROM).float()
        followed = torch.where(generated > 0, followed, given.source)
    return torch.cat([followed, generated.expand(-1, silence.shape[1])], dim=-1)


def _followed(given: ConditionInput, structure: Structure | None) -> Tensor | None:
    """The latents of a cover; None where there are none, or nothing of them is to be heard."""
    if structure is None or given.structure_strength == 0.0:
        return None
    return given.source if given.structure is None else given.structure


def said(words: Words) -> tuple[Tensor, Tensor]:
    """Tokens ``[L, H]`` of one prompt, and their weights ``[L]``: all whole."""
    tokens = torch.cat(words.parts)
    return tokens, torch.ones(len(tokens), device=tokens.device)


def blended(
    a: Words, b: Words, amount: float, law: Literal["slerp", "lerp"]
) -> tuple[Tensor, Tensor]:
    """Tokens and weights between two prompts, ``amount`` of the way, part by part.

    Tokens that both have are blended by ``law``. Those that only the longer has are heard by its
    share, so that none comes or goes at once. At 0 and at 1 it is one prompt alone, bit for bit.
    """
    if amount in (0.0, 1.0):
        return said(b if amount else a)
    pairs = [_blended_part(*pair, amount, law) for pair in zip(a.parts, b.parts, strict=True)]
    return torch.cat([tokens for tokens, _ in pairs]), torch.cat([weights for _, weights in pairs])


def _blended_part(
    a: Tensor, b: Tensor, amount: float, law: Literal["slerp", "lerp"]
) -> tuple[Tensor, Tensor]:
    both = min(len(a), len(b))
    longer, share = (a, 1.0 - amount) if len(a) > len(b) else (b, amount)
    mixed = BLENDS[law](a[:both].float(), b[:both].float(), amount).to(a.dtype)
    weights = torch.ones(len(longer), device=a.device)
    weights[both:] = share
    return torch.cat([mixed, longer[both:]]), weights
