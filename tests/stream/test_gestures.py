"""A hand on a knob overrides its lane until it is released, as hosts do."""

import numpy as np
import pytest
from live_setup import Setup

from bridge_protocol.errors import RefusedError
from bridge_protocol.notation import parse_lane
from bridge_protocol.schema import When

MINUS_20_DB = 0.1


def _level(setup: Setup, bar: int) -> float:
    """The sound's level just inside a bar."""
    start = setup.daw.grid.sample(bar - 1)
    for span in setup.daw.heard:
        into = start + 100 - span.song_sample
        if span.kind == "played" and 0 <= into < span.frames:
            return float(setup.daw.recording[span.timeline_sample + into, 0])
    raise AssertionError(f"bar {bar} was not heard")


def _at(bar: int) -> When:
    return When(kind="bar", bar=bar)


def test_a_hand_on_a_knob_rules_its_lane_until_it_is_released():
    setup = Setup("1:120", "1:4/4")
    setup.client.prompt("0.5")
    setup.client.lane("output_gain", parse_lane("1:0/hold", setup.daw.grid.meter))
    setup.start()
    changes = [
        setup.daw.gesture("output_gain", True, _at(3)),
        setup.daw.param("output_gain", -20.0, _at(4)),
        setup.daw.gesture("output_gain", False, _at(6)),
    ]
    setup.until_bar(8)
    setup.assert_exact()
    assert [change.promise.status for change in changes] == ["kept"] * 3
    levels = [_level(setup, bar) for bar in range(1, 8)]
    loud, soft = 0.5, 0.5 * MINUS_20_DB
    assert np.allclose(levels, [loud, loud, loud, soft, soft, loud, loud], atol=1e-3)


def test_without_a_hand_on_it_a_value_waits_under_its_lane():
    setup = Setup("1:120", "1:4/4")
    setup.client.prompt("0.5")
    setup.client.lane("output_gain", parse_lane("1:0/hold", setup.daw.grid.meter))
    setup.start()
    setup.daw.param("output_gain", -20.0, _at(3))
    setup.until_bar(5)
    assert np.allclose([_level(setup, bar) for bar in (2, 3, 4)], 0.5, atol=1e-3)
    setup.client.clear_lane("output_gain", _at(7))
    setup.until_bar(8)
    assert np.allclose([_level(setup, 6), _level(setup, 7)], [0.5, 0.05], atol=1e-3)


def test_a_gesture_of_a_parameter_that_is_no_curve_is_refused_by_name():
    setup = Setup()
    with pytest.raises(RefusedError) as refused:
        setup.client.gesture("seed", True)
    assert refused.value.field == "parameter"
