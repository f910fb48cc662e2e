"""LoRAs merged into the weights: ``W = W0 + sum s B A``, always from a pristine copy.

They cost nothing then, and all rows share one strength. Adding and subtracting again would leave
rounding behind; this leaves none.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from engine_host.models.lora.adapter import Adapter, linear_layers


class MergedLoras:
    """The linear layers of ``root``, with LoRAs or without. Not while a forward runs.

    Only the layers that some LoRA has changed are kept a second time, in their own dtype.
    """

    def __init__(self, root: nn.Module) -> None:
        self._layers = linear_layers(root)
        self._pristine: dict[str, torch.Tensor] = {}

    @torch.no_grad()
    def merge(self, adapters: Sequence[tuple[Adapter, float]]) -> None:
        """These LoRAs at these strengths, in place of what was merged before; summed in float32.

        None: the weights as they were, bit for bit. A layer that is itself again keeps no copy.
        """
        touched = {name for adapter, _ in adapters for name in adapter.layers}
        for name in sorted(touched | self._pristine.keys()):
            weight = self._layers[name].weight
            kept = self._pristine.setdefault(name, weight.detach().clone())
            total = kept.float()
            for adapter, strength in adapters:
                part = adapter.layers.get(name)
                if part is not None:
                    total = total + strength * (part.up.float() @ part.down.float())
            weight.copy_(total if name in touched else kept)
            if name not in touched:
                del self._pristine[name]
