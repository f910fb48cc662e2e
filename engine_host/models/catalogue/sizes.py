"""Whether the tensors of a checked folder are those that its configs ask for.

Every part is built from its config without memory (on PyTorch's ``meta`` device) and its tensors
are compared by name and shape. Imports diffusers and transformers, which takes seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import torch

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.models.catalogue.checks import Checked
from engine_host.models.catalogue.families import Part, read_json
from engine_host.models.catalogue.headers import TensorEntry
from engine_host.models.lora.adapter import LayerSize, sizes_of

Shapes = Mapping[str, tuple[int, ...]]


def check_sizes(checked: Checked) -> None:
    """RefusedError BAD_FIELD names the first tensor that is missing or has another shape, or the
    config that its class does not take. Tensors that no class asks for are left alone."""
    for part in checked.parts:
        if part.weights:
            folder = checked.folder / part.folder
            _compare(folder, _wanted(folder, part), checked.weights[part.folder].tensors)


def linear_sizes(checked: Checked, folder: str) -> dict[str, LayerSize]:
    """The linear layers of one part, by its config."""
    (part,) = (part for part in checked.parts if part.folder == folder)
    return sizes_of(_empty(checked.folder / folder, part))


def _compare(folder: Path, wanted: Shapes, found: Mapping[str, TensorEntry]) -> None:
    prefix = _prefix(wanted, found)
    for name, shape in wanted.items():
        entry = found.get(prefix + name)
        if entry is None:
            raise _differs(folder, f"has no tensor {name}")
        if entry.shape != shape:
            raise _differs(folder, f"has {name} as {[*entry.shape]}, and its config {[*shape]}")


def _prefix(wanted: Shapes, found: Iterable[str]) -> str:
    """transformers takes a base model out of a larger one's file, where names begin with model."""
    names = set(found)
    return "" if any(name in names for name in wanted) else "model."


def _wanted(folder: Path, part: Part) -> Shapes:
    model = _empty(folder, part)
    tied: Iterable[str] = getattr(model, "_tied_weights_keys", None) or ()
    state = model.state_dict()
    return {name: tuple(state[name].shape) for name in state if name not in set(tied)}


def _empty(folder: Path, part: Part) -> torch.nn.Module:
    """The part without memory. What its class says against its config is a refusal, whatever its
    type: classes that we did not write raise many."""
    config = dict(read_json(folder / "config.json", "model"))
    try:
        with torch.device("meta"):
            if part.framework == "transformers":
                return _of_transformers(config, part)
            return _of_diffusers(config, part)
    except (TypeError, ValueError, KeyError, IndexError, RuntimeError, AttributeError) as error:
        words = f"has a config that {part.classes[0]} does not take ({error})"
        raise _differs(folder, words) from None


def _of_transformers(config: dict[str, object], part: Part) -> torch.nn.Module:
    import transformers  # noqa: PLC0415 - takes seconds

    cls = getattr(transformers, part.classes[0])
    model: torch.nn.Module = cls(cls.config_class.from_dict(config))
    return model


def _of_diffusers(config: dict[str, object], part: Part) -> torch.nn.Module:
    import diffusers  # noqa: PLC0415 - takes seconds

    model: torch.nn.Module = getattr(diffusers, part.classes[0]).from_config(config)
    return model


def _differs(folder: Path, words: str) -> RefusedError:
    return RefusedError(
        ErrorCode.BAD_FIELD,
        "model",
        f"{folder} {words}: these weights are not of this config. Download both again.",
    )
