import gzip
import math
import random
import re
from pathlib import Path

import numpy as np
import pytest

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.lanes import Anchor, Shape
from bridge_protocol.tempo import TempoLaw, TempoMap, TempoSegment
from daw_clients.projects.live_curves import PIECES
from daw_clients.projects.live_set import as_played, read_live_set
from daw_clients.projects.project import Project

DATA = Path(__file__).parent.parent / "data" / "projects"
BEFORE = -63072000  # where Live keeps the value that counts before every song
NAME = "song.als"


def packed(xml: str) -> bytes:
    return gzip.compress(xml.encode())


def events(points: list[tuple[float, float]], tag: str = "FloatEvent", extra: str = "") -> str:
    drawn = [f'<{tag} Id="{i}" Time="{t}" Value="{v}"{extra}/>' for i, (t, v) in enumerate(points)]
    return f"<Events>{''.join(drawn)}</Events>"


def envelope(target: int, inside: str) -> str:
    pointee = f'<EnvelopeTarget><PointeeId Value="{target}"/></EnvelopeTarget>'
    return f"<AutomationEnvelope>{pointee}<Automation>{inside}</Automation></AutomationEnvelope>"


def envelopes(*drawn: str) -> str:
    inside = f"<Envelopes>{''.join(drawn)}</Envelopes>"
    return f"<AutomationEnvelopes>{inside}</AutomationEnvelopes>"


def parameter(tag: str, target: int, value: str, limits: str = "") -> str:
    return f'<{tag}><Manual Value="{value}"/>{limits}<AutomationTarget Id="{target}"/></{tag}>'


def live_set(
    tempo: str = "",
    signature: str = "",
    main: str = "MainTrack",
    tracks: str = "",
    locators: str = "",
    bpm: str = "120",
) -> bytes:
    drawn = [envelope(10, signature)] if signature else []
    drawn += [envelope(8, tempo)] if tempo else []
    mixer = parameter("Tempo", 8, bpm) + parameter("TimeSignature", 10, "201")
    track = f"{envelopes(*drawn)}<DeviceChain><Mixer>{mixer}</Mixer></DeviceChain>"
    listed = f"<Locators><Locators>{locators}</Locators></Locators>"
    inside = f"<Tracks>{tracks}</Tracks><{main}>{track}</{main}>{listed}"
    return packed(f'<Ableton MajorVersion="5"><LiveSet>{inside}</LiveSet></Ableton>')


def refusal_of(source: Path | bytes) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        read_live_set(source, NAME)
    assert caught.value.field.startswith(NAME)
    return caught.value


def locator_times(project: Project) -> dict[str, float]:
    return {found.name: project.tempo.seconds(found.ppq) for found in project.locators}


# --- files that Live made; the times are the ones dawtool measured and tests for


@pytest.mark.parametrize("file", ["automation.als", "L12-automation.als"])
def test_lives_own_ramps_give_lives_own_times(file: str):
    project = read_live_set(DATA / file)
    times = {
        "A": 0.0,
        "B": 4.0,
        "D": 5.6218604324326575,
        "C": 6.772588722239782,
        "Z": 7.635634939595124,
        "E": 8.905065593537753,
    }
    assert list(locator_times(project)) == list(times)
    assert locator_times(project) == pytest.approx(times, rel=0, abs=1e-12)
    assert project.tempo.seconds(12.0) == pytest.approx(8.305065593537753, rel=0, abs=1e-12)
    laws = [(s.start_ppq, s.bpm_start, s.law.value) for s in project.tempo.segments]
    assert laws[1:] == [(4, 60, "linear_beats"), (8, 120, "linear_beats"), (12, 200, "step")]
    assert re.fullmatch(r"Ableton Live 1[02][.0-9b]* set", project.format)
    assert project.warnings == ()
    assert (project.meter.signature(0).numerator, project.meter.signature(0).denominator) == (4, 4)


