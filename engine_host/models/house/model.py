"""The house model behind the engine's interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.accel.eager import EagerRunner
from engine_host.accel.onnx import OnnxRunner, onnxruntime_installed
from engine_host.accel.runner import VelocityRunner
from engine_host.accel.threads import fix_threads
from engine_host.models.blend import lerp, slerp
from engine_host.models.house import lexicon
from engine_host.models.house.adapted import AdaptedFlow
from engine_host.models.house.config import WEIGHTS, HouseConfig, load_config
from engine_host.models.house.context import build_context, level_relative_db
from engine_host.models.house.decoder import Decoder
from engine_host.models.house.encoder import Encoder
from engine_host.models.house.flow import load_flow
from engine_host.models.house.planner import make_plan, plan_notes
from engine_host.models.house.roll import roll_of
from engine_host.models.house.tables import FRAME_SAMPLES, SAMPLE_RATE_HZ
from engine_host.models.house.tokens import ConditionTables
from engine_host.models.interface import (
    Adapters,
    Capability,
    ConditionInput,
    Geometry,
    PromptReading,
)
from engine_host.models.lora.inject import Row
from engine_host.models.lora.library import LoraLibrary

LATENT_CHANNELS = 64
LONGEST_WINDOW_FRAMES = 1_500
CAPABILITIES: frozenset[Capability] = frozenset(
    {"text", "grid", "notes", "source", "structure", "inpaint"}
)
Weights = Mapping[str, torch.Tensor]
_BLENDS = {"slerp": slerp, "lerp": lerp}


@dataclass(frozen=True, eq=False)
class HouseCondition:
    """One slot's condition: ``tokens [S, 256]`` and ``context [T, 128]``, never written to again."""

    tokens: torch.Tensor
    context: torch.Tensor
    loras: Row = ()


@dataclass(frozen=True)
class _Stack:
    """The conditions of a batch, stacked; kept while the batch stays the same."""

    of: tuple[object, ...]
    tokens: torch.Tensor
    context: torch.Tensor
    loras: tuple[Row, ...]

    def is_of(self, conditions: Sequence[object]) -> bool:
        return len(self.of) == len(conditions) and all(
            mine is theirs for mine, theirs in zip(self.of, conditions, strict=True)
        )


