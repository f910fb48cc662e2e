"""Which effect carries the lanes, and what its parameters are to the engine.

A carrier is an effect with ``anacrusis`` in its name: the JSFX "Anacrusis Lanes", or the plugin. Its
parameters go by their names; case, blanks and signs don't count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from .api import Api, FxParameter
from .handles import Envelope, Project, Track

OWN = "anacrusis"
_SAME = 1e-6  # of a range: hosts keep their ranges in single precision
_NOT_OF_A_NAME = re.compile(r"[^a-z0-9]")

Spec = Mapping[str, Any]
"""A parameter as the engine's welcome tells it."""


def choice_of(spec: Spec, value: float) -> str:
    """The word of a choice that is nearest to a value."""
    choices = spec["choices"]
    return str(choices[min(max(round(value), 0), len(choices) - 1)])


def default_of(spec: Spec) -> Any:
    """What a parameter is before anything was sent: a number, or the word of a choice."""
    return choice_of(spec, spec["default"]) if spec.get("choices") else spec["default"]


@dataclass(frozen=True)
class Knob:
    """A parameter of the carrier that moves one of the engine's."""

    spec: Spec
    parameter: FxParameter
    envelope: Envelope | None

    @property
    def name(self) -> str:
        """The engine's name for it."""
        return str(self.spec["name"])

    def scaled(self, value: float) -> float:
        """A value of the carrier in the engine's range: the carrier's own range, laid on it in a
        straight line; the same value where the two ranges are the same."""
        low, high = float(self.spec["minimum"]), float(self.spec["maximum"])
        own_low, own_high = self.parameter.minimum, self.parameter.maximum
        close = _SAME * (high - low)
        is_same = abs(own_low - low) <= close and abs(own_high - high) <= close
        if not is_same and own_high > own_low:
            value = low + (value - own_low) * (high - low) / (own_high - own_low)
        return min(max(value, low), high)

    def value(self) -> Any:
        """What it stands at: a number, or the word of a choice."""
        value = self.scaled(self.parameter.value)
        if self.spec.get("choices"):
            return choice_of(self.spec, value)
        close = _SAME * (float(self.spec["maximum"]) - float(self.spec["minimum"]))
        if abs(value - float(self.spec["default"])) <= close:
            return default_of(self.spec)
        return round(value) if self.spec.get("law") == "integer" else value


@dataclass(frozen=True)
class Carrier:
    """Where the knobs are. ``others``: how many further carriers the project has."""

    where: str
    knobs: tuple[Knob, ...]
    others: int


def find_carrier(api: Api, project: Project, manifest: Sequence[Spec]) -> Carrier | None:
    """The first carrier: on a selected track, else in the order of the tracks; None without one."""
    places = [
        (track, fx, name)
        for track in api.tracks(project)
        for fx, name in enumerate(api.effect_names(track))
        if OWN in name.casefold()
    ]
    if not places:
        return None
    track, fx, name = places[0]
    where = f"{api.track_name(track)} / {name}"
    return Carrier(where, tuple(_knobs(api, track, fx, manifest)), len(places) - 1)


def _knobs(api: Api, track: Track, fx: int, manifest: Sequence[Spec]) -> list[Knob]:
    specs: dict[str, Spec] = {_key(str(spec["name"])): spec for spec in manifest}
    found: list[Knob] = []
    for parameter in api.effect_parameters(track, fx):
        spec = specs.pop(_key(parameter.name), None)
        if spec is not None:
            envelope = api.effect_envelope(track, fx, parameter.index) if spec["lane"] else None
            found.append(Knob(spec, parameter, envelope))
    return found


def _key(name: str) -> str:
    return _NOT_OF_A_NAME.sub("", name.casefold())
