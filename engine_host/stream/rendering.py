"""Finished generations, and their sound bar by bar.

The unit of decoding is one bar of one rendering, with the join's pre-roll before it: the same unit
live and offline, so that both hear the same bits.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from engine_host.models.interface import Model
from engine_host.stream.plan import Plan
from engine_host.stream.rates import RatePair, margin_frames
from engine_host.stream.sources import Samples
from engine_host.stream.windows import FADE_SECONDS

DRY_BELOW_DENOISE = 0.1  # under this the lossy codec's sound gives way to the source itself
SOFT_LIMIT = 10 ** (-1 / 20)  # -1 dBFS
_KNEE = 0.75
"""The soft limiter is the identity up to this level; above it bends towards SOFT_LIMIT."""


@dataclass(frozen=True, eq=False)
class Rendering:
    """One finished generation. ``clean``: its step-class curves never changed while it ran."""

    plan: Plan
    latents: torch.Tensor | None  # None: the window is the source itself (denoise 0 throughout)
    generation: int
    clean: bool
    step: bytes  # digest of the step curves its last step read
    born_tick: int
    finished_tick: int
    model: Model  # it is decoded by the model that made it

    @property
    def submission(self) -> bytes:
        """Digest of its submission-class parameters."""
        return self.plan.submission


def fade_samples(rate_hz: int) -> int:
    """Length of a join at ``rate_hz``."""
    return round(FADE_SECONDS * rate_hz)


@dataclass(frozen=True, eq=False)
class Unit:
    """The sound of one bar of a rendering: song samples ``[start, start + len(wet))``.

    The gains say how rendering and source share the sound where denoise is small; both are None
    where the sound is the rendering alone.
    """

    rendering: Rendering
    bar: int
    start: int
    wet: Samples  # [frames, 2]
    wet_gain: npt.NDArray[np.float32] | None = None  # [frames]
    dry_gain: npt.NDArray[np.float32] | None = None


def decode_unit(rendering: Rendering, bar: int, model: Model) -> Unit:
    """Decodes ``bar`` of a rendering with its halo only. Decode thread; deterministic."""
    frames = rendering.plan.frames
    grid = frames.grid
    start = grid.sample(bar) - fade_samples(grid.sample_rate_hz)
    length = grid.sample(bar + 1) - start
    denoise = rendering.plan.denoise()
    if rendering.latents is None:
        silence = np.zeros((length, 2), dtype=np.float32)
        return Unit(rendering, bar, start, silence, silence[:, 0], np.ones_like(silence[:, 0]))
    audio = _span(rendering, start - grid.sample(frames.window.first_bar), length, model)
    if rendering.plan.source is None or bool(np.all(denoise >= DRY_BELOW_DENOISE)):
        return Unit(rendering, bar, start, audio)
    return Unit(rendering, bar, start, audio, *_wet_and_dry(rendering, start, length))


def _span(rendering: Rendering, offset: int, length: int, model: Model) -> Samples:
    """``length`` host samples from ``offset`` (relative to the window's first bar's sample)."""
    frames, geometry = rendering.plan.frames, rendering.plan.frames.geometry
    pair = RatePair(frames.grid.sample_rate_hz, geometry.sample_rate_hz)
    per_frame = geometry.samples_per_frame * pair.host_hz  # of offset times the model's rate
    margin = margin_frames(geometry, pair)
    first = max(0, offset * pair.model_hz // per_frame + frames.context - margin)
    end = -(-(offset + length) * pair.model_hz // per_frame) + frames.context + margin
    decoded = _decode_frames(rendering, first, min(frames.count, end), model)
    start = (first - frames.context) * geometry.samples_per_frame
    audio, start = pair.to_host(decoded, start)
    begin = offset - start
    piece = np.asarray(audio[begin : begin + length], dtype=np.float32)
    if len(piece) < length:
        piece = np.pad(piece, ((0, length - len(piece)), (0, 0)))
    return piece


def _decode_frames(rendering: Rendering, first: int, end: int, model: Model) -> Samples:
    assert rendering.latents is not None
    frames, halo = rendering.plan.frames, model.geometry.decode_halo_frames
    low, high = max(0, first - halo), min(frames.count, end + halo)
    audio = model.decode(rendering.latents[low:high], frames.absolute_start_frame + low)
    per_frame = model.geometry.samples_per_frame
    kept = audio[:, (first - low) * per_frame : (end - low) * per_frame]
    return np.ascontiguousarray(kept.numpy().T)


def _wet_and_dry(
    rendering: Rendering, start: int, length: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Equal-power gains of rendering and source; exactly 0 and 1 where denoise is 0."""
    frames = rendering.plan.frames
    host_rate = frames.grid.sample_rate_hz
    offset = start - frames.grid.sample(frames.window.first_bar)
    position = (np.arange(length) + offset) / host_rate * frames.geometry.frame_rate_hz
    amount = np.interp(position + frames.context, np.arange(frames.count), rendering.plan.denoise())
    share = np.clip(amount / DRY_BELOW_DENOISE, 0.0, 1.0)
    angle = share * (np.pi / 2)
    wet = np.where(share <= 0, 0.0, np.where(share >= 1, 1.0, np.sin(angle)))
    dry = np.where(share <= 0, 1.0, np.where(share >= 1, 0.0, np.cos(angle)))
    return wet.astype(np.float32), dry.astype(np.float32)


