"""The work that everyone does: the house model's generations of one length, from noise, in 8 steps."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from bridge_protocol.clock import Clock
from engine_host.accel.eager import EagerRunner
from engine_host.accel.onnx import OnnxRunner
from engine_host.accel.runner import VelocityRunner
from engine_host.diffusion.noise import NoiseKey
from engine_host.diffusion.request import Request, StepCell, StepState
from engine_host.models.house.config import WEIGHTS, load_config
from engine_host.models.house.decoder import Decoder
from engine_host.models.house.encoder import Encoder
from engine_host.models.house.flow import load_flow
from engine_host.models.house.model import HouseCondition, HouseModel
from engine_host.models.house.tokens import ConditionTables
from engine_host.models.interface import BarSpan, ConditionInput, GridFrames

STEPS = 8
SHIFT = 3.0
PROMPT = "warm house, piano, 4/4"
_BAR_FRAMES = 50  # 2 s: a bar of 4/4 at 120 bpm
_SEED = 1


class MeteredRunner:
    """Counts the time spent inside another runner; ``dry`` answers with zeros at no cost."""

    def __init__(self, runner: VelocityRunner, clock: Clock) -> None:
        self._runner, self._clock = runner, clock
        self.spent_ns = 0
        self.dry = False

    @property
    def words(self) -> str:
        """See `VelocityRunner`."""
        return self._runner.words

    def __call__(self, x: Tensor, t: Tensor, tokens: Tensor, context: Tensor) -> Tensor:
        """See `VelocityRunner`."""
        if self.dry:
            return torch.zeros_like(x)
        started = self._clock.now_ns()
        v = self._runner(x, t, tokens, context)
        self.spent_ns += self._clock.now_ns() - started
        return v


@dataclass(frozen=True, eq=False)
class Engine:
    """The model on one accelerator, its meter, and the threads PyTorch has beside it.

    Under ONNX Runtime PyTorch has one thread, as in the shipped engine.
    """

    name: str
    model: HouseModel
    runner: MeteredRunner
    torch_threads: int

    def spent_ns(self) -> int:
        """Time inside forwards so far."""
        return self.runner.spent_ns


@dataclass(frozen=True, eq=False)
class Engines:
    """The same weights twice, and the transformer itself, which the diffusers rival runs too."""

    onnx: Engine
    eager: Engine
    transformer: nn.Module

    @property
    def both(self) -> tuple[Engine, Engine]:
        """ONNX Runtime's, then PyTorch's."""
        return self.onnx, self.eager


def load_engines(threads: int, clock: Clock, folder: Path = WEIGHTS) -> Engines:
    """Load the packaged weights once. Imports diffusers, which takes seconds."""
    config = load_config(folder)
    linear = load_file(folder / "pca.safetensors")
    decoder = Decoder(linear, config.decoder)
    decoder.load_file_weights(_float32(folder / "voc.safetensors"))
    encoder, weights = Encoder(linear), _float32(folder / "dit.safetensors")
    tables = ConditionTables.from_weights(weights, config)
    flow = load_flow(weights, config)

    def engine(name: str, runner: VelocityRunner, torch_threads: int) -> Engine:
        metered = MeteredRunner(runner, clock)
        model = HouseModel(config, encoder, decoder, tables, metered)
        return Engine(name, model, metered, torch_threads)

    return Engines(
        onnx=engine("onnx", OnnxRunner(folder / "dit.onnx", threads), 1),
        eager=engine("eager", EagerRunner(flow), threads),
        transformer=flow.transformer,
    )


def _float32(path: Path) -> dict[str, Tensor]:
    return {name: tensor.float() for name, tensor in load_file(path).items()}


class Workload:
    """Requests of ``frames`` frames, each with its own noise and its own condition object.

    The condition is a real one (a prompt, a grid at 120 bpm, a plan's notes); every request has an
    object of its own around the same tensors, so that no engine can recognise a batch it has seen.
    """

    def __init__(self, model: HouseModel, frames: int) -> None:
        given = ConditionInput(prompt=PROMPT, grid=_grid(frames), seed=_SEED)
        self.frames = frames
        self.condition = model.condition(given)
        self._state = StepState.plain(frames)
        self._numbers = itertools.count()

    def request(self) -> Request:
        """The next one."""
        number = next(self._numbers)
        condition = HouseCondition(self.condition.tokens, self.condition.context)
        return Request(
            tag=number,
            key=NoiseKey(_SEED, number),
            frames=self.frames,
            condition=condition,
            step_cell=StepCell(self._state),
            steps=STEPS,
            shift=SHIFT,
        )

    def rows(self, count: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Ready stacked inputs of a bare forward: ``x``, ``t``, ``tokens``, ``context``."""
        x = torch.randn(count, self.frames, 64, generator=torch.Generator().manual_seed(_SEED))
        tokens = torch.stack([self.condition.tokens] * count)
        context = torch.stack([self.condition.context] * count)
        return x, torch.linspace(1.0, 0.3, count), tokens, context


def _grid(frames: int) -> GridFrames:
    middle = (np.arange(frames) + 0.5) / _BAR_FRAMES
    bars = tuple(
        BarSpan(bar, 4.0, tuple((bar + part / 16) * _BAR_FRAMES for part in range(17)))
        for bar in range(-(-frames // _BAR_FRAMES))
    )
    return GridFrames(
        bpm=np.full(frames, 120.0),
        quarter_in_bar=middle % 1 * 4.0,
        bar_quarters=np.full(frames, 4.0),
        bar_index=middle.astype(np.int64),
        bars=bars,
    )
