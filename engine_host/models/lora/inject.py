"""LoRAs added to a transformer's linear layers for the length of one forward.

``y = W x + sum_p s[row, p, frame] B A x``: the weights stay as they are, every row has its own
LoRAs, and every frame its own strength. Without a LoRA nothing is in the way, and no bit changes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from engine_host.models.lora.adapter import Adapter, LowRank, linear_layers

Row = tuple[Adapter | None, ...]
"""The LoRAs of one row, place by place; None is an empty place."""

CASTS_KEPT = 4  # a batch may be several forwards, each of other rows
OFF_TIME = (
    "cross_attn.to_k",
    "cross_attn.to_v",
    "condition_embedder",
    "time_embed",
    "time_embed_r",
)
"""Layers of `AceStepTransformer1DModel` whose input is no sequence of frames."""


@dataclass(frozen=True, eq=False)
class _Cast:
    """Who sounds: the adapters of some rows, each once, and where: ``places [A, B, P]`` of 0 and 1."""

    adapters: tuple[Adapter, ...]
    places: torch.Tensor


class LoraInjection:
    """LoRAs in the linear layers of ``root``. Tick thread.

    ``patch_frames`` latent frames are one token of the transformer: its strength is their mean. A
    layer whose name is, or begins or ends with, one of ``off_time`` works on tokens that are no
    frames (the condition's, the time's): there a row's mean strength over the window holds.
    """

    def __init__(
        self, root: nn.Module, *, patch_frames: int, off_time: Sequence[str] = OFF_TIME
    ) -> None:
        self._layers = linear_layers(root)
        self._patch_frames = patch_frames
        self._off_time = frozenset(name for name in self._layers if _is_off_time(name, off_time))
        self._casts: OrderedDict[tuple[Row, ...], _Cast] = OrderedDict()

    @contextmanager
    def sounding(self, rows: Sequence[Row], strengths: torch.Tensor) -> Iterator[None]:
        """Forwards in this block are of these ``rows`` with ``strengths [B, P, T]``, P at least a row's.

        A row's result does not hang on the other rows', given their number; a strength of 0
        throughout gives the bits that no LoRA gives.
        """
        cast = self._cast_of(tuple(rows), strengths.device)
        if not cast.adapters:
            yield
            return
        places = cast.places[..., : strengths.shape[1], None]
        by_frame = (places * strengths[:, : places.shape[2]]).sum(2)
        by_token = functional.avg_pool1d(by_frame, self._patch_frames, ceil_mode=True)
        whole = by_frame.mean(-1, keepdim=True)
        with ExitStack() as hooks:
            for name, layer in self._layers.items():
                per_row = whole if name in self._off_time else by_token
                parts = [
                    (adapter.layers[name], strength)
                    for adapter, strength in zip(cast.adapters, per_row, strict=True)
                    if name in adapter.layers
                ]
                if parts:
                    hooks.callback(layer.register_forward_hook(_adding(parts)).remove)
            yield

    def _cast_of(self, rows: tuple[Row, ...], device: torch.device) -> _Cast:
        """Kept while the same rows come again, so that nothing is sent to the device then."""
        if rows not in self._casts:
            self._casts[rows] = _cast(rows, device)
        self._casts.move_to_end(rows)
        while len(self._casts) > CASTS_KEPT:
            self._casts.popitem(last=False)
        return self._casts[rows]


def _is_off_time(name: str, off_time: Sequence[str]) -> bool:
    return any(name == o or name.startswith(f"{o}.") or name.endswith(f".{o}") for o in off_time)


def _cast(rows: tuple[Row, ...], device: torch.device) -> _Cast:
    """In the order of names, so that a row's sum is added up in one order whoever is beside it."""
    found = {adapter: None for row in rows for adapter in row if adapter is not None}
    adapters = tuple(sorted(found, key=lambda adapter: adapter.name))
    width = max((len(row) for row in rows), default=0)
    places = torch.zeros(len(adapters), len(rows), width)
    for index, adapter in enumerate(adapters):
        for row, own in enumerate(rows):
            for place, there in enumerate(own):
                places[index, row, place] = float(there is adapter)
    return _Cast(adapters, places.to(device))


Hook = Callable[[nn.Module, tuple[torch.Tensor, ...], torch.Tensor], torch.Tensor]


def _adding(parts: Sequence[tuple[LowRank, torch.Tensor]]) -> Hook:
    """Each part with its strength ``[B, tokens]`` (or ``[B, 1]``), for every row in one product.

    Where a strength is 0 nothing of the part is left, even if what it makes there is infinite.
    """

    def add(_: nn.Module, given: tuple[torch.Tensor, ...], output: torch.Tensor) -> torch.Tensor:
        x = given[0]
        for part, strength in parts:
            low = functional.linear(x, part.down)
            spread = (strength if x.ndim == 2 else strength.unsqueeze(-1)).to(low)
            heard = torch.where(spread.bool(), low * spread, 0.0)
            output = output + functional.linear(heard, part.up)
        return output

    return add
