"""Refuses what the model can't hear."""

from __future__ import annotations

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.parameters import ParameterSpec, gain_channel
from engine_host.models.interface import Model


def check_hears(model: Model, capability: str, field: str, words: str) -> None:
    """Refuses ``words`` ("a timbre reference") where the model lacks the capability."""
    if capability not in model.capabilities:
        raise RefusedError(ErrorCode.CANNOT_HEAR, field, f"{model.name} can't hear {words}.")


def audible(spec: ParameterSpec, model: Model) -> ParameterSpec:
    """The spec, if the model has such a channel and hears such a reference."""
    channels = model.geometry.latent_channels
    channel = gain_channel(spec.name)
    if channel is not None and channel > channels:
        raise RefusedError(
            ErrorCode.UNKNOWN_PARAMETER,
            "parameter",
            f"{model.name} has {channels} channels, no channel {channel}.",
        )
    if spec.name == "timbre_strength":
        check_hears(model, "timbre", "parameter", "a timbre reference")
    return spec
