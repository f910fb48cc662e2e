import io
import math
import random
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.lanes import Anchor, Shape
from bridge_protocol.tempo import TempoLaw, TempoMap
from daw_clients.projects import dawproject_lanes
from daw_clients.projects.dawproject_read import read_dawproject
from daw_clients.projects.project import Locator, Project, ProjectLane

NAME = "song.dawproject"

TRANSPORT = """<Transport><Tempo id="tempo" unit="bpm" value="120.000000" min="20" max="666"/>
<TimeSignature id="sig" numerator="4" denominator="4"/></Transport>"""

# Names, ids and order as Bitwig Studio writes them
STRUCTURE = """<Structure>
<Track contentType="notes" loaded="true" id="t1" name="Bass"><Channel id="c1" role="regular">
<Devices><ClapPlugin deviceID="org.surge" deviceName="Surge XT" deviceRole="instrument" id="d1" name="Surge">
<Parameters><RealParameter id="cutoff" name="Cutoff" unit="hertz" min="20" max="20000" value="100"/>
<BoolParameter id="sync" name="Sync" value="true"/>
<EnumParameter id="wave" name="Wave" count="4" value="0"/>
<IntegerParameter id="voices" name="Voices" min="1" max="16" value="8"/></Parameters>
<Enabled id="on" name="On/Off" value="true"/></ClapPlugin>
<Equalizer deviceName="EQ" deviceRole="audioFX"><Band type="bell" order="2">
<Freq id="freq" unit="hertz" value="80"/></Band></Equalizer></Devices>
<Mute id="mute" name="Mute" value="false"/>
<Pan id="pan" name="Pan" unit="normalized" min="0.000000" max="1.000000" value="0.500000"/>
<Sends><Send name="Hall"><Volume id="send" name="Send" unit="linear" min="0" max="1" value="0"/></Send></Sends>
<Volume id="volume" name="Volume" unit="decibel" min="-inf" max="6" value="0"/></Channel></Track>
<Track contentType="tracks" id="t2" name="Group"><Track id="t3" name="Inner"><Channel>
<Volume id="inner" unit="linear" min="0" max="2" value="1"/></Channel></Track></Track>
</Structure>"""


