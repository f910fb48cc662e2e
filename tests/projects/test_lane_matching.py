import math
from pathlib import Path

import numpy as np
import pytest

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.lanes import MAX_POINTS, Anchor, Breakpoint, BreakpointLane, Shape
from bridge_protocol.meter import MeterMap
from bridge_protocol.parameters import PARAMETERS, parameter
from bridge_protocol.tempo import TempoLaw, TempoMap, TempoSegment
from daw_clients.projects.lane_matching import find_lane, match_lanes, parameter_named
from daw_clients.projects.lane_scaling import PIECES, scaled_lane
from daw_clients.projects.opening import open_project
from daw_clients.projects.project import Project, ProjectLane

DATA = Path(__file__).parents[1] / "data" / "projects"
CONSTANT = TempoMap.constant(120.0)
RAMP = TempoMap(
    [
        TempoSegment(0.0, 60.0, 180.0, TempoLaw.LINEAR_BEATS),
        TempoSegment(16.0, 180.0, 180.0, TempoLaw.STEP),
    ]
)


def lane(
    *values: float,
    path: str = "Track/FX/Knob",
    low: float | None = None,
    high: float | None = None,
    unit: str = "",
    shape: Shape = Shape.LINEAR,
    anchor: Anchor = Anchor.PPQ,
) -> ProjectLane:
    points = [Breakpoint(4.0 * index, value, shape) for index, value in enumerate(values)]
    return ProjectLane(tuple(path.split("/")), BreakpointLane(points, anchor), low, high, unit)


def scaled(given: ProjectLane, name: str) -> list[float]:
    return [p.value for p in scaled_lane(given, parameter(name), CONSTANT).lane.points]


def song(*lanes: ProjectLane) -> Project:
    return Project("test", CONSTANT, MeterMap.constant(4, 4), lanes)


def refusal(call, *words, **options) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        call(*words, **options)
    return caught.value


# --- values


def test_the_parameters_own_range_leaves_values_as_they_are():
    own = lane(-60, -3.3, 12, low=-60, high=12)
    assert scaled(own, "output_gain") == [-60, -3.3, 12]
    assert scaled_lane(own, parameter("output_gain"), CONSTANT).how == "as it is"


def test_no_range_and_values_inside_leave_them_as_they_are():
    assert scaled(lane(0.5, 1.5), "velocity") == [0.5, 1.5]


def test_no_range_and_values_outside_are_refused_with_both_ranges():
    error = refusal(scaled_lane, lane(0, 250), parameter("denoise"), CONSTANT, "--x")
    assert (error.code, error.field) == (ErrorCode.OUT_OF_RANGE, "--x")
    assert "0 to 250" in error.message
    assert "denoise takes 0 to 1" in error.message


@pytest.mark.parametrize(
    ("given", "name", "wanted"),
    [
        (lane(0, 64, 127, low=0, high=127), "denoise", [0, 64 / 127, 1]),
        (lane(-8192, 0, 8191, low=-8192, high=8191), "morph", [0, 8192 / 16383, 1]),
        (lane(0, 0.25, 1, unit="normalized"), "output_gain", [-60, -42, 12]),
        (lane(0, 0.25, 1, low=0, high=1), "velocity", [0.5, 0.75, 1.5]),
        (lane(0, 25, 100, unit="percent"), "denoise", [0, 0.25, 1]),
        (lane(0, 50, 200, low=0, high=200, unit="percent"), "channel_gain_group_1", [0, 0.5, 2]),
        (lane(-60, -30, 0, low=-60, high=0, unit="decibel"), "denoise", [0, 0.5, 1]),
        (lane(-1, 0, 1, low=-1, high=1), "mask", [0, 0.5, 1]),
    ],
)
def test_a_stated_range_is_laid_on_the_parameters_in_a_straight_line(given, name, wanted):
    assert scaled(given, name) == pytest.approx(wanted, abs=1e-12)


def test_decibels_stay_decibels_whatever_the_fader_reaches():
    fader = lane(-90, -6, 6, 20, low=-144, high=24, unit="decibel")
    kept = scaled_lane(fader, parameter("output_gain"), CONSTANT)
    assert [p.value for p in kept.lane.points] == [-60, -6, 6, 12]
    assert kept.outside == 2


def test_a_faders_gain_is_heard_as_the_same_decibels():
    fader = lane(1.0, 1.0, 0.5, 0.0, path="Bass/Volume", shape=Shape.HOLD)
    assert scaled(fader, "output_gain") == pytest.approx([0, 0, -6.0206, -60], abs=1e-4)
    of_live = lane(1.0, 10 ** (-60 / 20), path="Bass/Mixer/Volume", low=0.0003, high=1.99526)
    assert scaled(of_live, "output_gain")[0] == 0
    assert scaled(of_live, "output_gain")[-1] == pytest.approx(-60)
    of_dawproject = lane(2.0, 2.0, path="Bass/Volume", low=0, high=2, unit="linear")
    assert scaled(of_dawproject, "output_gain") == pytest.approx([6.0206, 6.0206], abs=1e-4)


