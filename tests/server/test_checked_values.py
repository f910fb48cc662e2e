"""What a message's values become: numbers, conditions, lanes, and the writing of a lane."""

import numpy as np
import pytest

from bridge_protocol.errors import RefusedError
from bridge_protocol.lanes import Anchor, BreakpointLane, SampledLane, Shape
from bridge_protocol.parameters import parameter
from bridge_protocol.schema import ConditionEntry, LaneMessage, LanePoint
from bridge_protocol.tempo import TempoMap
from engine_host.session.checked_values import (
    MAX_WEIGHT,
    condition_of,
    lane_of,
    number_of,
    write_lane,
)
from engine_host.stream.settings import Settings

AT_120 = TempoMap.constant(120.0)  # half a second to a quarter


def heard(lane, seconds):
    return lane.evaluate(AT_120, np.array(seconds)).tolist()


def refused(call, *arguments):
    with pytest.raises(RefusedError) as caught:
        call(*arguments)
    return caught.value.code, caught.value.field


def sampled(start, values, rate=2.0):
    return SampledLane(start, rate, values)


def test_a_lane_written_onwards_forgets_what_it_said_of_later():
    settings = write_lane("morph", sampled(0.0, [0.1, 0.2, 0.3]), 1)(Settings())
    settings = write_lane("morph", sampled(0.5, [0.9]), 2, onwards=True)(settings)
    assert heard(settings.lanes["morph"].lane, [0.0, 0.5, 1.0, 9.0]) == [0.1, 0.9, 0.9, 0.9]


def written(settings, *lanes):
    for revision, lane in enumerate(lanes, 1):
        settings = write_lane("morph", lane, revision)(settings)
    return settings.lanes["morph"]


def test_a_choice_is_its_place_among_the_choices():
    spec = parameter("solver")
    assert len(spec.choices) > 1
    assert [number_of(spec, name) for name in spec.choices] == list(range(len(spec.choices)))


@pytest.mark.parametrize(("name", "options"), [("solver", "ode, sde"), ("denoise", "a number")])
def test_a_word_that_is_no_choice_is_refused_with_those_there_are(name, options):
    with pytest.raises(RefusedError, match=options) as caught:
        number_of(parameter(name), "sideways")
    assert (caught.value.code, caught.value.field) == ("OUT_OF_RANGE", "value")


def test_a_number_stays_as_it_is():
    assert number_of(parameter("denoise"), 7.25) == 7.25


def test_a_condition_without_points_has_its_weight_and_no_lane():
    found = condition_of(
        ConditionEntry(text="brass", weight=0.4, start=0.2, stop=0.9), "entries[0]"
    )
    assert (found.text, found.weight, found.start, found.stop) == ("brass", 0.4, 0.2, 0.9)
    assert found.lane is None


def test_a_condition_moves_along_its_points_in_quarters():
    points = [LanePoint(position=0, value=0), LanePoint(position=4, value=MAX_WEIGHT)]
    found = condition_of(ConditionEntry(text="brass", points=points), "entries[0]")
    assert heard(found.lane, [0.0, 1.0, 2.0]) == [0.0, MAX_WEIGHT / 2, MAX_WEIGHT]


def test_a_condition_that_stops_where_it_starts_is_refused():
    entry = ConditionEntry(text="brass", start=0.5, stop=0.5)
    assert refused(condition_of, entry, "entries[3]") == ("BAD_ORDER", "entries[3].stop")


@pytest.mark.parametrize("weight", [-0.1, MAX_WEIGHT + 0.1, float("nan")])
def test_a_point_of_a_condition_has_a_weight_in_range(weight):
    points = [LanePoint(position=0, value=1), LanePoint(position=1, value=weight)]
    entry = ConditionEntry(text="brass", points=points)
    assert refused(condition_of, entry, "entries[0]") == ("OUT_OF_RANGE", "entries[0].points[1].value")  # fmt: skip


def test_the_points_of_a_lane_keep_anchor_and_shape():
    points = [LanePoint(position=0, value=0.25, shape=Shape.HOLD), LanePoint(position=2, value=1)]
    message = LaneMessage(parameter="morph", revision=1, anchor=Anchor.SECONDS, points=points)
    lane = lane_of(message, parameter("morph"))
    assert isinstance(lane, BreakpointLane)
    assert heard(lane, [0.0, 1.9, 2.0]) == [0.25, 0.25, 1.0]


def test_the_values_of_a_lane_begin_at_its_start():
    message = LaneMessage(
        parameter="morph", revision=1, start=3.0, rate=2.0, count=2, values=[0, 1]
    )
    assert heard(lane_of(message, parameter("morph")), [2.0, 3.0, 3.25, 3.5]) == [0, 0, 0.5, 1]


def test_a_lane_of_points_and_values_both_is_refused():
    points = [LanePoint(position=0, value=0.5)]
    message = LaneMessage(parameter="morph", revision=1, points=points, count=1, values=[0.5])
    assert refused(lane_of, message, parameter("morph")) == ("WRONG_LENGTH", "points")


def test_sampled_values_are_written_over_their_range_only():
    entry = written(Settings(), sampled(0.0, [0.1, 0.2, 0.3, 0.4]), sampled(0.5, [0.8, 0.9]))
    assert entry.revision == 2
    assert heard(entry.lane, [0.0, 0.5, 1.0, 1.5]) == [0.1, 0.8, 0.9, 0.4]


def test_sampled_values_at_another_rate_replace_the_lane():
    entry = written(Settings(), sampled(0.0, [0.1, 0.2]), sampled(0.0, [0.8, 0.9], rate=4.0))
    assert entry.lane == sampled(0.0, [0.8, 0.9], rate=4.0)


def test_points_replace_a_sampled_lane_and_sampled_values_a_drawn_one():
    message = LaneMessage(parameter="morph", revision=1, points=[LanePoint(position=0, value=1)])
    drawn, frames = lane_of(message, parameter("morph")), sampled(0.0, [0.1, 0.2])
    assert written(Settings(), frames, drawn).lane == drawn
    assert written(Settings(), drawn, frames).lane == frames


def test_another_parameters_lane_stays():
    before = write_lane("denoise", sampled(0.0, [0.7]), 4)(Settings())
    after = write_lane("morph", sampled(0.0, [0.1]), 5)(before)
    assert after.revisions() == {"denoise": 4, "morph": 5}
    assert before.revisions() == {"denoise": 4}