def packed(xml: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.xml", "<MetaData/>")
        archive.writestr("project.xml", xml)
    return file.getvalue()


def song(arrangement: str = "", transport: str = TRANSPORT, structure: str = STRUCTURE) -> bytes:
    made_by = '<Application name="Test" version="2"/>'
    inside = f"{made_by}{transport}{structure}<Arrangement>{arrangement}</Arrangement>"
    return packed(f'<Project version="1.0">{inside}</Project>')


def real(points: list[tuple[float, float, str]]) -> str:
    return "".join(f'<RealPoint time="{t}" value="{v}" interpolation="{i}"/>' for t, v, i in points)


def tempo(points: list[tuple[float, float, str]], unit: str = "") -> str:
    given = f' timeUnit="{unit}"' if unit else ""
    return f'<TempoAutomation{given} unit="bpm"><Target parameter="tempo"/>{real(points)}</TempoAutomation>'


def lane(target: str, points: str, attributes: str = "") -> str:
    return f'<Points {attributes}><Target parameter="{target}"/>{points}</Points>'


def lanes(inside: str, attributes: str = "") -> str:
    return f'<Lanes timeUnit="beats"><Lanes track="t1" {attributes}>{inside}</Lanes></Lanes>'


def clip(inside: str, **attributes: object) -> str:
    given = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f"<Clip{given}>{inside}</Clip>"


def read(arrangement: str = "", **parts: str) -> Project:
    return read_dawproject(song(arrangement, **parts), NAME)


def only_lane(arrangement: str, **parts: str) -> ProjectLane:
    (found,) = read(arrangement, **parts).lanes
    return found


def drawn(found: ProjectLane) -> list[tuple[float, float, str]]:
    return [(p.position, p.value, p.shape.value) for p in found.lane.points]


def refusal_of(data: bytes) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        read_dawproject(data, NAME)
    assert caught.value.field.startswith(NAME)
    return caught.value


RISE = [(0, 0.0, "linear"), (4, 1.0, "hold")]


# --- tempo and signatures


def test_the_transports_tempo_and_signature_count_where_nothing_is_automated():
    project = read()
    assert project.tempo == TempoMap.constant(120.0)
    assert (project.meter.changes[0].numerator, len(project.meter.changes)) == (4, 1)
    assert (project.format, project.warnings) == ("DAWproject 1.0 by Test 2", ())


@pytest.mark.parametrize("unit", ["", "beats"])
def test_a_ramp_in_beats_is_straight_over_beats(unit: str):
    found = read(tempo([(0, 120, "linear"), (8, 60, "hold")], unit)).tempo
    assert found.seconds(8.0) == pytest.approx(8 * math.log(2), abs=1e-12)  # 60/k ln(b1/b0)
    assert [s.law for s in found.segments] == [TempoLaw.LINEAR_BEATS, TempoLaw.STEP]


def test_a_ramp_in_seconds_is_straight_over_seconds():
    found = read(tempo([(0, 120, "linear"), (4, 60, "hold"), (8, 90, "hold")], "seconds")).tempo
    assert [s.start_ppq for s in found.segments] == pytest.approx([0, 6, 10], abs=1e-12)
    assert [s.law for s in found.segments] == [TempoLaw.LINEAR_TIME, TempoLaw.STEP, TempoLaw.STEP]
    at = np.linspace(0, 4, 9)
    assert found.ppq_array(at) == pytest.approx(2 * at - at**2 / 8, abs=1e-12)


def test_a_tempo_point_without_interpolation_holds():
    points = '<RealPoint time="0" value="60"/><RealPoint time="4" value="120"/>'
    found = read(f"<TempoAutomation><Target/>{points}</TempoAutomation>").tempo
    assert found.seconds(4.0) == 4.0


def test_jumps_and_tempi_before_the_song_are_read():
    found = read(tempo([(-4, 60, "linear"), (4, 100, "linear"), (4, 50, "hold")])).tempo
    assert (found.bpm(0.0), found.bpm(2.0), found.bpm(4.0)) == (80, 90, 50)
    late = read(tempo([(8, 90, "linear"), (16, 60, "hold")])).tempo
    assert (late.bpm(0.0), late.bpm(12.0)) == (90, 75)


def signature_points(points: list[tuple[float, int, int]], unit: str) -> str:
    inside = "".join(
        f'<TimeSignaturePoint time="{t}" numerator="{n}" denominator="{d}"/>' for t, n, d in points
    )
    return f'<TimeSignatureAutomation timeUnit="{unit}"><Target/>{inside}</TimeSignatureAutomation>'


@pytest.mark.parametrize("unit", ["beats", "seconds"])
def test_signatures_are_read_in_either_unit_and_cut_the_bar_they_fall_into(unit: str):
    scale = 1 if unit == "beats" else 0.5  # 120 bpm
    points = [(0, 4, 4), (8 * scale, 6, 8), (13 * scale, 3, 4)]
    meter = read(signature_points(points, unit)).meter
    starts = [float(meter.bar_start(bar)) for bar in range(6)]
    assert starts == pytest.approx([0, 4, 8, 11, 13, 16], abs=1e-9)


def test_before_the_first_signature_point_the_transports_signature_counts():
    meter = read(signature_points([(8, 3, 4)], "beats")).meter
    assert [float(meter.bar_start(bar)) for bar in range(5)] == [0, 4, 8, 11, 14]


def test_a_file_without_a_signature_is_in_four_four_and_says_so():
    project = read(transport='<Transport><Tempo unit="bpm" value="90"/></Transport>')
    assert project.meter.changes[0].numerator == 4
    assert project.warnings == ("no signature at the start; 4/4 is taken",)


# --- markers


def test_markers_become_locators_in_the_songs_order_in_either_unit():
    beats = (
        '<Markers timeUnit="beats"><Marker time="8" name="B"/><Marker time="0" name="A"/></Markers>'
    )
    assert read(beats).locators == (Locator(0.0, "A"), Locator(8.0, "B"))
    seconds = lanes('<markers timeUnit="seconds"><Marker time="3" name="C"/></markers>')
    assert read(seconds).locators == (Locator(6.0, "C"),)


# --- lanes

TARGETS = {
    "cutoff": (("Bass", "Surge", "Cutoff"), 20.0, 20000.0, "hertz"),
    "sync": (("Bass", "Surge", "Sync"), 0.0, 1.0, ""),
    "wave": (("Bass", "Surge", "Wave"), 0.0, 3.0, ""),
    "voices": (("Bass", "Surge", "Voices"), 1.0, 16.0, ""),
    "on": (("Bass", "Surge", "On/Off"), 0.0, 1.0, ""),
    "freq": (("Bass", "EQ", "Band 2", "Freq"), None, None, "hertz"),
    "mute": (("Bass", "Mute"), 0.0, 1.0, ""),
    "pan": (("Bass", "Pan"), 0.0, 1.0, "normalized"),
    "send": (("Bass", "Hall", "Send"), 0.0, 1.0, "linear"),
    "volume": (("Bass", "Volume"), None, 6.0, "decibel"),
    "inner": (("Inner", "Volume"), 0.0, 2.0, "linear"),
}


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_is_found_with_its_path_range_and_unit(target: str):
    found = only_lane(lanes(lane(target, real(RISE))))
    assert (found.path, found.minimum, found.maximum, found.unit) == TARGETS[target]


def test_points_of_every_kind_keep_their_values():
    points = '<BoolPoint time="0" value="true"/><BoolPoint time="2" value="false"/>'
    assert drawn(only_lane(lanes(lane("sync", points)))) == [(0, 1, "hold"), (2, 0, "hold")]
    points = '<EnumPoint time="0" value="3"/><EnumPoint time="2" value="1"/>'
    assert drawn(only_lane(lanes(lane("wave", points)))) == [(0, 3, "hold"), (2, 1, "hold")]
    points = '<IntegerPoint time="1" value="5"/>'
    assert drawn(only_lane(lanes(lane("voices", points)))) == [(1, 5, "hold")]
    points = real([(0, 87.5, "linear"), (1, 12.25, "hold")]) + '<RealPoint time="2" value="3"/>'
    percent = only_lane(lanes(lane("cutoff", points, 'unit="percent"')))
    assert drawn(percent) == [(0, 87.5, "linear"), (1, 12.25, "hold"), (2, 3, "hold")]
    assert percent.unit == "percent"


def test_silence_in_decibels_is_the_end_of_the_range_or_refused():
    points = real([(0, "-inf", "hold"), (1, "inf", "hold")])
    assert drawn(only_lane(lanes(lane("pan", points)))) == [(0, 0, "hold"), (1, 1, "hold")]
    refused = refusal_of(song(lanes(lane("volume", points))))
    assert refused.code is ErrorCode.NOT_FINITE
    assert "Bass/Volume" in refused.message


# (attributes of the inner Lanes, attributes of Points) -> the unit that the points are in
UNITS = {
    ("", ""): Anchor.PPQ,
    ('timeUnit="seconds"', ""): Anchor.SECONDS,
    ("", 'timeUnit="seconds"'): Anchor.SECONDS,
    ('timeUnit="seconds"', 'timeUnit="beats"'): Anchor.PPQ,
}


@pytest.mark.parametrize("around", UNITS)
def test_the_time_unit_is_that_of_the_nearest_level_which_says_one(around: tuple[str, str]):
    found = only_lane(lanes(lane("pan", real(RISE), around[1]), around[0]))
    assert found.lane.anchor is UNITS[around]
    assert drawn(found) == RISE


def test_a_lane_without_any_unit_around_it_is_in_beats():
    found = only_lane(f'<Lanes><Lanes track="t1">{lane("pan", real(RISE))}</Lanes></Lanes>')
    assert found.lane.anchor is Anchor.PPQ


def test_midi_expressions_are_lanes_of_their_track():
    target = '<Target expression="channelController" channel="0" controller="74"/>'
    found = only_lane(lanes(f"<Points>{target}{real(RISE)}</Points>"))
    assert found.path == ("Bass", "channelController channel 0 controller 74")
    target = '<Target expression="pitchBend"/>'
    assert only_lane(lanes(f"<Points>{target}{real(RISE)}</Points>")).path == ("Bass", "pitchBend")


def test_tracks_of_one_name_keep_their_own_lanes():
    track = (
        '<Track id="{0}" name="Same"><Channel><Volume id="v{0}" unit="linear"/></Channel></Track>'
    )
    structure = f"<Structure>{track.format('a')}{track.format('b')}</Structure>"
    both = lanes(lane("va", real(RISE)) + lane("vb", real([(0, 0.25, "hold")])))
    first, second = read(both, structure=structure).lanes
    assert first.path == second.path == ("Same", "Volume")
    assert (len(first.lane.points), len(second.lane.points)) == (2, 1)


def test_what_the_file_doesnt_describe_is_left_out_with_a_warning():
    project = read(lanes(lane("nobody", real(RISE)) + "<Points/>" + lane("pan", real(RISE))))
    assert [found.path for found in project.lanes] == [("Bass", "Pan")]
    assert project.warnings == ("not read: 2 lanes of something that the file doesn't describe",)


# --- clips


def test_a_clips_points_are_laid_out_from_where_the_clip_starts():
    inside = clip(lane("pan", real(RISE)), time=8, duration=8)
    assert drawn(only_lane(lanes(f"<Clips>{inside}</Clips>"))) == [
        (8, 0, "linear"),
        (12, 1, "hold"),
    ]


def test_a_clip_cuts_its_content_to_what_is_heard():
    ramp = real([(0, 0, "linear"), (8, 8, "hold")])
    inside = clip(lane("pan", ramp), time=16, duration=3, playStart=2)
    found = only_lane(lanes(f"<Clips>{inside}</Clips>"))
    assert drawn(found) == [(16, 2, "linear"), (19, 5, "hold")]
    stopped = clip(lane("pan", ramp), time=16, playStart=2, playStop=4)
    assert drawn(only_lane(lanes(f"<Clips>{stopped}</Clips>"))) == [
        (16, 2, "linear"),
        (18, 4, "hold"),
    ]


def test_a_loop_plays_its_part_again_until_the_clip_ends():
    ramp = real([(0, 0, "linear"), (8, 8, "hold")])
    inside = clip(lane("pan", ramp), time=10, duration=7, playStart=1, loopStart=2, loopEnd=4)
    assert drawn(only_lane(lanes(f"<Clips>{inside}</Clips>"))) == [
        (10, 1, "linear"),
        (13, 4, "hold"),
        (13, 2, "linear"),
        (15, 4, "hold"),
        (15, 2, "linear"),
        (17, 4, "hold"),
    ]


def test_content_in_seconds_lies_in_the_songs_seconds():
    inside = clip(lane("pan", real(RISE)), time=8, duration=16, contentTimeUnit="seconds")
    tempi = tempo([(0, 120, "linear"), (8, 60, "hold")])
    found = only_lane(tempi + lanes(f"<Clips>{inside}</Clips>"))
    start = 8 * math.log(2)
    assert found.lane.anchor is Anchor.SECONDS
    assert [p.position for p in found.lane.points] == pytest.approx([start, start + 4], abs=1e-9)


def test_a_clip_in_seconds_may_hold_beats():
    inside = clip(lane("pan", real(RISE)), time=3, duration=1, contentTimeUnit="beats")
    found = only_lane(lanes(f'<Clips timeUnit="seconds">{inside}</Clips>'))
    assert found.lane.anchor is Anchor.PPQ
    assert drawn(found) == [(6, 0, "linear"), (8, 0.5, "hold")]


def test_clips_in_clips_shift_and_cut_twice():
    ramp = real([(0, 0, "linear"), (8, 8, "hold")])
    inner = clip(lane("pan", ramp), time=2, duration=8)
    outer = clip(f"<Clips>{inner}</Clips>", time=20, duration=4, playStart=1)
    found = only_lane(lanes(f"<Clips>{outer}</Clips>"))
    assert drawn(found) == [(21, 0, "linear"), (24, 3, "hold")]


def test_clips_follow_one_another_in_one_lane_and_hold_between():
    first = clip(lane("pan", real(RISE)), time=8, duration=2)
    second = clip(lane("pan", real([(0, 0.7, "hold")])), time=2, duration=1)
    found = only_lane(lanes(f"<Clips>{first}{second}</Clips>"))
    assert drawn(found) == [(2, 0.7, "hold"), (8, 0, "linear"), (10, 0.5, "hold")]


def test_of_clips_that_overlap_the_later_start_is_heard():
    first = clip(lane("pan", real(RISE)), time=8, duration=4)
    second = clip(lane("pan", real([(0, 9, "hold")])), time=10, duration=4)
    found = only_lane(lanes(f"<Clips>{first}{second}</Clips>"))
    assert drawn(found) == [(8, 0, "linear"), (10, 0.5, "hold"), (10, 9, "hold")]


def test_a_linked_clip_plays_the_content_it_names():
    first = clip(lane("pan", real(RISE), 'id="content"'), time=0, duration=4)
    alias = clip("", time=8, duration=2, reference="content")
    found = only_lane(lanes(f"<Clips>{first}{alias}</Clips>"))
    assert drawn(found) == [
        (0, 0, "linear"),
        (4, 1, "hold"),
        (8, 0, "linear"),
        (10, 0.5, "hold"),
    ]


def test_a_tracks_own_lane_counts_before_what_its_clips_draw():
    own = lane("pan", real([(0, 0.3, "hold")]))
    project = read(
        lanes(own + f"<Clips>{clip(lane('pan', real(RISE)), time=4, duration=4)}</Clips>")
    )
    assert drawn(project.lanes[0]) == [(0, 0.3, "hold")]
    assert project.warnings == ("Bass/Pan: the track's own lane is read, and others are left out",)


def test_clips_in_beats_and_in_seconds_of_one_parameter_are_all_in_beats():
    first = clip(lane("pan", real(RISE)), time=0, duration=4)
    second = clip(lane("pan", real(RISE)), time=8, duration=8, contentTimeUnit="seconds")
    project = read(lanes(f"<Clips>{first}{second}</Clips>"))
    (found,) = project.lanes
    assert found.lane.anchor is Anchor.PPQ
    positions = [p.position for p in found.lane.points]
    assert positions == pytest.approx([0, 4, 8, 16], abs=1e-9)
    assert len(project.warnings) == 1


def test_notes_audio_and_muted_clips_are_counted_once_each():
    audio = '<Audio channels="2" duration="1" sampleRate="48000"><File path="a.wav"/></Audio>'
    looped = clip(
        f"<Lanes>{audio}{lane('pan', real(RISE))}</Lanes>",
        time=0,
        duration=40,
        loopStart=0,
        loopEnd=4,
    )
    muted = clip(lane("pan", real(RISE)), time=50, duration=4, enable="false")
    project = read(lanes(f"<Clips>{looped}{muted}{clip('<Notes/>', time=0, duration=1)}</Clips>"))
    assert len(project.lanes[0].lane.points) == 20
    assert project.warnings == (
        "not read: 1 audio clips",
        "not read: 1 lists of notes",
        "not read: 1 muted clips",
    )


# --- bad input


def test_what_is_no_dawproject_is_refused(tmp_path: Path):
    with pytest.raises(RefusedError) as caught:
        read_dawproject(tmp_path / "none.dawproject")
    assert caught.value.code is ErrorCode.FILE_MISSING
    assert caught.value.field == "none.dawproject"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "hello")
    for data in (b"", b"PK\3\4", b"<Project/>", file.getvalue(), packed("<Song/>"), packed("<P")):
        assert refusal_of(data).code is ErrorCode.FILE_BROKEN