def test_a_knob_that_is_no_fader_is_scaled_and_not_made_decibels():
    assert scaled(lane(0, 1, low=0, high=2, unit="linear"), "output_gain") == [-60, -24]
    assert scaled(lane(0, 1, path="T/Synth/Volume", low=0, high=2), "output_gain") == [-60, -24]


@pytest.mark.parametrize("anchor", list(Anchor))
@pytest.mark.parametrize("shape", [Shape.LINEAR, Shape.SMOOTH])
def test_a_faders_line_bends_as_its_gain_does(anchor: Anchor, shape: Shape):
    fader = lane(1.0, 0.25, path="Bass/Volume", anchor=anchor, shape=shape)
    bent = scaled_lane(fader, parameter("output_gain"), RAMP).lane
    assert bent.anchor is anchor
    assert len(bent.points) == PIECES + 1
    seconds = np.linspace(0.0, 4.0, 301)
    heard = bent.evaluate(RAMP, seconds)
    assert np.abs(10 ** (heard / 20) - fader.lane.evaluate(RAMP, seconds)).max() < 1e-3


def test_the_longest_fader_stays_one_lane():
    points = [Breakpoint(float(i), 1.0 - 0.5 * (i % 2)) for i in range(MAX_POINTS - 1)]
    fader = ProjectLane(("Bass", "Volume"), BreakpointLane(points, Anchor.PPQ))
    made = scaled_lane(fader, parameter("output_gain"), CONSTANT)
    assert len(points) <= len(made.lane.points) <= MAX_POINTS


def test_values_beyond_the_stated_range_are_moved_to_its_end_and_counted():
    beyond = lane(-5, 0, 64, 200, low=0, high=127)
    kept = scaled_lane(beyond, parameter("denoise"), CONSTANT)
    assert kept.outside == 2
    assert [p.value for p in kept.lane.points] == pytest.approx([0, 0, 64 / 127, 1])


def test_single_precision_is_no_other_range():
    near = float(np.float32(0.1)) * 10
    own = lane(0.0, near, low=0.0, high=float(np.float32(1.0000001)))
    kept = scaled_lane(own, parameter("denoise"), CONSTANT)
    assert (kept.how, kept.outside) == ("as it is", 0)


def test_half_a_range_and_a_range_of_no_width_are_none():
    assert scaled(lane(0.2, 0.4, high=20_000), "denoise") == [0.2, 0.4]
    assert scaled(lane(0.2, 0.4, low=3, high=3), "denoise") == [0.2, 0.4]
    assert scaled(lane(0.2, 0.4, low=1, high=0), "denoise") == [0.2, 0.4]


def test_places_shapes_and_tensions_stay():
    points = [Breakpoint(-1.0, 0, Shape.BEZIER, 0.5), Breakpoint(2.0, 9, Shape.HOLD)]
    given = ProjectLane(("T", "F", "P"), BreakpointLane(points, Anchor.SECONDS), 0, 10)
    made = scaled_lane(given, parameter("denoise"), CONSTANT).lane
    assert made.anchor is Anchor.SECONDS
    kept = [(p.position, p.shape, p.tension) for p in made.points]
    assert kept == [(p.position, p.shape, p.tension) for p in points]


@pytest.mark.parametrize("unit", ["", "linear", "normalized", "percent", "decibel", "hertz"])
def test_nothing_leaves_the_parameters_range(unit: str):
    chance = np.random.default_rng(4)
    specs = [spec for spec in PARAMETERS if spec.lane]
    for _ in range(200):
        spec = specs[chance.integers(len(specs))]
        low, high = sorted(chance.normal(0, 100, 2).tolist())
        given = lane(*chance.normal(0, 200, 5).tolist(), low=low, high=high, unit=unit)
        made = scaled_lane(given, spec, CONSTANT)
        values = [p.value for p in made.lane.points]
        assert spec.minimum <= min(values)
        assert max(values) <= spec.maximum
        assert all(map(math.isfinite, values))


# --- which lane


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Denoise", "denoise"),
        ("dry wet", "dry_wet"),
        ("DryWet", "dry_wet"),
        (" SDE__Blend ", "sde_blend"),
        ("Channel Gain Group 3", "channel_gain_group_3"),
        ("Channel Gain 12", "channel_gain_12"),
        ("Dry/Wet", None),
        ("Denoiser", None),
        ("Depth", None),  # a parameter, but no lane
        ("seed", None),
        ("CC 1", None),
    ],
)
def test_a_lane_is_known_by_its_own_name(name: str, wanted: str | None):
    given = ProjectLane(("Denoise", name), BreakpointLane([Breakpoint(0, 0)], Anchor.PPQ))
    spec = parameter_named(given)
    assert (spec and spec.name) == wanted


