"""The one batched forward: rows at different times, with conditions of different lengths.

Conditions are filled up to one of a few lengths, and what was filled up is not heard. Rows of one
length go together, in forwards of always the same number of rows: so no bit of a row hangs on how
long the conditions of the others are. Rows with lyrics beside rows without take two forwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from diffusers import AceStepTransformer1DModel
from torch import Tensor

from engine_host.models.acestep.attention import hearing_bias, take_over
from engine_host.models.acestep.conditions import AceStepCondition
from engine_host.models.lora.adapter import Adapter, LayerSize, sizes_of
from engine_host.models.lora.inject import LoraInjection, Row
from engine_host.models.lora.merged import MergedLoras

SHORTEST = 256
"""Tokens that a condition is at least filled up to: any caption without lyrics fits."""


@dataclass(frozen=True, eq=False)
class _Group:
    """The rows of one forward and their conditions: ``tokens [B, L, H]``, how they are heard as
    ``bias [B, 1, 1, L]``, ``context [B, T, 2 C]``, ``loras [B]``; ``rows [B]`` names the row that
    each is of, and may name one twice."""

    rows: tuple[int, ...]
    count: int  # the first so many are asked for; the rest fill the forward up
    tokens: Tensor
    bias: Tensor
    context: Tensor
    loras: tuple[Row, ...]


@dataclass(frozen=True, eq=False)
class _Batch:
    """The groups of a batch; kept while the batch stays the same."""

    of: tuple[AceStepCondition, ...]
    groups: tuple[_Group, ...]

    def is_of(self, conditions: Sequence[object]) -> bool:
        return len(self.of) == len(conditions) and all(
            mine is theirs for mine, theirs in zip(self.of, conditions, strict=True)
        )


class Velocity:
    """The transformer, whose cross-attention it takes over. Tick thread.

    TypeError where a condition is another model's.
    """

    def __init__(self, transformer: AceStepTransformer1DModel) -> None:
        self._transformer = transformer.eval()
        self._attention = take_over(transformer)
        self._loras = LoraInjection(transformer, patch_frames=transformer.config.patch_size)
        self._merged = MergedLoras(transformer)
        self._batch: _Batch | None = None

    def merge(self, adapters: Sequence[tuple[Adapter, float]]) -> None:
        """LoRAs into the weights, in place of those merged before. Not while it is called."""
        self._merged.merge(adapters)

    @property
    def device(self) -> torch.device:
        """Where the transformer is."""
        device: torch.device = self._transformer.device
        return device

    @property
    def dtype(self) -> torch.dtype:
        """The transformer's numbers."""
        dtype: torch.dtype = self._transformer.dtype
        return dtype

    @property
    def layer_sizes(self) -> dict[str, LayerSize]:
        """Of the linear layers, which LoRAs can change."""
        return sizes_of(self._transformer)

    @property
    def like(self) -> Tensor:
        """One of its weights: it says where the others are, and in which numbers."""
        weight: Tensor = next(self._transformer.parameters())
        return weight

    def __call__(
        self, x: Tensor, t: Tensor, conditions: Sequence[object], strengths: Tensor | None = None
    ) -> Tensor:
        """``x [B, T, C]``, ``t [B]``, B conditions of T frames -> ``[B, T, C]`` float32.

        ``strengths [B, P, T]`` of the conditions' LoRAs; None: none of them sounds.
        """
        groups = self._groups(conditions)
        if len(groups) == 1:
            return self._forward(x, t, groups[0], strengths)
        velocity = torch.empty_like(x, dtype=torch.float32)
        for group in groups:
            rows = list(group.rows)
            own = None if strengths is None else strengths[rows]
            v = self._forward(x[rows], t[rows], group, own)
            velocity[rows[: group.count]] = v[: group.count]
        return velocity

    def _sounding(self, group: _Group, strengths: Tensor | None) -> AbstractContextManager[None]:
        if strengths is None:
            return nullcontext()
        return self._loras.sounding(group.loras, strengths.to(self.device))

    def _groups(self, conditions: Sequence[object]) -> tuple[_Group, ...]:
        if self._batch is None or not self._batch.is_of(conditions):
            own = tuple(c for c in conditions if isinstance(c, AceStepCondition))
            if len(own) != len(conditions):
                raise TypeError("these conditions were not made by an ACE-Step model")
            self._batch = _Batch(own, tuple(_groups(own)))
        return self._batch.groups

    @torch.no_grad()
    def _forward(self, x: Tensor, t: Tensor, group: _Group, strengths: Tensor | None) -> Tensor:
        """Times stay exact outside; here they become the model's own numbers, as in training."""
        device, dtype = self.device, self.dtype
        at = t.to(device, dtype)
        with self._attention.hearing(group.bias), self._sounding(group, strengths):
            (v,) = self._transformer(
                hidden_states=x.to(device, dtype),
                timestep=at,
                timestep_r=at,
                encoder_hidden_states=group.tokens,
                context_latents=group.context,
                return_dict=False,
            )
        velocity: Tensor = v
        return velocity.to(x.device, torch.float32)


def _groups(conditions: Sequence[AceStepCondition]) -> Iterator[_Group]:
    by_length: dict[int, list[int]] = {}
    for row, condition in enumerate(conditions):
        by_length.setdefault(_filled_length(len(condition.tokens)), []).append(row)
    for length, rows in sorted(by_length.items()):
        full = (*rows, *[rows[0]] * (len(conditions) - len(rows)))
        yield _group(tuple(full), len(rows), [conditions[row] for row in full], length)


def _group(
    rows: tuple[int, ...], count: int, conditions: Sequence[AceStepCondition], length: int
) -> _Group:
    first = conditions[0]
    tokens = first.tokens.new_zeros(len(rows), length, first.tokens.shape[1])
    weights = first.weights.new_zeros(len(rows), length)
    for place, condition in enumerate(conditions):
        tokens[place, : len(condition.tokens)] = condition.tokens
        weights[place, : len(condition.tokens)] = condition.weights
    context = torch.stack([condition.context for condition in conditions])
    loras = tuple(condition.loras for condition in conditions)
    bias = hearing_bias(weights, tokens.dtype)
    return _Group(rows, count, tokens, bias, context, loras)


def _filled_length(tokens: int) -> int:
    """The next power of two, and never less than `SHORTEST`."""
    return max(SHORTEST, 1 << (tokens - 1).bit_length())