@pytest.mark.parametrize(
    ("bpm", "code"),
    [
        ("0", ErrorCode.OUT_OF_RANGE),
        ("-5", ErrorCode.OUT_OF_RANGE),
        ("inf", ErrorCode.NOT_FINITE),
        ("nan", ErrorCode.NOT_FINITE),
        ("", ErrorCode.BAD_FIELD),
    ],
)
def test_a_tempo_that_is_none_is_refused(bpm: str, code: ErrorCode):
    transport = f'<Transport><Tempo unit="bpm" value="{bpm}"/></Transport>'
    assert refusal_of(song(transport=transport)).code is code
    automated = tempo([(0, 120, "hold"), (4, bpm, "hold")])  # type: ignore[list-item]
    assert refusal_of(song(automated)).code is code


def test_a_file_without_a_tempo_is_refused():
    refused = refusal_of(song(transport=""))
    assert (refused.code, refused.field) == (ErrorCode.BAD_FIELD, f"{NAME}/Transport.Tempo")


BAD = {
    tempo([(8, 120, "hold"), (4, 100, "hold")]): ErrorCode.BAD_ORDER,
    tempo([("x", 120, "hold")]): ErrorCode.BAD_FIELD,  # type: ignore[list-item]
    tempo([(0, 120, "wavy")]): ErrorCode.BAD_FIELD,
    tempo([(0, 120, "hold")], "minutes"): ErrorCode.BAD_FIELD,
    tempo([(0, 120, "hold"), (1e300, 100, "hold")]): ErrorCode.OUT_OF_RANGE,
    lanes(lane("pan", real([(4, 1, "hold"), (0, 1, "hold")]))): ErrorCode.BAD_ORDER,
    lanes(lane("pan", real([(0, "nan", "hold")]))): ErrorCode.NOT_FINITE,  # type: ignore[list-item]
    lanes(lane("pan", real(RISE)), 'timeUnit="bars"'): ErrorCode.BAD_FIELD,
    lanes(f"<Clips>{clip(lane('pan', real(RISE)), time='inf')}</Clips>"): ErrorCode.NOT_FINITE,
    lanes(f"<Clips>{clip(lane('pan', real(RISE)))}</Clips>"): ErrorCode.BAD_FIELD,
    signature_points([(0, 4, 4), (4, 0, 4)], "beats"): ErrorCode.OUT_OF_RANGE,
    signature_points([(0, 4, 4), (4, 4, 3)], "beats"): ErrorCode.OUT_OF_RANGE,
    signature_points([(0, 4, 4), (8, 3, 4), (4, 4, 4)], "beats"): ErrorCode.BAD_ORDER,
    '<Markers><Marker time="nan"/></Markers>': ErrorCode.NOT_FINITE,
}


