"""`anacrusis` in this process without loading a model for every command."""

from __future__ import annotations

import functools

import pytest

from engine_host.models.catalogue.loading import CheckedModel
from engine_host.models.house.model import load_house_model
from engine_host.models.interface import Model


@functools.cache
def _kept_house(accelerator: str, threads: int) -> Model:
    return load_house_model(accelerator=accelerator, threads=threads)


def _kept(checked: CheckedModel) -> Model:
    assert checked.checked is None
    return _kept_house(checked.choice.accelerator, checked.choice.threads)


def keep_models(patch: pytest.MonkeyPatch, model: Model | None = None) -> None:
    """In place of loading a checked model: ``model``, or the house model, one for each way to run
    it."""
    made = _kept if model is None else lambda checked: model
    patch.setattr("engine_host.cli.render_parts.loaded.loaded_model", made)
