"""The model and the engine of a render, and all of them that decides its bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bridge_protocol.clock import Clock
from engine_host.cli import options
from engine_host.cli.model_loading import loaded_aloud
from engine_host.cli.render_parts.loras import asked_to_merge, merge_loras
from engine_host.identity import machine_identity
from engine_host.models.catalogue import ModelChoice, check_model
from engine_host.models.catalogue.loading import CheckedModel
from engine_host.models.catalogue.loras import AskedLora
from engine_host.models.interface import Model
from engine_host.stream.engine import Engine


@dataclass(frozen=True)
class EngineChoice:
    """Which model, and how it runs. ``rows`` None: as many as the choice's depth.

    ``merged``: LoRAs that go into its weights, each ``NAME`` or ``NAME:STRENGTH``. ``loras``: those
    that songs will play in places.
    """

    model: ModelChoice
    rows: int | None
    merged: tuple[str, ...] = ()
    loras: tuple[AskedLora, ...] = ()


@dataclass(frozen=True, eq=False)
class LoadedEngine:
    """An engine that nobody else drives. ``decides``: plain values, for manifest and report."""

    engine: Engine
    model: Model
    decides: Mapping[str, Any]


def load_engine(choice: EngineChoice, clock: Clock) -> LoadedEngine:
    """Checks and loads the model. RefusedError as `check_model` and its `load` say."""
    told = choice.model
    rows = choice.rows or told.depth
    loras = choice.loras + asked_to_merge(choice.merged, options.MERGE_LORA)
    checked = check_model(replace(told, depth=rows), loras=loras)
    model = loaded_model(checked)
    merged = merge_loras(model, choice.merged, options.MERGE_LORA)
    decides = {
        "model": checked.identity(),
        "accelerator": model.accelerator,
        "rows": rows,
        "threads": told.threads,
        "depth": told.depth,
        "machine": machine_identity(),
        **({"merged_loras": merged} if merged else {}),
    }
    return LoadedEngine(Engine(model, clock, depth=told.depth, rows=rows), model, decides)


def loaded_model(checked: CheckedModel) -> Model:
    """The model of a check; a seam for tests, which keep theirs."""
    return loaded_aloud(checked)
