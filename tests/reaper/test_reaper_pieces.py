"""Decisions of the client, without a host: lanes, knobs, notes, items, settings, mail."""

from itertools import pairwise

import msgspec
import numpy as np
import pytest
from anacrusis_reaper import mailbox
from anacrusis_reaper.api import Api, FxParameter, ItemPlace, Knot, MidiNote, TakeFacts
from anacrusis_reaper.item_sound import _reason_against_file
from anacrusis_reaper.knobs import Knob, find_carrier
from anacrusis_reaper.lanes import MOST_POINTS, lane_message, lane_points, thinned
from anacrusis_reaper.loras import lora_names
from anacrusis_reaper.midi_notes import passes
from anacrusis_reaper.refusal import RefusedError
from anacrusis_reaper.settings import Settings, settings_from, settings_of
from anacrusis_reaper.tempo_markers import Marker, ProjectTempo, song_map
from fake_reaper import Effect, FakeReaper, Parameter, Track
from hypothesis import assume, example, given
from hypothesis import strategies as st
from reaper_desk import lanes_effect

from bridge_protocol.lanes import Anchor, Breakpoint, BreakpointLane
from bridge_protocol.parameters import LORA_PLACES, parameter
from bridge_protocol.schema import LoraUse
from bridge_protocol.tempo import TempoMap
from engine_host.server.hub import manifest

SPECS = {
    spec.name: {
        "name": spec.name, "minimum": spec.minimum, "maximum": spec.maximum,
        "default": spec.default, "law": spec.law, "lane": spec.lane, "choices": spec.choices,
    }
    for spec in manifest(8)
}  # fmt: skip
ANY = TempoMap.constant(120.0)


def lane_of(points):
    return BreakpointLane([Breakpoint(*point) for point in points], Anchor.SECONDS)


# --- lanes


@given(st.lists(st.sampled_from([0.0, 0.25, 1.0]), min_size=1, max_size=60))
def test_a_thinned_lane_is_read_as_the_whole_one_at_every_frame_to_the_bit(values):
    points = [(index / 25, value) for index, value in enumerate(values)]
    times = np.array([at for at, _ in points])
    kept = thinned(points)
    assert np.array_equal(lane_of(kept).evaluate(ANY, times), lane_of(points).evaluate(ANY, times))
    changes = sum(a != b for a, b in pairwise(values))
    assert len(kept) <= max(1, 2 * changes)


def test_a_longer_song_changes_no_lane_that_stands_still_at_its_end():
    points = [(index / 25, min(index, 10) / 10) for index in range(50)]
    longer = [(index / 25, min(index, 10) / 10) for index in range(500)]
    assert thinned(points) == thinned(longer)


def test_a_held_value_jumps_at_its_own_moment_and_not_between_two_frames():
    knots = [Knot(0.0, 0.2, True), Knot(0.0617, 0.9, False), Knot(1.0, 0.9, False)]
    envelope = [(at, 0.2 if at < 0.0617 else 0.9) for at in (0.0, 0.04, 0.08, 0.12)]
    lane = lane_of(lane_points(envelope, knots))
    times = np.array([0.0, 0.04, 0.0616, 0.0617, 0.0618, 0.08, 5.0])
    assert lane.evaluate(ANY, times).tolist() == [0.2, 0.2, 0.2, 0.9, 0.9, 0.9, 0.9]


def test_frames_keep_the_values_that_reaper_said_where_no_knot_is():
    frames = [(0.0, 0.5), (0.04, 0.123), (0.08, 0.7)]
    assert lane_points(frames, [Knot(0.0, 0.5, False)]) == frames
    assert lane_points([], [Knot(0.0, 0.5, False)]) == []


def test_a_lane_with_too_many_points_is_refused_with_their_number():
    points = [(index / 25, index % 2) for index in range(MOST_POINTS + 1)]
    with pytest.raises(RefusedError) as refused:
        lane_message("denoise", points, 1)
    assert str(MOST_POINTS + 1) in refused.value.message


# --- knobs


def knob(name, value, low=None, high=None):
    spec = SPECS[name]
    low, high = spec["minimum"] if low is None else low, spec["maximum"] if high is None else high
    return Knob(spec, FxParameter(0, name, value, low, high), None)


def test_a_carriers_own_range_is_laid_on_the_parameters():
    assert knob("output_gain", -60.0).scaled(-12.5) == -12.5
    assert knob("output_gain", 0.5, 0.0, 1.0).scaled(0.5) == -24.0
    assert knob("velocity", 0.5, 0.0, 1.0).scaled(0.0) == 0.5
    assert knob("denoise", 0.0).scaled(1.0000001) == 1.0


