"""A drawn tension is read wherever points come in."""

import pytest
from engine_in_process import Caller, InProcess

from bridge_protocol.lanes import Shape
from bridge_protocol.schema import (
    ConditionEntry,
    Conditions,
    Error,
    Hello,
    LaneMessage,
    LanePoint,
    Ok,
)


def messages(tension):
    point = LanePoint(position=0, value=0.5, shape=Shape.BEZIER, tension=tension)
    return [
        LaneMessage(parameter="denoise", revision=1, points=[point]),
        Conditions(entries=[ConditionEntry(text="a", points=[point])]),
    ]


@pytest.mark.parametrize("which", [0, 1], ids=["lane", "conditions"])
def test_a_tension_up_to_one_is_taken_and_one_beyond_it_refused(which):
    caller = Caller(InProcess())
    caller.ask(Hello())
    reply = caller.ask(messages(1.5)[which])
    assert isinstance(reply, Error)
    assert (reply.code, reply.field) == ("OUT_OF_RANGE", "points[0].tension")
    assert isinstance(caller.ask(messages(-1.0)[which]), Ok)