class HouseModel:
    """The embedded default model; a `engine_host.models.interface.Model`. Build it with `load_house_model`.

    Without ``adapted`` it plays no LoRAs.
    """

    def __init__(
        self,
        config: HouseConfig,
        encoder: Encoder,
        decoder: Decoder,
        tables: ConditionTables,
        runner: VelocityRunner,
        adapted: AdaptedFlow | None = None,
    ) -> None:
        self._config = config
        self._encoder = encoder.eval()
        self._decoder = decoder.eval()
        self._tables = tables
        self._runner = runner
        self._adapted = adapted
        self._stack: _Stack | None = None

    @property
    def name(self) -> str:
        """The name of the packaged weights."""
        return self._config.name

    @property
    def geometry(self) -> Geometry:
        """48 kHz stereo, 64 latent channels at 25 Hz."""
        return Geometry(
            sample_rate_hz=SAMPLE_RATE_HZ,
            audio_channels=2,
            samples_per_frame=FRAME_SAMPLES,
            latent_channels=LATENT_CHANNELS,
            frame_multiple=2,
            decode_halo_frames=self._config.halo_frames,
            longest_window_frames=LONGEST_WINDOW_FRAMES,
        )

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What a condition can hold that is truly heard."""
        return CAPABILITIES if self._adapted is None else CAPABILITIES | {"lora"}

    @property
    def adapters(self) -> Adapters | None:
        """The LoRAs of the library."""
        return None if self._adapted is None else self._adapted.shelf

    def merge(self, loras: Sequence[tuple[str, float]], field: str) -> None:
        """See `engine_host.models.interface.MergeableModel`; the graph of ONNX Runtime stays as it is."""
        if self._adapted is None or not isinstance(self._runner, EagerRunner):
            raise RefusedError(
                ErrorCode.CANNOT_HEAR,
                field,
                "LoRAs can be merged into the house model where PyTorch runs it; add "
                "--accelerator eager.",
            )
        self._adapted.merge(loras, field)

    @property
    def defaults(self) -> Mapping[str, float]:
        """The registry's own: they were chosen for it."""
        return {}

    @property
    def schedule(self) -> None:
        """The shifted one."""
        return None

    @property
    def accelerator(self) -> str:
        """How velocities are run, in words; rows in which a LoRA sounds are PyTorch's in any case."""
        return self._runner.words

    def read_prompt(self, prompt: str) -> PromptReading:
        """Tags and key heard; tempo and meter are the host's, so they are among the ignored. Any thread."""
        return lexicon.read_prompt(prompt).reading()

    @torch.no_grad()
    def encode(self, audio: torch.Tensor) -> torch.Tensor:
        """``[2, 1920 * T]`` -> ``[T, 64]``, T > 0. Deterministic. Encode thread."""
        if (
            audio.ndim != 2
            or len(audio) != 2
            or not audio.shape[1]
            or audio.shape[1] % FRAME_SAMPLES
        ):
            raise ValueError(f"audio must be [2, n * {FRAME_SAMPLES}], not {list(audio.shape)}")
        latents: torch.Tensor = self._encoder(audio[None])
        return latents[0]

    @torch.no_grad()
    def condition(self, given: ConditionInput) -> HouseCondition:
        """Text, grid, notes or a plan, and the source. Deterministic. Encode thread."""
        if given.source is not None and given.source.shape != (given.frames, LATENT_CHANNELS):
            raise ValueError(
                f"source must be {[given.frames, LATENT_CHANNELS]}, not {list(given.source.shape)}"
            )
        meaning = lexicon.read_prompt(given.prompt)
        tags = lexicon.completed_tags(meaning)
        bpm = float(given.grid.bpm[0])
        tokens = self._tables.tokens(tags, meaning.pitch_class, meaning.mode, bpm)
        if given.blend:
            tokens = _BLENDS[given.blend_law](tokens, self._tokens_b(given, bpm), given.blend)
        context = build_context(
            given.grid,
            source=self._structure(given),
            roll=_roll(given, meaning, tags),
            level_db=_level_db(given),
        )
        return HouseCondition(tokens, context, self._loras(given))

    def _loras(self, given: ConditionInput) -> Row:
        return () if self._adapted is None else self._adapted.take(given.adapters)

    def _tokens_b(self, given: ConditionInput, bpm: float) -> torch.Tensor:
        """The tokens of the prompt that is blended in."""
        meaning = lexicon.read_prompt(given.prompt_b)
        tags = lexicon.completed_tags(meaning)
        return self._tables.tokens(tags, meaning.pitch_class, meaning.mode, bpm)

    def _structure(self, given: ConditionInput) -> torch.Tensor | None:
        """What the context is to follow: between silence and the structure, by its strength."""
        followed = given.source if given.structure is None else given.structure
        if followed is None or given.structure_strength == 1.0:
            return followed
        silence = self.encode(torch.zeros(2, len(followed) * FRAME_SAMPLES))
        return lerp(silence, followed, given.structure_strength)

    @torch.no_grad()
    def velocity(
        self,
        x: torch.Tensor,
        t: torch.Tensor,
        conditions: Sequence[object],
        strengths: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """``x [B, T, 64]``, ``t [B]``, B conditions of T frames, T even -> ``[B, T, 64]``. Tick thread.

        A row in which no LoRA sounds has the bits of a batch without LoRAs.
        """
        if x.shape[1] % 2:
            raise ValueError(f"the number of frames must be even, not {x.shape[1]}")
        stack = self._stacked(conditions)
        inputs = (x, t, stack.tokens, stack.context)
        sounding = [] if strengths is None else _sounding(stack.loras, strengths)
        if self._adapted is None or strengths is None or not any(sounding):
            return self._runner(*inputs)
        adapted = self._adapted.velocity(inputs, stack.loras, strengths)
        if all(sounding):
            return adapted
        return torch.where(torch.tensor(sounding).view(-1, 1, 1), adapted, self._runner(*inputs))

    @torch.no_grad()
    def decode(self, latents: torch.Tensor, absolute_start_frame: int) -> torch.Tensor:
        """``[T, 64]`` -> ``[2, 1920 * T]``; exact, to float32 rounding, 4 frames away from the edges. Decode thread."""
        audio: torch.Tensor = self._decoder(latents[None], absolute_start_frame)
        return audio[0]

    def _stacked(self, conditions: Sequence[object]) -> _Stack:
        if self._stack is None or not self._stack.is_of(conditions):
            self._stack = _stack_of(conditions)
        return self._stack


def _stack_of(conditions: Sequence[object]) -> _Stack:
    own = [condition for condition in conditions if isinstance(condition, HouseCondition)]
    if len(own) != len(conditions):
        raise TypeError("these conditions were not made by a house model")
    tokens = torch.stack([condition.tokens for condition in own])
    context = torch.stack([condition.context for condition in own])
    return _Stack(tuple(conditions), tokens, context, tuple(c.loras for c in own))


def _sounding(loras: Sequence[Row], strengths: torch.Tensor) -> list[bool]:
    """In which rows some LoRA is stronger than 0 somewhere."""
    heard = strengths.ne(0.0).any(-1).tolist()
    return [
        any(lora is not None and there for lora, there in zip(row, places, strict=False))
        for row, places in zip(loras, heard, strict=True)
    ]


def load_house_model(
    *,
    accelerator: Literal["auto", "onnx", "eager"] | str = "auto",
    threads: int = 2,
    folder: Path = WEIGHTS,
    loras: LoraLibrary | None = None,
) -> HouseModel:
    """Load the packaged weights; sets PyTorch's thread count for the process.

    Under ONNX Runtime PyTorch only decodes, and does so with one thread: its spinning second one
    was measured to slow a decode ten times as soon as another process wants the core.

    ``auto`` takes ONNX Runtime where it is installed and PyTorch otherwise; ``onnx`` refuses to do
    without (`RefusedError`, NOT_INSTALLED); ``eager`` is PyTorch. Any other word is OUT_OF_RANGE.
    ``loras`` None: those of the user's own library. A row with a LoRA is run in PyTorch.
    """
    runner_is_onnx = _wants_onnx(accelerator)
    fix_threads(1 if runner_is_onnx else threads)
    config = load_config(folder)
    linear = load_file(folder / "pca.safetensors")
    decoder = Decoder(linear, config.decoder)
    decoder.load_file_weights(_float32(folder / "voc.safetensors"))
    path = folder / "dit.safetensors"
    weights = _float32(path)
    adapted = AdaptedFlow(config, weights, lambda: _float32(path), loras or LoraLibrary())
    return HouseModel(
        config,
        Encoder(linear),
        decoder,
        ConditionTables.from_weights(weights, config),
        _runner(runner_is_onnx, threads, folder, weights, config, adapted),
        adapted,
    )


def _wants_onnx(accelerator: str) -> bool:
    if accelerator not in ("auto", "onnx", "eager"):
        raise RefusedError(
            ErrorCode.OUT_OF_RANGE,
            "accelerator",
            f"the house model runs on 'auto', 'onnx' or 'eager', not {accelerator!r}",
        )
    return accelerator == "onnx" or (accelerator == "auto" and onnxruntime_installed())


def _runner(
    onnx: bool,
    threads: int,
    folder: Path,
    weights: Weights,
    config: HouseConfig,
    adapted: AdaptedFlow,
) -> VelocityRunner:
    if onnx:
        return OnnxRunner(folder / "dit.onnx", threads)
    flow = load_flow(weights, config)
    adapted.use(flow)  # the same one: nothing of it changes where no LoRA sounds
    return EagerRunner(flow)


def _float32(path: Path) -> dict[str, torch.Tensor]:
    return {name: tensor.float() for name, tensor in load_file(path).items()}


def _roll(
    given: ConditionInput, meaning: lexicon.PromptMeaning, tags: tuple[str, ...]
) -> npt.NDArray[np.float32] | None:
    """The host's notes; without them a plan, unless a source already says what to play."""
    if given.notes is not None:
        return roll_of(given.notes, given.frames)
    if given.source is not None:
        return None
    plan = make_plan(
        tags, meaning.pitch_class or 0, meaning.mode, given.seed, bass=meaning.allows_bass
    )
    return roll_of(plan_notes(plan, given.grid.bars), given.frames)


def _level_db(given: ConditionInput) -> float | None:
    """Re the training level: the source's; 0 where there is no source; unknown for a source of unknown level."""
    if given.source is None:
        return 0.0
    return None if given.source_level_db is None else level_relative_db(given.source_level_db)