def test_eleven_points_give_the_times_of_all_of_them():
    tempo = read_live_set(DATA / "automation-intense.als").tempo
    times = {
        2.0: 0.9937018020467507,
        4.0: 2.3751211991079835,
        5.0: 3.4657381748335556,
        6.5: 4.557934529843792,
        7.25: 5.158240936269706,
        8.0: 5.775787872079139,
        8.5: 5.976181756557032,
        9.5: 6.541445040210277,
        12.0: 7.885121207824302,
        13.0: 8.356844190648877,
        15.25: 9.618101061558722,
    }
    assert [s.start_ppq for s in tempo.segments][1:] == list(times)
    for ppq, seconds in times.items():
        assert tempo.seconds(ppq) == pytest.approx(seconds, rel=0, abs=1e-12)


def test_a_set_without_tempo_automation_runs_at_the_tempo_it_stores():
    project = read_live_set(DATA / "example-120.als")
    assert project.tempo == TempoMap.constant(119.999992)
    times = [project.tempo.seconds(found.ppq) for found in project.locators]
    assert times == pytest.approx(
        [
            0.0,
            200.0000133333342,
            216.00001440000096,
            324.00002160000145,
            464.0000309333354,
            604.0000402666693,
            716.0000477333365,
            840.0000560000037,
            1000.000066666671,
            1189.053707412938,
            1392.000092800006,
            1512.0001008000067,
            1656.0001104000073,
            1792.0001194666745,
            3904.0002602666837,
        ],
        rel=0,
        abs=1e-9,
    )
    assert project.locators[0].name == "mirvs - his track你好"
    assert project.warnings == ("the notes and audio of 4 clips are not read",)


# --- as Live plays it


def test_as_played_a_ramp_takes_the_time_that_live_was_measured_to_take():
    tempo = read_live_set(DATA / "automation.als", law="as_played").tempo
    assert {segment.law for segment in tempo.segments} == {TempoLaw.STEP}
    assert round(tempo.seconds(8.0) - tempo.seconds(4.0), 3) == 2.836  # dawtool's measurement


def test_as_played_a_slowing_takes_the_times_that_a_user_measured_in_live():
    drawn = read_live_set(live_set(events([(BEFORE, 150), (0, 150), (16, 50)]))).tempo
    played = as_played(drawn)  # forum.ableton.com, topic 251307: bars 2 to 5, to the millisecond
    measured = [1.740, 3.867, 6.604, 10.447]
    drawn_right = [1.750, 3.892, 6.654, 10.546]
    assert played.seconds_array(np.array([4.0, 8, 12, 16])) == pytest.approx(measured, abs=1e-3)
    assert drawn.seconds_array(np.array([4.0, 8, 12, 16])) == pytest.approx(drawn_right, abs=1e-3)


# microseconds a quarter note on each sixteenth from beat 2 on, as dawtool's own test has them
PUBLISHED = """496851 530197 568341 612399 663862 724767 797977 887639 1000000 1042058 1087808
1137761 1192521 953764 794663 681054 595866 529619 476629 616787 873712 1497502 899400 642704
500000 394803 326177 396037 503978 692805 1107908 872848 720073 612812 533363 472151 423542 384008
351224 323597 300000 355740 436920 566105 803753 724971 660255 606146 560234 520787 486530 456502
429964 406343"""


def test_as_played_every_sixteenth_of_a_set_has_the_published_tempo():
    tempo = read_live_set(DATA / "automation-intense.als", law="as_played").tempo
    published = [int(word) for word in PUBLISHED.split()]
    sixteenths = 2 + np.arange(len(published)) / 4
    assert sixteenths[-1] == tempo.segments[-1].start_ppq == 15.25
    assert np.rint(60e6 / tempo.bpm_array(sixteenths)).astype(int).tolist() == published


def test_as_played_each_sixteenth_has_the_tempo_of_its_start():
    points = [(BEFORE, 90), (0.3, 90), (1.1, 133), (1.2, 60), (1.2, 180), (2.9, 75)]
    drawn = read_live_set(live_set(events(points))).tempo
    played = read_live_set(live_set(events(points)), law="as_played").tempo
    grid = np.arange(0, 4, 0.25)
    for into in (0.0, 0.1, 0.2499):
        assert played.bpm_array(grid + into) == pytest.approx(drawn.bpm_array(grid), abs=1e-12)
    assert all(segment.start_ppq % 0.25 == 0 for segment in played.segments)
    assert played.bpm(3.0) == 75 and played.bpm(2.8) != 75