def test_a_choice_is_told_by_its_word_and_a_default_kept_in_single_precision_is_the_default():
    assert knob("solver", 1.0).value() == "sde"
    assert knob("guidance_mode", 1.0, 0.0, 1.0).value() == "self"
    assert knob("denoise", float(np.float32(0.6))).value() == 0.6
    assert knob("denoise", 0.61).value() == 0.61


class Nobody:
    def RPR_defer(self, code):  # noqa: N802
        raise AssertionError

    RPR_atexit = RPR_defer


@pytest.fixture
def reaper(tmp_path):
    return FakeReaper(tmp_path)


@pytest.fixture
def api(reaper):
    return Api(reaper.module, Nobody())


def test_the_carrier_is_on_the_selected_track_else_the_first_and_others_are_counted(api, reaper):
    manifest_ = list(SPECS.values())
    assert find_carrier(api, api.project(), manifest_) is None
    reverb = Effect("VST: Reverb", [Parameter("Denoise", 0.1, 0, 1)])
    tracks = [
        Track("one", [reverb]),
        Track("two", [lanes_effect()]),
        Track("three", [lanes_effect()]),
    ]
    reaper.project.tracks = tracks
    found = find_carrier(api, api.project(), manifest_)
    assert (found.where, found.others) == ("two / JS: Anacrusis Lanes", 1)
    assert {k.name for k in found.knobs} >= {
        "denoise",
        "sde_blend",
        "dry_wet",
        "output_gain",
        "solver",
    }
    tracks[2].is_selected = True
    assert find_carrier(api, api.project(), manifest_).where.startswith("three")


def test_the_plugins_parameters_are_found_whatever_their_signs_and_case(api, reaper):
    names = ("DRY/WET", "sde-blend", "Output Gain", "Status", "Something else")
    effect = Effect("CLAP: Anacrusis", [Parameter(name, 0.5, 0, 1) for name in names])
    reaper.project.tracks = [Track("one", [effect])]
    found = find_carrier(api, api.project(), list(SPECS.values()))
    assert [k.name for k in found.knobs] == ["dry_wet", "sde_blend", "output_gain"]


def test_every_knob_of_the_effect_stands_at_the_registrys_default(api, reaper):
    reaper.project.tracks = [Track("one", [lanes_effect()])]
    for found in find_carrier(api, api.project(), list(SPECS.values())).knobs:
        spec = parameter(found.name)
        default = spec.choices[int(spec.default)] if spec.choices else spec.default
        assert found.value() == default


# --- notes


def note(start, end, pitch=60, **more):
    given = {"channel": 0, "velocity": 100, "is_muted": False} | more
    return MidiNote(start, end, given["channel"], pitch, given["velocity"], given["is_muted"])


def test_notes_are_cut_to_the_item_and_muted_ones_left_out():
    notes = [note(3.0, 5.0), note(7.5, 9.0, 62), note(9.0, 10.0), note(5.0, 6.0, is_muted=True)]
    found = passes(notes, 4.0, 8.0, 0.0)
    assert [(n["ppq"], n["length_ppq"], n["pitch"]) for n in found] == [
        (4.0, 1.0, 60),
        (7.5, 0.5, 62),
    ]


def test_every_pass_of_a_looped_item_is_played_up_to_its_end():
    found = passes([note(4.0, 5.0), note(6.0, 7.0, 64)], 4.0, 14.5, 4.0)
    assert [(n["ppq"], n["pitch"]) for n in found] == [
        (4, 60),
        (6, 64),
        (8, 60),
        (10, 64),
        (12, 60),
        (14, 64),
    ]
    assert found[-1]["length_ppq"] == 0.5


def test_velocities_and_channels_are_the_protocols():
    found = passes([note(0.0, 1.0, velocity=0, channel=9)], 0.0, 4.0, 0.0)
    assert (found[0]["velocity"], found[0]["channel"]) == (1, 10)


def test_too_many_notes_are_refused():
    with pytest.raises(RefusedError):
        passes([note(0.0, 0.001)], 0.0, 1e9, 0.002)


# --- items


