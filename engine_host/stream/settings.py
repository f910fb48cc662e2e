"""What a rendering is made from, as one immutable value, and the changes that lead from one to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from bridge_protocol.lanes import Lane
from bridge_protocol.parameters import (
    LORA_PLACES,
    PARAMETERS,
    ParameterSpec,
    PropagationClass,
    find_parameter,
)
from bridge_protocol.schema import Note, PromptSlot
from engine_host.stream.live_input import LivePlacement
from engine_host.stream.sources import Placement


@dataclass(frozen=True, eq=False)
class LaneEntry:
    """A lane and the revision it was written with."""

    lane: Lane
    revision: int


@dataclass(frozen=True, eq=False)
class Condition:
    """One prompt of several; ``lane`` is its weight over song time where it moves."""

    text: str
    weight: float
    lane: Lane | None
    start: float
    stop: float


def _defaults() -> Mapping[str, float]:
    return MappingProxyType({spec.name: spec.default for spec in PARAMETERS})


@dataclass(frozen=True, eq=False)
class Settings:
    """The whole state of a session's sound at one place of the path.

    ``state`` is the number of the newest change in it; within a session a number names one value.
    """

    state: int = 0
    prompt: str = ""
    values: Mapping[str, float] = field(default_factory=_defaults)
    lanes: Mapping[str, LaneEntry] = field(default_factory=lambda: MappingProxyType({}))
    touched: frozenset[str] = frozenset()  # parameters with a hand on their knob
    held: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    prompt_b: str = ""
    negative: str = ""
    conditions: tuple[Condition, ...] = ()
    notes: tuple[Note, ...] | None = None
    source: Placement | LivePlacement | None = None
    target: Placement | None = None
    structure: Placement | None = None
    timbre: Placement | None = None
    adapters: tuple[str, ...] = ()  # LoRAs by name, place by place; "" is an empty place

    def value(self, spec: ParameterSpec) -> float:
        """The parameter's own value (its default until it was set)."""
        return self.values.get(spec.name, spec.default)

    def lane(self, spec: ParameterSpec) -> Lane | None:
        """The parameter's lane, where one is drawn and no hand holds another value."""
        entry = self.lanes.get(spec.name)
        return None if entry is None or spec.name in self.held else entry.lane

    def revisions(self) -> dict[str, int]:
        """Lane -> revision."""
        return {name: entry.revision for name, entry in self.lanes.items()}


def starting_settings(defaults: Mapping[str, float]) -> Settings:
    """What a song begins with under a model that has ``defaults`` of its own."""
    return Settings(values=MappingProxyType({**_defaults(), **defaults}))


Edit = Callable[[Settings], Settings]


@dataclass(frozen=True, eq=False)
class Change:
    """One accepted request: how it changes the settings, and what to call it in a promise."""

    number: int  # the request's seq, named again in the promise
    parameter: str
    propagation: PropagationClass
    edit: Edit
    adds: bool = (
        False  # it builds on an earlier change of the same parameter, and doesn't replace it
    )

    def applied(self, settings: Settings, state: int) -> Settings:
        """``settings`` with this change, numbered ``state``."""
        return replace(self.edit(settings), state=state)


def set_value(name: str, value: float) -> Edit:
    """A parameter's own value; with a hand on its knob it rules its lane until that is released."""

    def edit(s: Settings) -> Settings:
        values = MappingProxyType({**s.values, name: value})
        if name not in s.touched:
            return replace(s, values=values)
        return replace(s, values=values, held=MappingProxyType({**s.held, name: value}))

    return edit


def set_touched(name: str, touched: bool) -> Edit:
    """A hand on a knob, or off it. Until it moves, its lane goes on; released, the lane rules again."""

    def edit(s: Settings) -> Settings:
        if touched:
            return replace(s, touched=s.touched | {name})
        held = MappingProxyType({key: value for key, value in s.held.items() if key != name})
        return replace(s, touched=s.touched - {name}, held=held)

    return edit


def set_lane(name: str, entry: LaneEntry | None) -> Edit:
    """A lane, or none (then the parameter's own value holds)."""

    def edit(s: Settings) -> Settings:
        lanes = {key: kept for key, kept in s.lanes.items() if key != name}
        if entry is not None:
            lanes[name] = entry
        return replace(s, lanes=MappingProxyType(lanes))

    return edit


def set_prompt(text: str, slot: PromptSlot = "a") -> Edit:
    """The prompt, the one it blends to, or the negative one."""
    if slot == "b":
        return lambda s: replace(s, prompt_b=text)
    if slot == "negative":
        return lambda s: replace(s, negative=text)
    return lambda s: replace(s, prompt=text)


def set_conditions(conditions: tuple[Condition, ...]) -> Edit:
    """Several prompts in place of the one; none goes back to it."""
    return lambda s: replace(s, conditions=conditions)


def set_notes(notes: tuple[Note, ...] | None) -> Edit:
    """The host's notes; None lets the model's planner stand in."""
    return lambda s: replace(s, notes=notes)


def set_live_source(placement: LivePlacement) -> Edit:
    """The track's own input, some bars later, as the source."""
    return lambda s: replace(s, source=placement)


def set_placement(role: str, placement: Placement | None) -> Edit:
    """The source, the morph's target, or the reference whose structure or timbre is followed."""
    if role == "target":
        return lambda s: replace(s, target=placement)
    if role == "structure":
        return lambda s: replace(s, structure=placement)
    if role == "timbre":
        return lambda s: replace(s, timbre=placement)
    return lambda s: replace(s, source=placement)


def set_adapter(place: int, name: str) -> Edit:
    """A LoRA into a place, counted from 1; an empty name takes it out."""

    def edit(s: Settings) -> Settings:
        before = [*s.adapters, *[""] * (LORA_PLACES - len(s.adapters))]
        names = (*before[: place - 1], name, *before[place:])
        return replace(s, adapters=names if any(names) else ())

    return edit


def propagation_of(name: str) -> PropagationClass:
    """The class of a parameter; a prompt, the notes, a source and the like are submission class."""
    known = find_parameter(name)
    return PropagationClass.SUBMISSION if known is None else known.propagation