def soft_limited(audio: Samples) -> Samples:
    """Memoryless: identity up to the knee, then a smooth bend that never passes -1 dBFS."""
    size = np.abs(audio)
    room = SOFT_LIMIT - _KNEE
    bent = _KNEE + room * np.tanh((size - _KNEE) / room)
    return np.where(size <= _KNEE, audio, np.sign(audio) * bent).astype(np.float32)


class RenderingStore:
    """The renderings of one stream, newest last; bounded, the oldest go first. Engine thread only."""

    def __init__(self, capacity: int = 96, units: int = 256) -> None:
        self._renderings: OrderedDict[tuple[bytes, bytes, bool], Rendering] = OrderedDict()
        self._units: OrderedDict[tuple[int, int], Unit] = OrderedDict()
        self._landed: dict[tuple[bytes, bytes], int] = {}
        self._retired: list[Rendering] = []
        self._capacity, self._unit_capacity = capacity, units

    def add(self, rendering: Rendering) -> None:
        """Keeps a finished generation."""
        key = (rendering.submission, rendering.step, rendering.clean)
        self._renderings.pop(key, None)
        self._renderings[key] = rendering
        self._landed.setdefault(key[:2], rendering.finished_tick)
        while len(self._renderings) > self._capacity:
            _, gone = self._renderings.popitem(last=False)
            self._landed.pop((gone.submission, gone.step), None)
            self._forget_units(gone)

    def retire(self) -> None:
        """Another model plays: what there is stands in where its own is not there in time, and is no
        plan's any more."""
        self._retired += self._renderings.values()
        self._renderings.clear()
        self._landed.clear()

    def forget_retired(self) -> None:
        """The model that plays is heard: nothing of the one before is needed."""
        for gone in self._retired:
            self._forget_units(gone)
        self._retired = []

    def discard(self, rendering: Rendering) -> None:
        """Forgets a rendering that can't be heard."""
        self._retired = [kept for kept in self._retired if kept is not rendering]
        for key in [key for key, kept in self._renderings.items() if kept is rendering]:
            del self._renderings[key]
        self._forget_units(rendering)

    def first_landed(self, plan: Plan) -> int | None:
        """The tick at which the first generation that carries this plan's parameters had finished."""
        return self._landed.get((plan.submission, plan.step))

    def exact(self, plan: Plan) -> Rendering | None:
        """The clean rendering of just this plan."""
        return self._touch((plan.submission, plan.step, True))

    def acceptable(self, plan: Plan) -> Rendering | None:
        """The clean rendering, else one whose last steps heard this plan's step curves."""
        return self.exact(plan) or self._touch((plan.submission, plan.step, False))

    def newest_of_window(self, plan: Plan) -> Rendering | None:
        """The newest rendering of the plan's window; if there is one, none that holds changes which
        come only after the plan's place."""
        window, state = plan.frames.window, plan.settings.state
        kept = (*self._retired, *self._renderings.values())
        same = [r for r in kept if r.plan.frames.window == window]
        return max(same, key=lambda r: (r.plan.settings.state <= state, r.generation), default=None)

    def earlier(self, plan: Plan) -> torch.Tensor | None:
        """The latents of the same window ``feedback_tap`` passes before the plan's own."""
        tap = int(plan.value("feedback_tap"))
        window, lap = plan.frames.window, plan.lap - tap
        if lap < 0 or not plan.value("feedback"):
            return None
        same = [
            r
            for r in self._renderings.values()
            if r.plan.frames.window == window and r.plan.lap == lap and r.latents is not None
        ]
        return max(same, key=lambda r: r.generation).latents if same else None

    def unit(self, rendering: Rendering, bar: int) -> Unit | None:
        """The decoded bar, if it has been decoded."""
        return self._units.get((rendering.generation, bar))

    def add_unit(self, unit: Unit) -> None:
        """Keeps a decoded bar."""
        self._units[(unit.rendering.generation, unit.bar)] = unit
        while len(self._units) > self._unit_capacity:
            self._units.popitem(last=False)

    def _touch(self, key: tuple[bytes, bytes, bool]) -> Rendering | None:
        found = self._renderings.get(key)
        if found is not None:
            self._renderings.move_to_end(key)
        return found

    def _forget_units(self, gone: Rendering) -> None:
        for key in [key for key in self._units if key[0] == gone.generation]:
            del self._units[key]