def test_as_played_leaves_a_steady_tempo_as_it_is():
    steps = [TempoSegment(0.0, 100, 100, TempoLaw.STEP), TempoSegment(8.0, 90, 90, TempoLaw.STEP)]
    assert as_played(TempoMap(steps)) == TempoMap(steps)


def test_too_many_sixteenths_are_refused():
    ramp = events([(BEFORE, 60), (0, 60), (100_000, 120)])
    assert len(read_live_set(live_set(ramp)).tempo.segments) == 2
    with pytest.raises(RefusedError) as caught:
        read_live_set(live_set(ramp), NAME, "as_played")
    assert caught.value.code is ErrorCode.LIMIT


# --- tempo


@pytest.mark.parametrize("main", ["MainTrack", "MasterTrack"])
def test_the_main_track_has_either_name(main: str):
    tempo = read_live_set(live_set(events([(BEFORE, 60), (0, 60), (4, 90)]), main=main)).tempo
    assert tempo.bpm(4.0) == 90


def test_two_points_at_one_place_are_a_jump():
    tempo = read_live_set(live_set(events([(BEFORE, 60), (4, 60), (4, 90)]))).tempo
    assert tempo.seconds(6.0) == pytest.approx(4 + 2 * 60 / 90, abs=1e-12)
    assert [s.law for s in tempo.segments] == [TempoLaw.STEP, TempoLaw.STEP]


def test_a_tempo_drawn_from_before_the_song_on_starts_where_its_line_is_at_zero():
    tempo = read_live_set(live_set(events([(-4, 80), (4, 120)]))).tempo
    assert tempo.bpm(0.0) == 100.0
    assert tempo.bpm(2.0) == pytest.approx(110.0, abs=1e-12)


def test_live_8_and_9_keep_events_inside_the_parameter():
    inside = events([(BEFORE, 95.3), (0, 95.3), (4, 138.3), (200, 160)])
    tempo = f"<Tempo><ArrangerAutomation>{inside}</ArrangerAutomation></Tempo>"
    meter = events([(BEFORE, 200)], "EnumEvent")
    signature = f"<TimeSignature><ArrangerAutomation>{meter}</ArrangerAutomation></TimeSignature>"
    fade = events([(BEFORE, 1), (0, 1), (8, 0.5)])
    volume = f"<Volume><ArrangerAutomation>{fade}</ArrangerAutomation></Volume>"
    chain = f"<MasterChain><Mixer>{volume}{tempo}{signature}</Mixer></MasterChain>"
    xml = f"<Ableton><LiveSet><MasterTrack>{chain}</MasterTrack></LiveSet></Ableton>"
    project = read_live_set(packed(xml))
    k = (138.3 - 95.3) / 4
    assert project.tempo.seconds(4.0) == pytest.approx(60 / k * math.log(138.3 / 95.3), abs=1e-12)
    assert project.meter.signature(0).numerator == 3
    (lane,) = project.lanes
    assert lane.path == ("MasterTrack", "Mixer", "Volume")
    assert [p.value for p in lane.lane.points] == [1, 0.5]


