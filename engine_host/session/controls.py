"""A client's hands on the parameters: values, gestures, lanes. Under the engine's lock."""

from __future__ import annotations

from bridge_protocol.lanes import SampledLane
from bridge_protocol.parameters import PropagationClass, lane_parameter, parameter
from bridge_protocol.schema import Gesture, LaneClear, LaneMessage, Ok, Param
from engine_host.session.capabilities import audible
from engine_host.session.changes import Changes
from engine_host.session.checked_values import lane_of, number_of, write_lane
from engine_host.session.host_stream import HostStream
from engine_host.stream.engine import Engine
from engine_host.stream.settings import set_lane, set_touched, set_value

LANE_IS_NEWER = "A lane with this revision, or a later one, is in force already."


class Controls:
    """See the module."""

    def __init__(self, engine: Engine, stream: HostStream, changes: Changes) -> None:
        self._engine, self._stream, self._changes = engine, stream, changes
        self._lane_revisions: dict[str, int] = {}

    def param(self, message: Param) -> Ok:
        """One value of a parameter."""
        spec = audible(parameter(message.parameter), self._engine.model)
        value = spec.check(number_of(spec, message.value), "value")
        if spec.propagation is PropagationClass.SESSION:
            return self._between_ticks(spec.name, int(value))
        edit = set_value(spec.name, value)
        return self._changes.accept(message.seq, spec.name, edit, message.when)

    def _between_ticks(self, name: str, value: int) -> Ok:
        """A session-class parameter: no part of the song, and in force at once."""
        if name == "depth":
            self._engine.set_depth(value)
        elif name == "spare_ticks":
            self._engine.refine = value == 0
        elif name == "window_bars":
            self._stream.set_window_bars(value)
        return Ok()

    def gesture(self, message: Gesture) -> Ok:
        """A hand on a knob, or off it."""
        spec = audible(lane_parameter(message.parameter), self._engine.model)
        edit = set_touched(spec.name, message.touched)
        name = f"{spec.name} gesture"  # beside the values it rules, not in place of them
        return self._changes.accept(message.seq, name, edit, message.when, spec.propagation)

    def lane(self, message: LaneMessage) -> Ok:
        """A lane, or a range of one; a revision that is in force changes nothing."""
        spec = audible(lane_parameter(message.parameter), self._engine.model)
        if self._is_known(spec.name, message.revision):
            return Ok(text=LANE_IS_NEWER)
        lane = lane_of(message, spec)
        edit = write_lane(spec.name, lane, message.revision, onwards=message.onwards)
        adds = isinstance(lane, SampledLane)
        reply = self._changes.accept(message.seq, spec.name, edit, message.when, adds=adds)
        self._lane_revisions[spec.name] = message.revision
        return reply

    def lane_clear(self, message: LaneClear) -> Ok:
        """No lane any more."""
        spec = lane_parameter(message.parameter)
        if self._is_known(spec.name, message.revision):
            return Ok(text=LANE_IS_NEWER)
        edit = set_lane(spec.name, None)
        reply = self._changes.accept(message.seq, spec.name, edit, message.when)
        self._lane_revisions[spec.name] = message.revision
        return reply

    def _is_known(self, name: str, revision: int) -> bool:
        return revision <= self._lane_revisions.get(name, -1)
