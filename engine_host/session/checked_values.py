"""What the values of a message are to the stream, once they are checked. Pure."""

from __future__ import annotations

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.lanes import Anchor, Breakpoint, BreakpointLane, Lane, SampledLane
from bridge_protocol.parameters import Law, ParameterSpec
from bridge_protocol.schema import ConditionEntry, LaneMessage, LanePoint
from engine_host.stream.settings import Condition, Edit, LaneEntry, Settings, set_lane

MAX_WEIGHT = 100.0


def number_of(spec: ParameterSpec, value: float | str) -> float:
    """A parameter's value as a number, a choice by its place; not yet held to the range."""
    if isinstance(value, str):
        if spec.law is Law.CHOICE and value in spec.choices:
            return float(spec.choices.index(value))
        options = ", ".join(spec.choices) or "a number"
        raise RefusedError(
            ErrorCode.OUT_OF_RANGE, "value", f"{spec.name} takes {options}, not {value!r}."
        )
    return value


def condition_of(entry: ConditionEntry, field: str) -> Condition:
    """The condition an entry describes; ``field`` is what a refusal calls the entry."""
    if entry.stop <= entry.start:
        raise RefusedError(
            ErrorCode.BAD_ORDER, f"{field}.stop", "A condition stops after it starts."
        )
    lane = _weight_lane(entry.points, field) if entry.points else None
    return Condition(entry.text, entry.weight, lane, entry.start, entry.stop)


def _weight_lane(points: list[LanePoint], field: str) -> Lane:
    for index, point in enumerate(points):
        if not 0 <= point.value <= MAX_WEIGHT:
            raise RefusedError(
                ErrorCode.OUT_OF_RANGE,
                f"{field}.points[{index}].value",
                f"A weight goes from 0 to {MAX_WEIGHT:g}.",
            )
    return BreakpointLane(_breakpoints(points), Anchor.PPQ)


def _breakpoints(points: list[LanePoint]) -> list[Breakpoint]:
    return [Breakpoint(p.position, p.value, p.shape, p.tension) for p in points]


def lane_of(message: LaneMessage, spec: ParameterSpec) -> Lane:
    """The lane a message describes, every value finite and in the parameter's range."""
    if bool(message.points) == bool(message.values):
        raise RefusedError(
            ErrorCode.WRONG_LENGTH,
            "points",
            "A lane has either points or values, and at least one.",
        )
    if message.points:
        for index, point in enumerate(message.points):
            spec.check(point.value, f"points[{index}].value")
        return BreakpointLane(_breakpoints(message.points), message.anchor)
    return _sampled_lane(message, spec)


def _sampled_lane(message: LaneMessage, spec: ParameterSpec) -> SampledLane:
    if message.count != len(message.values):
        raise RefusedError(
            ErrorCode.WRONG_LENGTH,
            "values",
            f"count says {message.count} values; there are {len(message.values)}.",
        )
    for index, value in enumerate(message.values):
        spec.check(value, f"values[{index}]")
    return SampledLane(message.start, message.rate, message.values)


def write_lane(name: str, lane: Lane, revision: int, *, onwards: bool = False) -> Edit:
    """Points replace the lane; sampled values replace their range of a sampled lane, or all of it
    from there on."""

    def edit(settings: Settings) -> Settings:
        before = settings.lanes.get(name)
        merged = lane
        old = before.lane if before else None
        if isinstance(lane, SampledLane) and isinstance(old, SampledLane):
            same_rate = old.rate_hz == lane.rate_hz
            merged = old.replaced(lane, onwards=onwards) if same_rate else lane
        return set_lane(name, LaneEntry(merged, revision))(settings)

    return edit