def test_a_curve_follows_the_cubic_that_its_controls_say():
    x1, y1, x2, y2 = 0.1, 0.7, 0.4, 0.95
    curve = (
        f'<FloatEvent Time="{BEFORE}" Value="60"/>'
        f'<FloatEvent Time="4" Value="60" CurveControl1X="{x1}" CurveControl1Y="{y1}"'
        f' CurveControl2X="{x2}" CurveControl2Y="{y2}"/><FloatEvent Time="12" Value="160"/>'
    )
    project = read_live_set(live_set(f"<Events>{curve}</Events>"))
    t = np.linspace(0, 1, 2001)
    a, b, c = 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3
    ppq, bpm = 4 + 8 * (a * x1 + b * x2 + c), 60 + 100 * (a * y1 + b * y2 + c)
    assert project.tempo.bpm_array(ppq) == pytest.approx(bpm, abs=0.2)
    on_curve = project.tempo.bpm_array(ppq[:: 2000 // 8])
    assert on_curve == pytest.approx(bpm[:: 2000 // 8], abs=1e-9)
    assert len(project.tempo.segments) == PIECES + 2
    assert project.warnings == (
        f"Tempo: 1 curved stretches are read as {PIECES} straight pieces each",
    )


def test_controls_on_the_diagonal_are_a_straight_line():
    straight = "".join(f' CurveControl{n}{axis}="0.5"' for n in "12" for axis in "XY")
    project = read_live_set(live_set(events([(BEFORE, 60), (0, 60), (4, 90)], extra=straight)))
    assert (len(project.tempo.segments), project.warnings) == (2, ())


# --- signatures

SIGNATURES = {201: (4, 4), 200: (3, 4), 302: (6, 8), 303: (7, 8), 0: (1, 1), 99: (1, 2)}
SIGNATURES |= {400: (5, 16), 308: (12, 8), 261: (64, 4)}


@pytest.mark.parametrize("code", SIGNATURES)
def test_a_signature_is_read_from_its_number(code: int):
    drawn = events([(BEFORE, code), (0, code)], "EnumEvent")
    change = read_live_set(live_set(signature=drawn)).meter.signature(0)
    assert (change.numerator, change.denominator) == SIGNATURES[code]


@pytest.mark.parametrize("code", [-1, 297 + 64, 495 + 98, 600, 10**8])
def test_a_signature_that_is_none_is_refused(code: int):
    refused = refusal_of(live_set(signature=events([(BEFORE, code), (0, code)], "EnumEvent")))
    assert refused.code is ErrorCode.OUT_OF_RANGE
    assert "TimeSignature" in refused.field


def test_signatures_stand_where_they_are_drawn_and_cut_the_bar_they_fall_into():
    drawn = events([(BEFORE, 201), (8, 302), (14, 201), (16, 200)], "EnumEvent")
    meter = read_live_set(live_set(signature=drawn)).meter
    starts = [float(meter.bar_start(bar)) for bar in range(8)]
    assert starts == [0, 4, 8, 11, 14, 16, 19, 22]


# --- lanes

RANGE = '<MidiControllerRange><Min Value="20"/><Max Value="20000"/></MidiControllerRange>'


def track_with(chain: str, *drawn: str, name: str = "Pad") -> str:
    named = f'<Name><EffectiveName Value="{name}"/></Name>'
    return f'<MidiTrack Id="3">{named}{envelopes(*drawn)}<DeviceChain>{chain}</DeviceChain></MidiTrack>'


def test_a_devices_envelope_is_a_lane_with_its_path_and_range():
    chain = "<Mixer>" + parameter("Volume", 30, "1") + "</Mixer><DeviceChain><Devices>"
    chain += '<AutoFilter Id="0">' + parameter("Cutoff", 31, "100", RANGE)
    chain += parameter("On", 32, "true") + "</AutoFilter></Devices></DeviceChain>"
    drawn = [
        envelope(31, events([(BEFORE, 100.5), (2, 100.5), (2, 300), (7.25, 9000)])),
        envelope(32, events([(BEFORE, "true"), (4, "false"), (8, "true")], "BoolEvent")),
        envelope(30, events([(BEFORE, 1), (0, 1), (16, 0.25)])),
    ]
    cutoff, power, volume = read_live_set(live_set(tracks=track_with(chain, *drawn))).lanes
    assert cutoff.path == ("Pad", "AutoFilter", "Cutoff")
    assert (cutoff.minimum, cutoff.maximum, cutoff.lane.anchor) == (20.0, 20000.0, Anchor.PPQ)
    points = [(p.position, p.value, p.shape) for p in cutoff.lane.points]
    assert points == [
        (0, 100.5, Shape.LINEAR),
        (2, 100.5, Shape.LINEAR),
        (2, 300, Shape.LINEAR),
        (7.25, 9000, Shape.LINEAR),
    ]
    assert power.path == ("Pad", "AutoFilter", "On")
    assert [(p.position, p.value) for p in power.lane.points] == [(0, 1), (4, 0), (8, 1)]
    assert {p.shape for p in power.lane.points} == {Shape.HOLD}
    assert (volume.path, volume.minimum) == (("Pad", "Mixer", "Volume"), None)


def test_racks_plugins_and_macros_are_named_as_a_person_names_them():
    inner = '<PluginDevice Id="1"><PluginDesc><Vst3PluginInfo><Name Value="Surge XT"/>'
    inner += "</Vst3PluginInfo></PluginDesc><ParameterList><PluginFloatParameter Id='7'>"
    inner += '<ParameterName Value="Resonance"/>' + parameter("ParameterValue", 41, "0.5")
    inner += "</PluginFloatParameter></ParameterList></PluginDevice>"
    branch = '<InstrumentBranch Id="0"><Name><EffectiveName Value="Bright"/></Name><DeviceChain>'
    branch += f"<MidiToAudioDeviceChain><Devices>{inner}</Devices></MidiToAudioDeviceChain>"
    branch += "</DeviceChain></InstrumentBranch>"
    rack = '<InstrumentGroupDevice Id="0"><UserName Value="My rack"/>'
    rack += parameter("MacroControls.0", 40, "3") + '<MacroDisplayNames.0 Value="Shine"/>'
    rack += f"<Branches>{branch}</Branches></InstrumentGroupDevice>"
    eq = (
        '<Eq8 Id="2"><Bands.3><ParameterA>'
        + parameter("Freq", 42, "80")
        + "</ParameterA></Bands.3></Eq8>"
    )
    drawn = [envelope(i, events([(BEFORE, 0), (1, 0), (2, 1)])) for i in (40, 41, 42)]
    tracks = track_with(f"<Devices>{rack}{eq}</Devices>", *drawn)
    paths = [lane.path for lane in read_live_set(live_set(tracks=tracks)).lanes]
    assert paths == [
        ("Pad", "My rack", "Shine"),
        ("Pad", "My rack", "Bright", "Surge XT", "Resonance"),
        ("Pad", "Eq8", "Bands.3.ParameterA.Freq"),
    ]


def test_the_main_tracks_mixer_has_lanes_but_tempo_and_signature_are_none():
    xml = gzip.decompress(live_set(events([(BEFORE, 60), (0, 60), (4, 90)]))).decode()
    xml = xml.replace("<Tempo>", parameter("Volume", 50, "1") + "<Tempo>")
    fade = envelope(50, events([(BEFORE, 1), (0, 1), (8, 0)]))
    xml = xml.replace("</Envelopes>", fade + "</Envelopes>")
    lanes = read_live_set(packed(xml)).lanes
    assert [lane.path for lane in lanes] == [("MainTrack", "Mixer", "Volume")]


def test_an_envelope_in_which_nobody_drew_is_no_lane():
    chain = "<Mixer>" + parameter("Volume", 30, "1") + "</Mixer>"
    tracks = track_with(chain, envelope(30, events([(BEFORE, 1)])))
    project = read_live_set(live_set(tracks=tracks))
    assert (project.lanes, project.warnings) == ((), ())


def test_an_envelope_of_something_unknown_is_left_out_with_a_warning():
    chain = "<Mixer>" + parameter("Volume", 30, "1") + "</Mixer>"
    drawn = [envelope(i, events([(BEFORE, 1), (0, 1), (4, 0)])) for i in (77, 30)]
    project = read_live_set(live_set(tracks=track_with(chain, *drawn)))
    assert [lane.path for lane in project.lanes] == [("Pad", "Mixer", "Volume")]
    assert project.warnings == ("Pad: automation of something unknown is left out",)


# --- bad input


def test_what_is_no_live_set_is_refused(tmp_path: Path):
    assert refusal_of(tmp_path / "none.als").code is ErrorCode.FILE_MISSING
    for data in (
        b"",
        b"RIFF",
        b"\x1f\x8b",
        packed("<Ableton"),
        packed("<Song/>"),
        packed("<Ableton/>"),
    ):
        assert refusal_of(data).code is ErrorCode.FILE_BROKEN


@pytest.mark.parametrize(
    ("bpm", "code"),
    [
        ("0", ErrorCode.OUT_OF_RANGE),
        ("-120", ErrorCode.OUT_OF_RANGE),
        ("1e9", ErrorCode.OUT_OF_RANGE),
        ("inf", ErrorCode.NOT_FINITE),
        ("nan", ErrorCode.NOT_FINITE),
        ("", ErrorCode.BAD_FIELD),
        ("fast", ErrorCode.BAD_FIELD),
    ],
)
def test_a_tempo_that_is_none_is_refused(bpm: str, code: ErrorCode):
    assert refusal_of(live_set(bpm=bpm)).code is code
    assert refusal_of(live_set(events([(BEFORE, 60), (0, 60), (4, bpm)]))).code is code


def test_a_set_without_a_tempo_is_refused():
    xml = gzip.decompress(live_set()).decode().replace('<Manual Value="120"/>', "")
    refused = refusal_of(packed(xml))
    assert (refused.code, refused.field) == (ErrorCode.BAD_FIELD, f"{NAME}/Tempo")
    assert refusal_of(packed("<Ableton><LiveSet/></Ableton>")).code is ErrorCode.BAD_FIELD


@pytest.mark.parametrize("time", ["nan", "inf", "x", "1e300"])
def test_a_place_that_is_none_is_refused(time: str):
    refused = refusal_of(live_set(events([(BEFORE, 60), (0, 60), (time, 90)])))
    assert refused.code in (ErrorCode.NOT_FINITE, ErrorCode.BAD_FIELD, ErrorCode.OUT_OF_RANGE)


def test_events_out_of_order_are_refused():
    assert (
        refusal_of(live_set(events([(BEFORE, 60), (8, 60), (4, 90)]))).code is ErrorCode.BAD_ORDER
    )
    chain = "<Mixer>" + parameter("Volume", 30, "1") + "</Mixer>"
    tracks = track_with(chain, envelope(30, events([(8, 1), (4, 1)])))
    assert refusal_of(live_set(tracks=tracks)).code is ErrorCode.BAD_ORDER


def outcomes_of(samples: list[bytes]) -> list[bool]:
    """Whether each is read; anything but a Project or a refusal is an error."""
    outcomes = []
    for sample in samples:
        try:
            outcomes.append(isinstance(read_live_set(sample, NAME), Project))
        except RefusedError as error:
            assert error.field.startswith(NAME)
            outcomes.append(False)
    return outcomes


WORDS = ["nan", "inf", "-1", "0", "1e308", "", "true", "-63072000", "999999999999", "x", "8", "10"]


def changed_xml(xml: str, chance: random.Random) -> str:
    """The text with one to four values replaced, or a piece cut out, doubled or moved."""
    for _ in range(chance.randint(1, 4)):
        kind = chance.randrange(4)
        start, end = sorted(chance.randrange(len(xml)) for _ in range(2))
        end = min(end, start + 400)
        if kind == 0:
            spots = [m.span(1) for m in re.finditer(r'="([^"]*)"', xml)]
            start, end = chance.choice(spots)
            xml = xml[:start] + chance.choice(WORDS) + xml[end:]
        elif kind == 1:
            lines = xml.splitlines()
            lines.insert(chance.randrange(len(lines)), lines.pop(chance.randrange(len(lines))))
            xml = "\n".join(lines)
        else:
            xml = xml[:end] + (xml[start:] if kind == 2 else xml[end + 1 :])
    return xml


def test_damaged_xml_is_read_or_refused_and_nothing_else():
    chance = random.Random(20)
    small = re.sub(
        r"<PreHearTrack>.*</PreHearTrack>|<ClipSlotList>.*?</ClipSlotList>|<ViewStates>.*",
        "",
        gzip.decompress((DATA / "automation-intense.als").read_bytes()).decode(),
        flags=re.DOTALL,
    )
    assert "<Locators>" in small
    tail = "" if small.rstrip().endswith("</Ableton>") else "</LiveSet></Ableton>"
    xml = small + tail
    assert outcomes_of([packed(xml)]) == [True]
    read = outcomes_of([packed(changed_xml(xml, chance)) for _ in range(250)])
    assert 30 < sum(read) < 220  # both happen often


def test_damaged_bytes_are_read_or_refused_and_nothing_else():
    chance = random.Random(21)
    whole = (DATA / "automation.als").read_bytes()
    samples = []
    for _ in range(200):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 3)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        samples.append(bytes(data[: chance.choice([len(data), chance.randrange(len(data))])]))
    assert not all(outcomes_of(samples))