def test_lanes_with_a_parameters_name_are_used_and_others_are_not():
    match = match_lanes(
        song(lane(0, 1, path="A/B/Denoise"), lane(0, 1, path="A/B/Cutoff"), lane(0, path="morph"))
    )
    assert [(used.parameter, used.number) for used in match.used] == [("denoise", 1), ("morph", 3)]
    assert match.passed == ()


def test_a_choice_counts_before_a_name_and_the_later_choice_before_the_earlier():
    given = song(lane(0.1, path="A/B/Denoise"), lane(0.2, path="A/X"), lane(0.3, path="A/Y"))
    match = match_lanes(given, [("denoise", "X"), ("morph", "X"), ("denoise", "y")])
    used = {entry.parameter: entry.scaled.lane.points[0].value for entry in match.used}
    assert used == {"denoise": 0.3, "morph": 0.2}


def test_of_several_lanes_with_a_name_the_owners_comes_first_and_then_the_engines():
    lanes = (
        lane(0.1, path="Bass/Reverb/Denoise"),
        lane(0.2, path="Bass/Anacrusis/Denoise"),
        lane(0.3, path="Keys/VST3: Anacrusis (own)/Denoise"),
        lane(0.4, path="Drums/Reverb/Denoise"),
    )
    of = {
        owner: [used.number for used in match_lanes(song(*lanes), owner=owner).used]
        for owner in ("bass", "keys", "drums", "")
    }
    assert of == {"bass": [2], "keys": [3], "drums": [4], "": []}


def test_where_nothing_decides_none_is_used_and_that_is_said():
    match = match_lanes(song(lane(0, path="A/Delay/DryWet"), lane(0, path="B/Verb/Dry Wet")))
    assert match.used == ()
    (words,) = match.passed
    assert "A/Delay/DryWet, B/Verb/Dry Wet" in words


def test_a_lane_that_only_has_the_name_is_passed_over_where_its_values_make_no_sense():
    match = match_lanes(song(lane(0, 5000, path="A/B/Mask")))
    assert match.used == ()
    assert "mask is not used" in match.passed[0]
    error = refusal(match_lanes, song(lane(0, 5000, path="A/B/Mask")), [("mask", "mask")])
    assert (error.code, error.field) == (ErrorCode.OUT_OF_RANGE, "lane mask")


LANES = [
    lane(0, path="Track 1/ReaComp/Threshold"),
    lane(0, path="Track 2/ReaComp/Threshold"),
    lane(0, path="Track 2/ReaVerb/Dry/Wet"),
    ProjectLane(("Track 3", "Verb", "Dry/Wet"), LANE := lane(0).lane),
    ProjectLane(("Threshold",), LANE),
    lane(0, path="Twice/A"),
    lane(0, path="Twice/A"),
]


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ("Track 1/ReaComp/Threshold", 0),
        ("track 2/reacomp/THRESHOLD", 1),
        (" ReaVerb/Dry/Wet ", 2),
        ("Verb/Dry/Wet", 3),
        ("Threshold", 4),  # a whole name comes before the end of others
        ("#7", 6),
        ("#1", 0),
    ],
)
def test_a_lane_is_found_by_its_name_its_end_or_its_number(wanted: str, index: int):
    assert find_lane(LANES, wanted, "f") == index


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        ("ReaComp/Threshold", ["#1 Track 1/ReaComp/Threshold", "#2 Track 2/ReaComp/Threshold"]),
        ("Twice/A", ["#6 Twice/A", "#7 Twice/A"]),
        ("Dry/Wet", ["#3", "#4"]),
        ("Track 1/ReaComp/Treshold", ["Track 1/ReaComp/Threshold"]),
        ("hreshold", ["Threshold"]),
        ("#8", []),
        ("", []),
    ],
)
def test_what_is_not_one_lane_is_refused_with_those_that_come_near(wanted, named):
    error = refusal(find_lane, LANES, wanted, "--project-lane denoise")
    assert (error.code, error.field) == (ErrorCode.BAD_FIELD, "--project-lane denoise")
    for name in named:
        assert name in error.message


def test_a_file_without_lanes_says_so():
    assert "no lanes at all" in refusal(find_lane, [], "X", "f").message


def test_a_choice_must_be_of_a_parameter_that_can_be_a_lane():
    given = song(*LANES)
    assert refusal(match_lanes, given, [("louder", "#1")]).code is ErrorCode.UNKNOWN_PARAMETER
    assert refusal(match_lanes, given, [("steps", "#1")]).code is ErrorCode.CANNOT_HEAR


def test_a_real_projects_fader_moves_the_output():
    project = open_project(DATA / "vst.RPP")
    match = match_lanes(project, [("output_gain", "volume")])
    (used,) = match.used
    assert [p.value for p in used.scaled.lane.points] == [0.0, 0.0, 0.0]
    assert used.words == "output_gain from Synth/Volume: gain factors, as decibels"
