"""What a user says about the model: which, where it runs, and how."""

from __future__ import annotations

from dataclasses import dataclass

HOUSE = "house"


@dataclass(frozen=True)
class ModelChoice:
    """``model`` is a name of the library or a path to a folder.

    ``device``: auto, cpu, cuda, cuda:N or mps. ``dtype``: auto, fp32, fp16 or bf16. ``depth`` is
    how many generations will be in flight: it decides what the memory has to hold besides the
    weights.
    """

    model: str = HOUSE
    device: str = "auto"
    dtype: str = "auto"
    accelerator: str = "auto"
    threads: int = 2
    depth: int = 1
