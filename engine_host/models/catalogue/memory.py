"""What a model will take of a device's memory, against what is free there, before it is loaded.

The weights are counted; the rest is an estimate from the configs: one forward of every row at the
longest window, and one stretch of sound in the codec. It errs on the large side.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.models.catalogue.checks import Checked
from engine_host.models.catalogue.families import read_json

WINDOW_SECONDS = 60.0
CODEC_SECONDS = 11.0  # what the codecs take at once, with its halo
HIDDEN_COPIES, INNER_COPIES, CODEC_COPIES = 10, 3, 4  # alive at once within one layer
CUDA_CONTEXT_BYTES = 512 << 20
LIKELY_HIDDEN, LIKELY_RATE_HZ = 2_048, 48_000  # of configs that leave them to their class
GIB = 1 << 30

FreeBytes = Callable[[torch.device], int | None]


@dataclass(frozen=True)
class MemoryPlan:
    """Bytes; ``free`` is None where the machine doesn't say."""

    weights: int
    working: int
    free: int | None

    @property
    def needed(self) -> int:
        """Weights and work together."""
        return self.weights + self.working

    @property
    def fits(self) -> bool:
        """Whether there is room, as far as is known."""
        return self.free is None or self.needed <= self.free

    def words(self) -> str:
        """The figures."""
        free = "an unknown amount" if self.free is None else _gib(self.free)
        return (
            f"{_gib(self.needed)} ({_gib(self.weights)} of weights and about "
            f"{_gib(self.working)} to work in), and {free} is free"
        )


def memory_plan(
    checked: Checked,
    device: torch.device,
    dtype: torch.dtype,
    rows: int,
    free: FreeBytes,
    lora_elements: int = 0,
) -> MemoryPlan:
    """The plan of a checked folder for forwards of ``rows`` rows, with LoRAs of so many numbers."""
    weights = (checked.elements + lora_elements) * dtype.itemsize
    working = rows * _transformer_bytes(checked, dtype) + _codec_bytes(checked, dtype)
    context = CUDA_CONTEXT_BYTES if device.type == "cuda" else 0
    return MemoryPlan(weights, working + context, free(device))


def check_fits(plan: MemoryPlan, name: str, device: torch.device, dtype: torch.dtype) -> None:
    """RefusedError LIMIT with the figures."""
    if not plan.fits:
        words = str(dtype).removeprefix("torch.")
        advice = "Take a smaller model, a smaller --depth, or close what else uses it"
        half = ", or a dtype of half the size" if dtype is torch.float32 else ""
        raise RefusedError(
            ErrorCode.LIMIT,
            "model",
            f"{name} in {words} needs {plan.words()} on {device}. {advice}{half}.",
        )


def free_bytes(device: torch.device) -> int | None:
    """Memory that can be had now; None where the system doesn't say."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(free) + int(unused)
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    return _available() or _physical()


def _available() -> int | None:
    """Linux's own word for what programs can still take."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(found[0]) * 1024 if found else None


def _physical() -> int | None:
    if not hasattr(os, "sysconf"):
        return None
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None


def _transformer_bytes(checked: Checked, dtype: torch.dtype) -> int:
    config = _config(checked, "transformer")
    hidden = int(config.get("hidden_size") or config.get("embed_dim") or LIKELY_HIDDEN)
    inner = int(config.get("intermediate_size") or 2 * hidden * float(config.get("ff_mult", 4)))
    tokens = WINDOW_SECONDS * _frame_rate_hz(checked) / int(config.get("patch_size") or 1)
    width = HIDDEN_COPIES * hidden + INNER_COPIES * inner
    return int(tokens * width) * dtype.itemsize


def _codec_bytes(checked: Checked, dtype: torch.dtype) -> int:
    """The widest of a codec's layers runs at the sample rate, or at that of its patches."""
    config = _config(checked, "vae")
    samples = CODEC_SECONDS * _sample_rate_hz(config) / int(config.get("patch_size") or 1)
    widest = max(int(factor) for factor in config.get("encoder_c_mults") or (1,))
    widths = ("decoder_channels", "encoder_hidden_size", "encoder_channels")
    width = widest * max(int(config.get(name) or 0) for name in widths)
    return int(CODEC_COPIES * samples * width) * dtype.itemsize


def _frame_rate_hz(checked: Checked) -> float:
    """Latent frames a second, by the codec's ratios, or by its patches and strides."""
    config = _config(checked, "vae")
    ratios = config.get("downsampling_ratios") or [
        config.get("patch_size", 1),
        *config.get("encoder_strides", ()),
    ]
    return _sample_rate_hz(config) / math.prod(int(ratio) for ratio in ratios)


def _sample_rate_hz(config: Mapping[str, Any]) -> float:
    return float(config.get("sampling_rate") or LIKELY_RATE_HZ)


def _config(checked: Checked, part: str) -> Mapping[str, Any]:
    return read_json(checked.folder / part / "config.json", "model")


def _gib(count: int) -> str:
    return f"{count / GIB:.1f} GiB" if count >= GIB / 10 else f"{count / (1 << 20):.0f} MiB"
