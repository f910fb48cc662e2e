"""The model and the engine of a render, and all of them that decides its bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge_protocol.clock import Clock
from engine_host.files import sha256_of
from engine_host.identity import machine_identity
from engine_host.models.house.config import WEIGHTS
from engine_host.models.house.model import load_house_model
from engine_host.models.interface import Model
from engine_host.stream.engine import Engine

_WEIGHTS = ("*.safetensors", "*.onnx", "config.json")


@dataclass(frozen=True)
class EngineChoice:
    """How the model runs. ``rows`` None: as many as ``depth``."""

    depth: int
    rows: int | None
    threads: int
    accelerator: str


@dataclass(frozen=True, eq=False)
class LoadedEngine:
    """An engine that nobody else drives. ``decides``: plain values, for manifest and report."""

    engine: Engine
    model: Model
    decides: Mapping[str, Any]


def load_engine(choice: EngineChoice, clock: Clock) -> LoadedEngine:
    """Loads the house model. RefusedError where the accelerator is not to be had."""
    model = load_house_model(accelerator=choice.accelerator, threads=choice.threads)
    rows = choice.rows or choice.depth
    decides = {
        "model": {"name": model.name, "weights_sha256": weights_sha256(WEIGHTS)},
        "accelerator": model.accelerator,
        "rows": rows,
        "threads": choice.threads,
        "depth": choice.depth,
        "machine": machine_identity(),
    }
    return LoadedEngine(Engine(model, clock, depth=choice.depth, rows=rows), model, decides)


def weights_sha256(folder: Path) -> str:
    """One hash of every file that a model's sound hangs on, by name."""
    hasher = hashlib.sha256()
    for path in sorted(path for pattern in _WEIGHTS for path in folder.glob(pattern)):
        hasher.update(f"{path.name} {sha256_of(path)}\n".encode())
    return hasher.hexdigest()
