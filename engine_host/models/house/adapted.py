"""The house model's transformer with LoRAs: in PyTorch, whatever runs it without."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

import torch

from engine_host.accel.eager import EagerRunner
from engine_host.models.house.config import HouseConfig
from engine_host.models.house.flow import PREFIX, Flow, load_flow
from engine_host.models.lora.adapter import LayerSize
from engine_host.models.lora.inject import LoraInjection, Row
from engine_host.models.lora.library import LoraLibrary
from engine_host.models.lora.merged import MergedLoras
from engine_host.models.lora.shelf import LoraShelf

Weights = Mapping[str, torch.Tensor]


class AdaptedFlow:
    """Loads PyTorch's transformer when the first LoRA is asked for, which takes seconds."""

    def __init__(
        self,
        config: HouseConfig,
        weights: Weights,
        reload: Callable[[], Weights],
        library: LoraLibrary,
    ) -> None:
        self._config, self._reload = config, reload
        like = next(iter(weights.values()))
        self.shelf = LoraShelf(library, config.name, _layer_sizes(weights), like)
        self._lock = threading.Lock()
        self._runner: EagerRunner | None = None
        self._injection: LoraInjection | None = None
        self._merged: MergedLoras | None = None

    def take(self, names: Sequence[str]) -> Row:
        """LoRAs by name, place by place, ready to sound. Encode thread."""
        row = self.shelf.take(names)
        if any(row):
            with self._lock:
                if self._runner is None:
                    self.use(load_flow(self._reload(), self._config))
        return row

    def use(self, flow: Flow) -> None:
        """The transformer that LoRAs are added to; no bit of it changes without them."""
        patch_frames = int(self._config.transformer["patch_size"])
        self._injection = LoraInjection(flow.transformer, patch_frames=patch_frames)
        self._merged = MergedLoras(flow.transformer)
        self._runner = EagerRunner(flow)

    def merge(self, loras: Sequence[tuple[str, float]], field: str) -> None:
        """LoRAs into the weights of the transformer in use. Not while it runs."""
        assert self._merged is not None
        self._merged.merge([(self.shelf.adapter(name, field), s) for name, s in loras])

    def velocity(
        self, given: tuple[torch.Tensor, ...], rows: Sequence[Row], strengths: torch.Tensor
    ) -> torch.Tensor:
        """``given`` as a `VelocityRunner` takes it, with ``strengths [B, P, T]``. Tick thread."""
        if self._injection is None or self._runner is None:
            raise ValueError("no LoRA was taken before this forward")
        x, t, tokens, context = given
        with self._injection.sounding(rows, strengths):
            return self._runner(x, t, tokens, context)


def _layer_sizes(weights: Weights) -> dict[str, LayerSize]:
    """Of the transformer's linear layers: the weights with two axes."""
    return {
        name.removeprefix(PREFIX).removesuffix(".weight"): LayerSize(w.shape[1], w.shape[0])
        for name, w in weights.items()
        if name.startswith(PREFIX) and name.endswith(".weight") and w.ndim == 2
    }
