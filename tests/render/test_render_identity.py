"""Two renders have one identity where they have one sound."""

import dataclasses
import json
from types import MappingProxyType

import pytest
from stream_helpers import lane, prompt, put, song, source

from bridge_protocol.lanes import SampledLane
from bridge_protocol.schema import Note
from engine_host.identity import machine_identity, plain, song_identity
from engine_host.stream.settings import Condition, LaneEntry, Settings, set_value
from engine_host.stream.sources import Placement, Source

OTHER_VALUES = {
    "prompt": "jazz",
    "prompt_b": "jazz",
    "negative": "jazz",
    "values": MappingProxyType({**Settings().values, "steps": 9.0}),
    "lanes": {"denoise": LaneEntry(SampledLane(0.0, 25.0, [0.5, 0.6]), 1)},
    "conditions": (Condition("jazz", 0.5, None, 0.0, 1.0),),
    "notes": (Note(ppq=0.0, length_ppq=1.0, pitch=60),),
    "touched": frozenset({"denoise"}),
    "held": MappingProxyType({"denoise": 0.5}),
}
PLACED = Placement(Source("a" * 64, "loop", 48_000, None), 0.0, 0)


def test_every_field_of_the_settings_but_their_number_counts():
    before = plain(Settings())
    fields = {field.name for field in dataclasses.fields(Settings)} - {"state"}
    assert len(fields) > 8
    for name in fields:
        value = OTHER_VALUES.get(name, PLACED)
        assert plain(dataclasses.replace(Settings(), **{name: value})) != before, name
    assert plain(dataclasses.replace(Settings(), state=7)) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda s: lane(s, "denoise", "1:0.2, 5:0.91"),
        lambda s: lane(s, "denoise", "1:0.2/hold, 5:0.9"),
        lambda s: put(s, "seed", set_value("seed", 8.0)),
        lambda s: put(s, "seed", set_value("seed", 8.0), bar=5),
        lambda s: source(s, [[0.1, 0.1]], at=4.0),
        lambda s: source(s, [[0.1, 0.1]], repeat=2),
    ],
)
def test_another_lane_value_place_or_source_is_another_song(change):
    def made():
        one = song("1:120, 3:120>90/time, 5:90", "1:4/4, 4:7/8")
        prompt(one, "0.25")
        lane(one, "denoise", "1:0.2, 5:0.9")
        source(one, [[0.1, 0.1]])
        return one

    changed = made()
    change(changed)
    assert song_identity(made()) == song_identity(made())
    assert song_identity(changed) != song_identity(made())


def test_another_map_or_rate_is_another_song():
    identities = [
        json.dumps(song_identity(made))
        for made in (
            song("1:120", "1:4/4"),
            song("1:121", "1:4/4"),
            song("1:120", "1:3/4"),
            song("1:120>90/time, 3:90", "1:4/4"),
            song("1:120>90/beats, 3:90", "1:4/4"),
            song("1:120", "1:4/4", rate=44_100),
        )
    ]
    assert len(set(identities)) == len(identities)


def test_sampled_lanes_are_told_apart_by_every_value():
    lanes = [
        SampledLane(0.0, 25.0, [0.1, 0.2]),
        SampledLane(0.0, 25.0, [0.1, 0.3]),
        SampledLane(1.0, 25.0, [0.1, 0.2]),
        SampledLane(0.0, 24.0, [0.1, 0.2]),
    ]
    assert len({json.dumps(plain(found)) for found in lanes}) == len(lanes)


def test_a_kind_of_value_that_is_not_known_is_an_error_and_not_left_out():
    with pytest.raises(TypeError, match="object has no plain form"):
        plain({"new": object()})


def test_the_session_s_own_parameters_are_no_part_of_the_song():
    assert "steps" in plain(Settings())["values"]
    assert "window_bars" not in plain(Settings())["values"]


def test_the_machine_is_told_by_its_versions():
    told = machine_identity()
    assert {"torch", "numpy", "processor"} <= set(told)
    assert all(isinstance(value, str) and value for value in told.values())