def facts(**more):
    usual = {
        "name": "x", "is_midi": False, "file": "x.wav", "kind": "WAVE", "channels": 2,
        "offset_s": 0.0, "source_s": 10.0, "play_rate": 1.0, "keeps_pitch": True, "pitch": 0.0,
        "loops": True, "stretch_markers": 0, "channel_mode": 0,
    }  # fmt: skip
    return TakeFacts(**(usual | more))


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({}, ""),
        ({"offset_s": 5.0}, ""),
        ({"offset_s": 5.1}, "it loops"),
        ({"offset_s": 9.0, "loops": False}, ""),
        ({"offset_s": -0.5}, "it begins before its file"),
        ({"file": ""}, "it has no file"),
        ({"kind": "SECTION"}, "its source is of the kind SECTION"),
        ({"pitch": 2.0}, "it is pitched"),
        ({"stretch_markers": 2}, "it has stretch markers"),
        ({"channel_mode": 3}, "its channels are rearranged"),
        ({"play_rate": 1.5}, ""),
        ({"play_rate": 2.5}, "it loops"),
        ({"play_rate": 1.5, "keeps_pitch": False}, "its rate changes its pitch"),
    ],
)
def test_a_file_is_used_only_where_it_is_what_the_item_plays(more, reason):
    song = song_map(ProjectTempo(120.0, 4, 4), [])
    assert _reason_against_file(facts(**more), ItemPlace(0.0, 5.0), song) == reason


def test_a_stretched_item_under_a_moving_tempo_is_left_to_reaper():
    markers = [Marker(0.0, 120.0, 4, 4, False), Marker(4.0, 90.0, 0, 0, False)]
    song = song_map(ProjectTempo(120.0, 4, 4), markers)
    stretched = facts(play_rate=1.5)
    assert _reason_against_file(stretched, ItemPlace(0.0, 3.0), song) == ""
    reason = _reason_against_file(stretched, ItemPlace(2.0, 3.0), song)
    assert reason == "it is stretched where the tempo moves"


# --- settings and mail


def test_settings_survive_their_text_and_rubbish_has_the_defaults():
    made = Settings("a", "b", "c", 7, 8, ", tape")
    assert settings_of(made.text()) == made
    for text in ("", "rubbish", "[]", "null", '{"seed": "7", "prompt": 5, "window_bars": true}'):
        assert settings_of(text) == Settings()
    assert settings_of('{"seed": 3, "unknown": 1}') == Settings(seed=3)


@pytest.mark.parametrize(
    ("index", "text", "name"),
    [
        (0, "x" * 2001, "Prompt"),
        (3, "-1", "Seed"),
        (3, str(2**32), "Seed"),
        (4, "0", "Bars rendered together"),
        (4, "65", "Bars rendered together"),
        (4, "4.0", "Bars rendered together"),
        (5, "a, b, c, d, e", "LoRAs"),
        (5, "tape:0.8", "LoRAs"),
    ],
)
def test_a_wrong_field_of_the_dialog_is_named(index, text, name):
    fields = ["a", "b", "c", "1", "4", "tape"]
    fields[index] = text
    with pytest.raises(RefusedError) as refused:
        settings_from(fields)
    assert refused.value.message.startswith(name)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ("", "", "", "")),
        (" , ", ("", "", "", "")),
        (", tape", ("", "tape", "", "")),
        ("a,b , c,,,", ("a", "b", "c", "")),
        (",,,d_1.2-x", ("", "", "", "d_1.2-x")),
    ],
)
def test_loras_are_names_place_by_place(text, names):
    assert lora_names(text) == names
    assert len(names) == LORA_PLACES


@given(st.one_of(st.text(min_size=1), st.from_regex(r"\A[0-9a-zA-Z_.-]{1,66}\Z")))
@example("x" * 64)
@example("x" * 65)
@example("../tape")
@example("tape\n")
def test_a_lora_has_the_names_that_the_protocol_takes(name):
    assume("," not in name and name == name.strip())
    sent = {"type": "lora_use", "seq": 1, "place": 1, "name": name}
    try:
        msgspec.convert(sent, LoraUse)
        is_taken = True
    except msgspec.ValidationError:
        is_taken = False
    try:
        assert lora_names(name) == (name, "", "", "")
        assert is_taken
    except RefusedError as refused:
        assert (refused.code, is_taken) == ("BAD_NOTATION", False)


def test_mail_is_kept_in_order_until_it_is_collected(api):
    assert mailbox.collect(api) == []
    for action in ("render", "follow", "render"):
        mailbox.post(api, action)
    assert mailbox.collect(api) == ["render", "follow", "render"]
    assert mailbox.collect(api) == []


def test_a_script_that_was_ended_without_a_word_counts_as_gone_after_a_while(api, reaper):
    assert not mailbox.is_connected(api)
    mailbox.awake(api)
    assert mailbox.is_connected(api)
    reaper.clock.advance_ns(3_100_000_000)
    assert not mailbox.is_connected(api)
    mailbox.asleep(api)
    assert not mailbox.is_connected(api)
