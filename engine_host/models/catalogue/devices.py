"""Which device a model runs on, and in which number format."""

from __future__ import annotations

import torch

from bridge_protocol.errors import ErrorCode, RefusedError

DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
_FOUND_BEST = ("cuda", "mps", "cpu")


def device_of(told: str) -> torch.device:
    """The device asked for; ``auto`` is a CUDA card, else Apple's GPU, else the processor.

    RefusedError OUT_OF_RANGE where it is none, or is not in this machine.
    """
    if told == "auto":
        return torch.device(next(kind for kind in _FOUND_BEST if _is_there(kind, 0)))
    kind, _, number = told.partition(":")
    if kind not in _FOUND_BEST or (number and not number.isdigit()) or (number and kind != "cuda"):
        raise RefusedError(
            ErrorCode.OUT_OF_RANGE, "device", f"{told!r}: give auto, cpu, cuda, cuda:N or mps."
        )
    if not _is_there(kind, int(number or 0)):
        raise RefusedError(
            ErrorCode.OUT_OF_RANGE,
            "device",
            f"PyTorch finds no {told} here; `anacrusis doctor` lists what it finds. Give "
            "--device cpu, or leave it out.",
        )
    return torch.device(told)


def dtype_of(told: str, device: torch.device) -> torch.dtype:
    """The number format asked for; ``auto`` is the one that is fast and sound on that device.

    RefusedError OUT_OF_RANGE where it is none, or where the device only has it in software.
    """
    if told == "auto":
        return _best(device)
    if told not in DTYPES:
        names = ", ".join(DTYPES)
        raise RefusedError(ErrorCode.OUT_OF_RANGE, "dtype", f"{told!r}: give auto, {names}.")
    dtype = DTYPES[told]
    if device.type == "cpu" and not _processor_has(dtype):
        raise RefusedError(
            ErrorCode.OUT_OF_RANGE,
            "dtype",
            f"This processor has no {told} in hardware, and would be slower with it; give fp32.",
        )
    return dtype


def _best(device: torch.device) -> torch.dtype:
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.float16 if device.type == "mps" else torch.float32


def _is_there(kind: str, number: int) -> bool:
    if kind == "cuda":
        return torch.cuda.is_available() and number < torch.cuda.device_count()
    return kind == "cpu" or torch.backends.mps.is_available()


def _processor_has(dtype: torch.dtype) -> bool:
    if dtype is torch.float32:
        return True
    if dtype is torch.float16:
        return False
    found = torch.cpu.get_capabilities()
    return any(found.get(name, False) for name in ("avx512_bf16", "amx_bf16", "amx_tile", "bf16"))