@pytest.mark.parametrize("arrangement", BAD)
def test_damaged_values_are_refused_by_what_is_wrong_with_them(arrangement: str):
    refused = refusal_of(song(arrangement))
    assert refused.code is BAD[arrangement]
    assert len(refused.field) > len(NAME)


def test_a_loop_of_next_to_nothing_is_refused():
    tiny = clip(lane("pan", real(RISE)), time=0, duration=1000, loopStart=0, loopEnd=1e-9)
    assert refusal_of(song(lanes(f"<Clips>{tiny}</Clips>"))).code is ErrorCode.LIMIT
    nothing = clip(lane("pan", real(RISE)), time=1e9, duration=1e9, loopStart=0, loopEnd=1e-300)
    assert refusal_of(song(lanes(f"<Clips>{nothing}</Clips>"))).code is ErrorCode.LIMIT


def test_clips_that_name_clips_that_name_clips_are_refused_before_they_take_long(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(dawproject_lanes, "MAX_WORK", 20_000)
    parts = lane("pan", real(RISE), 'id="level0"')
    named = "".join(clip("", time=n, duration=1, reference="level{0}") for n in range(10))
    levels = [f'<Clips id="level{k + 1}">{named.format(k)}</Clips>' for k in range(9)]
    shallow = lanes(parts + "".join(levels[:2]))
    assert len(read(shallow).lanes) == 1
    refused = refusal_of(song(lanes(parts + "".join(levels))))
    assert (refused.code, refused.field) == (ErrorCode.LIMIT, f"{NAME}/Arrangement")


def test_a_clip_that_names_what_it_is_in_is_refused():
    itself = f'<Clips id="a">{clip("", time=0, duration=9, reference="a") * 3}</Clips>'
    assert refusal_of(song(lanes(itself))).code is ErrorCode.LIMIT


WORDS = ["nan", "inf", "-1", "0", "1e308", "", "true", "1e-300", "seconds", "id", "8", "cutoff"]

WHOLE = (
    tempo([(0, 120, "linear"), (8, 60, "hold"), (20, 90, "linear")])
    + signature_points([(0, 4, 4), (8, 6, 8)], "beats")
    + '<Markers><Marker time="4" name="A"/></Markers>'
    + lanes(
        lane("cutoff", real([(0, 20, "linear"), (4, 100, "hold")]))
        + lane("sync", '<BoolPoint time="0" value="true"/>')
        + "<Clips>"
        + clip(lane("pan", real(RISE), 'id="x"'), time=4, duration=9, loopStart=0, loopEnd=2)
        + clip("", time=20, duration=4, playStart=1, reference="x", contentTimeUnit="seconds")
        + "</Clips>"
    )
)


def outcomes_of(samples: list[bytes]) -> list[bool]:
    """Whether each is read; anything but a Project or a refusal is an error."""
    outcomes = []
    for sample in samples:
        try:
            outcomes.append(isinstance(read_dawproject(sample, NAME), Project))
        except RefusedError as error:
            assert error.field.startswith(NAME)
            outcomes.append(False)
    return outcomes


def changed_xml(xml: str, chance: random.Random) -> str:
    """The text with one to four values replaced, or pieces left out, doubled or exchanged."""
    for _ in range(chance.randint(1, 4)):
        if chance.random() < 0.6:
            start, end = chance.choice([m.span(1) for m in re.finditer(r'="([^"]*)"', xml)])
            xml = xml[:start] + chance.choice(WORDS) + xml[end:]
        else:
            tags = re.findall(r"<[^>]*>|[^<]+", xml)
            one, other = chance.randrange(len(tags)), chance.randrange(len(tags))
            kind = chance.randrange(3)
            if kind == 0:
                tags[one] = ""
            elif kind == 1:
                tags.insert(one, tags[other])
            else:
                tags[one], tags[other] = tags[other], tags[one]
            xml = "".join(tags)
    return xml


def test_damaged_xml_is_read_or_refused_and_nothing_else():
    chance = random.Random(30)
    with zipfile.ZipFile(io.BytesIO(song(WHOLE))) as archive:
        xml = archive.read("project.xml").decode()
    assert outcomes_of([packed(xml)]) == [True]
    read_ones = outcomes_of([packed(changed_xml(xml, chance)) for _ in range(400)])
    assert 50 < sum(read_ones) < 350  # both happen often


def test_damaged_bytes_are_read_or_refused_and_nothing_else():
    chance = random.Random(31)
    whole = song(WHOLE)
    samples = []
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 3)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        samples.append(bytes(data[: chance.choice([len(data), chance.randrange(len(data))])]))
    assert not all(outcomes_of(samples))


def test_shapes_of_lanes_are_hold_and_linear():
    found = only_lane(lanes(lane("pan", real(RISE))))
    assert {p.shape for p in found.lane.points} == {Shape.HOLD, Shape.LINEAR}
