"""Sources as a model's latents, kept: a knob that moves makes new requests of the same sound."""

from __future__ import annotations

from collections import OrderedDict

import torch

from bridge_protocol.bars import BarGrid
from engine_host.models.interface import Model
from engine_host.stream.live_input import LiveWindow
from engine_host.stream.sources import Placement, Samples
from engine_host.stream.windows import Frames

KEPT = 64


class Encodes:
    """The newest encoded windows of one model's sources. Encode thread."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._kept: OrderedDict[tuple[object, ...], tuple[BarGrid, torch.Tensor]] = OrderedDict()

    def latents(
        self, placement: Placement | LiveWindow, frames: Frames, audio: Samples
    ) -> torch.Tensor:
        """``[T, C]`` of the window's ``audio [n, 2]``, which is what ``placement`` sounds like
        there; never written to again. What a live input has played is not kept."""
        if isinstance(placement, LiveWindow):
            return self._encoded(audio)
        key = (placement.key(), frames.window, frames.count, id(frames.grid))
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key][1]
        latents = self._encoded(audio)
        self._kept[key] = frames.grid, latents  # the grid too, so that its id stays its own
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return latents

    def _encoded(self, audio: Samples) -> torch.Tensor:
        return self._model.encode(torch.from_numpy(audio.T.copy()))
