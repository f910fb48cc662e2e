"""Everything that decides a render's bytes, as plain values: what two renders must share to be one."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
from collections.abc import Iterable, Mapping, Set
from fractions import Fraction
from functools import singledispatch
from typing import Any

import msgspec
import numpy as np
import torch

from bridge_protocol.lanes import BreakpointLane, SampledLane
from bridge_protocol.parameters import PARAMETERS, PropagationClass
from engine_host.session.song import Song
from engine_host.stream.settings import LaneEntry, Settings
from engine_host.stream.sources import Placement

PACKAGES = (
    "anacrusis",
    "torch",
    "diffusers",
    "transformers",
    "tokenizers",
    "onnxruntime",
    "numpy",
    "soxr",
    "python-stretch",
)


def song_identity(song: Song) -> dict[str, Any]:
    """A song: its maps, its settings, and what its placed changes make of them."""
    grid, settings = song.grid, song.base
    placed = []
    for change in song.placed:
        settings = change.change.applied(settings, change.state)
        placed.append({"ppq": change.ppq, "settings": plain(settings)})
    return {
        "rate_hz": grid.sample_rate_hz,
        "tempo": plain(grid.tempo.segments),
        "meter": plain(grid.meter.changes),
        "settings": plain(song.base),
        "placed": placed,
    }


def machine_identity() -> dict[str, str]:
    """What of this machine the last bits may hang on: versions and the kind of processor."""
    return {**versions(), "processor": torch.backends.cpu.get_cpu_capability()}


def versions() -> dict[str, str]:
    """Of the packages that compute; one that is not installed is left out."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


@singledispatch
def plain(value: Any) -> Any:
    """A value of the settings or the maps as JSON has it; equal results mean an equal sound.

    Large arrays are told by their hash, audio by the hash it carries, mappings in order of their
    keys. TypeError for a type that this file does not know.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__name__} has no plain form yet")


@plain.register(type(None))
@plain.register(bool)
@plain.register(int)
@plain.register(float)
@plain.register(str)
def _same(value: Any) -> Any:
    return value


@plain.register
def _fraction(value: Fraction) -> str:
    return str(value)


@plain.register
def _mapping(value: Mapping) -> dict[str, Any]:  # type: ignore[type-arg]
    return {str(key): plain(value[key]) for key in sorted(value)}


@plain.register
def _set(value: Set) -> list[Any]:  # type: ignore[type-arg]
    return sorted(plain(entry) for entry in value)


@plain.register(tuple)
@plain.register(list)
def _row(value: Iterable[Any]) -> list[Any]:
    return [plain(entry) for entry in value]


@plain.register
def _struct(value: msgspec.Struct) -> Any:
    return msgspec.to_builtins(value)


@plain.register
def _lane_entry(value: LaneEntry) -> Any:
    return plain(value.lane)


@plain.register
def _breakpoints(value: BreakpointLane) -> dict[str, Any]:
    return {"anchor": str(value.anchor), "points": plain(value.points)}


@plain.register
def _samples(value: SampledLane) -> dict[str, Any]:
    return {"rate_hz": value.rate_hz, "times": _hash(value.times), "values": _hash(value.values)}


@plain.register
def _placement(value: Placement) -> Any:
    return plain(value.key())


@plain.register
def _settings(value: Settings) -> dict[str, Any]:
    """Without their number, and without what is the session's and no part of the sound."""
    fields = [field.name for field in dataclasses.fields(value) if field.name != "state"]
    told = {name: plain(getattr(value, name)) for name in fields}
    session = {spec.name for spec in PARAMETERS if spec.propagation is PropagationClass.SESSION}
    told["values"] = {name: told["values"][name] for name in value.values if name not in session}
    return told


def _hash(values: np.ndarray[Any, Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()
