"""The interface every model family stands behind; the ring, the stream and the wire know nothing else.

Shapes: ``T`` latent frames, ``C`` latent channels, ``B`` rows of one forward, ``A`` audio channels.
Frames are counted from the first frame of the window (its leading context included) unless a name
says ``absolute``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch

Capability = Literal[
    "text", "lyrics", "timbre", "structure", "grid", "notes", "source", "inpaint", "lora"
]
NoteRole = Literal["bass", "chord", "lead", "drums"]
Times = npt.NDArray[np.float64]
Schedule = Callable[[Times, float], Times]
"""``(tau, shift) -> t``: times that fall evenly from 1 to 0, moved to where the model was trained.

Strictly rising in ``tau``; 0 and 1 stay where they are. Any thread.
"""


@dataclass(frozen=True)
class Geometry:
    """The fixed sizes of a model. ``longest_window_frames`` bounds ``T`` of one generation."""

    sample_rate_hz: int
    audio_channels: int
    samples_per_frame: int
    latent_channels: int
    frame_multiple: int
    decode_halo_frames: int
    longest_window_frames: int

    @property
    def frame_rate_hz(self) -> float:
        """Latent frames per second."""
        return self.sample_rate_hz / self.samples_per_frame


@dataclass(frozen=True)
class BarSpan:
    """One bar of the host as a window's frames see it.

    ``sixteenth_frames[i]`` is the (fractional, possibly negative) frame of the i-th sixteenth note
    (a quarter of a quarter note) of the bar; the last entry is the bar's end, wherever it falls.
    """

    index: int  # 0 = the song's first bar
    quarters: float  # length in quarter notes
    sixteenth_frames: tuple[float, ...]


@dataclass(frozen=True)
class GridFrames:
    """The host's bar grid, read at the middle of each latent frame of a window. All arrays ``[T]``."""

    bpm: npt.NDArray[np.float64]
    quarter_in_bar: npt.NDArray[np.float64]  # quarter notes since the bar line
    bar_quarters: npt.NDArray[np.float64]  # the bar's length
    bar_index: npt.NDArray[np.int64]  # 0 = the song's first bar
    bars: tuple[BarSpan, ...]  # every bar that touches the window, in order of appearance


@dataclass(frozen=True)
class FrameNote:
    """A note of the host in latent frames of the window; may begin before it or end after it."""

    start_frame: float
    end_frame: float
    pitch: int  # MIDI note number 0..127
    velocity: float  # 0..1
    role: NoteRole


@dataclass(frozen=True)
class ConditionInput:
    """Everything a model may hear besides the latent itself, for one window.

    ``notes`` is None where the host sent none (a planner may stand in); ``source`` is the encoded
    source ``[T, C]`` or None; ``source_level_db`` its RMS level re full scale. ``structure`` takes
    the place of the source in the context where it is given.
    """

    prompt: str
    grid: GridFrames
    seed: int
    notes: tuple[FrameNote, ...] | None = None
    source: torch.Tensor | None = None
    source_level_db: float | None = None
    prompt_b: str = ""
    blend: float = 0.0  # from ``prompt`` (0) to ``prompt_b`` (1)
    blend_law: Literal["slerp", "lerp"] = "slerp"
    structure: torch.Tensor | None = None  # latents ``[T, C]`` whose structure is to be heard
    structure_strength: float = 1.0
    timbre: torch.Tensor | None = None  # latents ``[T, C]`` whose timbre is to be heard
    timbre_strength: float = 1.0  # between the silence's timbre (0) and the reference's (1)
    mask: torch.Tensor | None = (
        None  # ``[T]``, 1 = generate, 0 = keep the source; None: 1 throughout
    )
    adapters: tuple[str, ...] = ()  # LoRAs by name, place by place; "" is an empty place
    negative: bool = False  # it is what guidance leads away from

    @property
    def frames(self) -> int:
        """``T`` of the window."""
        return len(self.grid.bpm)


@dataclass(frozen=True)
class PromptReading:
    """What the model understood of a prompt, and the words it could not use."""

    heard: tuple[str, ...]
    ignored: tuple[str, ...]


class Model(Protocol):
    """A model family. ``Condition`` objects are opaque, immutable, and only ever handed back."""

    @property
    def name(self) -> str:
        """What a user calls it."""
        ...

    @property
    def geometry(self) -> Geometry:
        """Its fixed sizes."""
        ...

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it can hear; anything else is refused by name at the door."""
        ...

    @property
    def defaults(self) -> Mapping[str, float]:
        """Values of parameters that suit it better than the registry's defaults, by name."""
        ...

    @property
    def schedule(self) -> Schedule | None:
        """Where its steps lie; None: the shifted schedule (`engine_host.diffusion.schedule`)."""
        ...

    @property
    def accelerator(self) -> str:
        """How the velocity is run, in words a user knows, e.g. ``onnxruntime cpu``."""
        ...

    def read_prompt(self, prompt: str) -> PromptReading:
        """What would be heard of ``prompt``. Any thread."""
        ...

    def encode(self, audio: torch.Tensor) -> torch.Tensor:
        """``[A, N]`` at the model's rate, ``N`` a multiple of samples_per_frame -> ``[T, C]``. Deterministic. Encode thread."""
        ...

    def condition(self, given: ConditionInput) -> object:
        """The immutable condition of one slot. Deterministic. Encode thread."""
        ...

    def velocity(
        self,
        x: torch.Tensor,
        t: torch.Tensor,
        conditions: Sequence[object],
        strengths: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """The one batched forward: ``x [B, T, C]``, ``t [B]`` (1 = noise), B conditions -> ``dx/dt [B, T, C]``.

        ``strengths [B, P, T]``: of the adapters in a condition's P places, frame by frame; None where
        no row has any. A row's result does not depend on the other rows' contents. Tick thread.
        """
        ...

    def decode(self, latents: torch.Tensor, absolute_start_frame: int) -> torch.Tensor:
        """``[T, C]`` -> ``[A, T * samples_per_frame]``; exact ``decode_halo_frames`` away from the edges. Decode thread."""
        ...


@dataclass(frozen=True)
class AdapterInfo:
    """A LoRA of the library as a client is told of it; ``fits``: whether this model can play it."""

    name: str
    fits: bool
    trigger_words: tuple[str, ...]
    strength: float  # recommended
    text: str  # what it is, or why it can't be played


class Adapters(Protocol):
    """The LoRAs of the library as one model sees them. Any thread; of files only headers are read."""

    def check(self, name: str, field: str) -> AdapterInfo:
        """One that fits; `RefusedError` about ``field``: FILE_MISSING, FILE_BROKEN or CANNOT_HEAR."""
        ...

    def digest(self, name: str, field: str) -> str:
        """A hash of all bytes that decide its sound, in hex; reads them. `RefusedError` as `check`."""
        ...

    def infos(self) -> Sequence[AdapterInfo]:
        """All of them, by name."""
        ...


@runtime_checkable
class AdaptableModel(Protocol):
    """What a model with the capability ``lora`` has besides."""

    @property
    def adapters(self) -> Adapters:
        """The LoRAs that a condition can name."""
        ...


@runtime_checkable
class MergeableModel(Protocol):
    """An adaptable model whose weights can be changed."""

    def merge(self, loras: Sequence[tuple[str, float]], field: str) -> None:
        """These LoRAs, at these strengths, into the weights, in place of what was merged before.

        They then cost nothing and are everybody's. `RefusedError` about ``field`` as
        `Adapters.check`, or CANNOT_HEAR where the weights can't be changed. Before anything plays.
        """
        ...
