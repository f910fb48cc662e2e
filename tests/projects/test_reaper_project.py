import random
from collections import Counter
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import rpp
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.lanes import Anchor, Breakpoint, BreakpointLane, Shape
from bridge_protocol.meter import MeterMap, SignatureChange
from bridge_protocol.schema import Note
from bridge_protocol.tempo import TempoLaw, TempoMap, TempoSegment
from daw_clients.projects import rpp_text
from daw_clients.projects.project import Locator, Project, ProjectLane
from daw_clients.projects.reaper_export import write_reaper_project
from daw_clients.projects.reaper_project import MAX_BYTES, read_reaper_project
from daw_clients.projects.rpp_text import Block, parse_blocks, quoted, split_words

DATA = Path(__file__).parents[1] / "data" / "projects"
REAL_FILES = ("empty.RPP", "vst.RPP")
CONSTANT = TempoMap.constant(120.0)
FOUR_FOUR = MeterMap.constant(4, 4)


def block(head: str, *content: str) -> str:
    return "\n".join([f"<{head}", *content, ">"])


def song(*content: str, tempo: str = "TEMPO 120 4 4") -> str:
    return block('REAPER_PROJECT 0.1 "7.0" 1', tempo, *content) + "\n"


def tempo_envelope(*points: str, active: int = 1) -> str:
    return block("TEMPOENVEX", f"ACT {active} -1", "VIS 1 0 1", "DEFSHAPE 1 -1 -1", *points)


def with_tempo(*points: str, tempo: str = "TEMPO 120 4 4") -> Project:
    return read_reaper_project(song(tempo_envelope(*points), tempo=tempo))


def track(*content: str, name: str = "NAME Drums") -> str:
    return block("TRACK {0}", name, *content)


def effect(*envelopes: str, head: str = 'VST "VST: ReaComp (Cockos)" reacomp.dll 0 "" 19') -> str:
    return "\n".join(["BYPASS 0 0 0", block(head, "bWNlcu9e7f4="), "FXID {1}", *envelopes, "WAK 0"])


def chain(*content: str) -> str:
    return block("FXCHAIN", "SHOW 0", *content)


def envelope(head: str, *points: str, active: int = 1) -> str:
    return block(head, f"ACT {active} -1", *points)


def in_chain(*envelopes: str) -> str:
    return song(track(chain(effect(*envelopes))))


def refusal(text: str | bytes) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        read_reaper_project(text, "song.RPP")
    return caught.value


# ---------------------------------------------------------------- REAPER's own files


def test_an_empty_project_of_reaper_4_is_120_in_four_four() -> None:
    project = read_reaper_project(DATA / "empty.RPP")
    assert project == Project("REAPER project 0.1 4.32", CONSTANT, FOUR_FOUR)


def test_a_project_of_reaper_5_has_its_marker_region_and_volume_envelope() -> None:
    project = read_reaper_project(DATA / "vst.RPP")
    assert (project.tempo, project.meter) == (CONSTANT, FOUR_FOUR)
    names = ["marker 1", "region 1", "region 1 (end)"]
    assert project.locators == tuple(
        Locator(at, name) for at, name in zip((4.0, 8.0, 12.0), names, strict=True)
    )
    points = [Breakpoint(-0.0005, 1.0), Breakpoint(11.0, 1.0), Breakpoint(11.0005, 1.0)]
    lane = BreakpointLane(points, Anchor.SECONDS)
    assert project.lanes == (ProjectLane(("Synth", "Volume"), lane),)
    assert project.warnings == ("not read: 3 items",)


@pytest.mark.parametrize("file", REAL_FILES)
def test_a_real_file_is_the_same_words_as_pypi_rpp_finds(file: str) -> None:
    text = (DATA / file).read_text(encoding="utf-8")
    keep = frozenset(line.split()[0] for line in text.splitlines())
    ours = parse_blocks(text, "REAPER_PROJECT", keep, file)
    assert same_words(ours, rpp.loads(text)) > 100


def same_words(ours: Block, theirs: rpp.Element) -> int:
    """How many lines were compared."""
    assert ours.words == [theirs.tag, *theirs.attrib]
    lines = [[child] if isinstance(child, str) else child for child in lines_of(theirs)]
    notes = [line for line in lines if not line[0].startswith("|")]
    assert [words for words in ours.lines if not words[0].startswith("|")] == notes
    blocks = [child for child in theirs if isinstance(child, rpp.Element)]
    assert len(blocks) == len(ours.blocks)
    return len(notes) + sum(map(same_words, ours.blocks, blocks))


def lines_of(element: rpp.Element) -> list[str | list[str]]:
    return [child for child in element if not isinstance(child, rpp.Element)]


def test_windows_newlines_change_nothing() -> None:
    text = (DATA / "vst.RPP").read_bytes().replace(b"\r\n", b"\n")
    assert b"\r" in (DATA / "empty.RPP").read_bytes()
    windows = read_reaper_project(text.replace(b"\n", b"\r\n"))
    assert windows == read_reaper_project(text) == read_reaper_project(text.decode())


# What REAPER itself wrote: the lines published in CharlesHolbrow/rppp, issue 9.
REAPERS_OWN_POINTS = (
    "PT 0.000000000000 170.0000000000 1 0 1",
    "PT 2.823529411765 58.7500000000 1 524293 0 1",
    "PT 5.376720901126 95.0000000000 1 262148 0 1",
)


def test_reapers_own_tempi_are_quarter_notes_in_a_bar_of_5_8() -> None:
    project = with_tempo(*REAPERS_OWN_POINTS, tempo="TEMPO 170 4 4")
    rows = [(s.start_ppq, s.bpm_start, s.law) for s in project.tempo.segments]
    step = TempoLaw.STEP
    assert rows == [(0.0, 170.0, step), (8.0, 58.75, step), (10.5, 95.0, step)]
    changes = (SignatureChange(0, 4, 4), SignatureChange(2, 5, 8), SignatureChange(3, 4, 4))
    assert project.meter.changes == changes
    assert project.warnings == ()


# ---------------------------------------------------------------- tempo


def test_120_to_60_in_a_straight_line_over_8_quarters_takes_16_thirds_of_a_second() -> None:
    tempo = with_tempo("PT 0 120 0", "PT 5.333333333333 60 1").tempo
    assert [s.start_ppq for s in tempo.segments] == [0.0, 8.0]
    assert tempo.segments[0].law == TempoLaw.LINEAR_TIME
    assert tempo.seconds(8.0) == pytest.approx(16 / 3, abs=1e-12)
    assert tempo.seconds(4.0) == pytest.approx(2560 / (640 + 256_000**0.5), abs=1e-12)
    for seconds in (0.5, 1.0, 3.0, 5.0):
        T = 16 / 3
        quarters = seconds * (2 * T * 120 + seconds * (60 - 120)) / (120 * T)
        assert tempo.ppq(seconds) == pytest.approx(quarters, abs=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_positions_are_the_integral_of_the_tempo_that_is_drawn(seed: int) -> None:
    rng = random.Random(seed)
    times = [0.0, *sorted(rng.uniform(0.1, 60.0) for _ in range(12))]
    bpms = [rng.uniform(20.0, 999.0) for _ in times]
    shapes = [rng.randrange(2) for _ in times]
    lines = [f"PT {t!r} {b!r} {s}" for t, b, s in zip(times, bpms, shapes, strict=True)]
    tempo = with_tempo(*lines).tempo
    total = 0.0
    stretches = zip(pairwise(times), pairwise(bpms), shapes[:-1], strict=True)
    for (t0, t1), (b0, b1), shape in stretches:
        # A trapezium is exact for a straight line.
        total += (t1 - t0) * (b0 if shape == 1 else (b0 + b1) / 2) / 60.0
        assert tempo.ppq(t1) == pytest.approx(total, abs=1e-7)
        assert tempo.seconds(total) == pytest.approx(t1, abs=1e-7)


def test_a_ramp_arrives_at_its_tempo_before_a_jump_at_the_same_time() -> None:
    tempo = with_tempo("PT 0 60 0", "PT 2 120 1", "PT 2 90 1").tempo
    ramp, after = tempo.segments
    assert (ramp.bpm_start, ramp.bpm_end, after.start_ppq, after.bpm_start) == (60, 120, 3.0, 90)


def test_a_switched_off_envelope_leaves_the_projects_own_tempo() -> None:
    text = song(tempo_envelope("PT 0 60 1 262147 0 1", active=0), tempo="TEMPO 133 5 4")
    project = read_reaper_project(text)
    assert project.tempo == TempoMap.constant(133.0)
    assert project.meter == MeterMap.constant(5, 4)
    (warning,) = project.warnings
    assert warning.startswith("the tempo envelope is switched off")


def test_up_to_the_first_point_the_projects_own_tempo_holds_and_that_is_said() -> None:
    project = with_tempo("PT 2 60 1", tempo="TEMPO 90 4 4")
    rows = [(s.start_ppq, s.bpm_start) for s in project.tempo.segments]
    assert rows == [(0.0, 90.0), (3.0, 60.0)]
    assert "no point at the start" in project.warnings[0]


def test_a_point_that_sets_no_tempo_leaves_the_curve_as_it_is() -> None:
    ramp = with_tempo("PT 0 120 0", "PT 5.333333333333 60 1").tempo
    project = with_tempo("PT 0 120 0", "PT 2 999 1 262147 0 3", "PT 5.333333333333 60 1")
    assert project.tempo == ramp
    # 2 s into that ramp are 3.625 quarter notes: no bar line, and the point asks for one.
    assert project.meter.bar_start(1) == Fraction(29, 8)
    assert "within a bar" in project.warnings[0]


def test_an_unusual_own_signature_is_taken_in_quarter_notes_and_that_is_said() -> None:
    project = read_reaper_project(song(tempo="TEMPO 120 6 8"))
    assert (project.tempo, project.meter) == (CONSTANT, MeterMap.constant(6, 8))
    assert project.warnings == ("120 bpm in 6/8 is taken as quarter notes a minute",)
    ruled = with_tempo("PT 0 120 1 524294 0 1", tempo="TEMPO 120 6 8")
    assert (ruled.tempo, ruled.meter, ruled.warnings) == (CONSTANT, MeterMap.constant(6, 8), ())


def test_a_project_without_a_tempo_is_120_in_four_four() -> None:
    project = read_reaper_project(song(tempo="RIPPLE 0"))
    assert (project.tempo, project.meter) == (CONSTANT, FOUR_FOUR)


# ---------------------------------------------------------------- signatures


def test_a_bar_may_be_cut_short_where_the_point_allows_it() -> None:
    project = with_tempo("PT 0 120 1 262148 0 1", "PT 3 120 1 262147 0 5")
    assert project.meter.changes[1] == SignatureChange(2, 3, 4, Fraction(6))
    assert project.warnings == ()


PACKED_7_8, PACKED_3_4 = 7 + (8 << 16), 3 + (4 << 16)


def test_a_signature_is_numerator_and_denominator_in_one_number() -> None:
    project = with_tempo(
        f"PT 0 120 1 {PACKED_7_8}", f'PT 3.5 120 1 {PACKED_3_4} 1 1 0 "" 0 41 0 ABB'
    )
    assert project.meter.changes == (SignatureChange(0, 7, 8), SignatureChange(2, 3, 4))


def test_a_signature_near_a_bar_line_is_on_it() -> None:
    project = with_tempo("PT 0 120 1", f"PT 4.0001 120 1 {PACKED_3_4} 0 1")
    assert project.meter.changes[1] == SignatureChange(2, 3, 4)
    assert project.meter.bar_start(2) == 8


def test_a_signature_in_mid_bar_that_may_not_cut_it_does_and_that_is_said() -> None:
    project = with_tempo("PT 0 120 1", f"PT 3 120 1 {PACKED_3_4} 0 1")
    assert project.meter.bar_start(2) == 6
    assert "the signature at 3 s is within a bar" in project.warnings[0]


def test_of_two_signatures_at_one_place_the_later_holds() -> None:
    points = [f"PT 4 120 1 {packed} 0 1" for packed in (PACKED_7_8, PACKED_3_4)]
    project = with_tempo("PT 0 120 1 262148 0 1", *points)
    assert project.meter.changes == (SignatureChange(0, 4, 4), SignatureChange(2, 3, 4))


# ---------------------------------------------------------------- refusals of tempo


@pytest.mark.parametrize(
    ("point", "code", "field"),
    [
        ("PT 9 0 1", "OUT_OF_RANGE", "bpm"),
        ("PT 9 -120 1", "OUT_OF_RANGE", "bpm"),
        ("PT 9 19.9 1", "OUT_OF_RANGE", "bpm"),
        ("PT 9 1000 1", "OUT_OF_RANGE", "bpm"),
        ("PT 9 nan 1", "NOT_FINITE", "bpm"),
        ("PT 9 inf 1", "NOT_FINITE", "bpm"),
        ("PT 9 1e999 1", "NOT_FINITE", "bpm"),
        ("PT 9 fast 1", "BAD_FIELD", "bpm"),
        ("PT 9 1_20 1", "BAD_FIELD", "bpm"),
        ("PT 9", "BAD_FIELD", "bpm"),
        ("PT", "BAD_FIELD", "seconds"),
        ("PT -inf 120 1", "NOT_FINITE", "seconds"),
        ("PT -1 120 1", "OUT_OF_RANGE", "seconds"),
        ("PT 1.5 120 1", "BAD_ORDER", "seconds"),
        ("PT 9 120 5", "OUT_OF_RANGE", "shape"),
        ("PT 9 120 0.5", "BAD_FIELD", "shape"),
        ("PT 9 120 1 262144", "OUT_OF_RANGE", "signature.numerator"),
        ("PT 9 120 1 4", "OUT_OF_RANGE", "signature.denominator"),
        ("PT 9 120 1 327684", "OUT_OF_RANGE", "signature.denominator"),
        ("PT 9 120 1 -1", "OUT_OF_RANGE", "signature.numerator"),
        ("PT 9 120 1 1e30", "OUT_OF_RANGE", "signature.numerator"),
        ("PT 9 120 1 x", "BAD_FIELD", "signature"),
    ],
)  # fmt: skip
def test_a_bad_point_is_refused_by_its_number_and_field(point: str, code: str, field: str) -> None:
    good = ("PT 0 120 1", "PT 1 121 0", "PT 2 122 1")
    error = refusal(song(tempo_envelope(*good, point)))
    assert (error.code, error.field) == (code, f"tempo_envelope[3].{field}")


@pytest.mark.parametrize(
    ("line", "code", "field"),
    [
        ("TEMPO 0 4 4", "OUT_OF_RANGE", "tempo.bpm"),
        ("TEMPO nan 4 4", "NOT_FINITE", "tempo.bpm"),
        ("TEMPO", "BAD_FIELD", "tempo.bpm"),
        ("TEMPO 120 0 4", "OUT_OF_RANGE", "tempo.numerator"),
        ("TEMPO 120 4 0", "OUT_OF_RANGE", "tempo.denominator"),
        ("TEMPO 120 4 3", "OUT_OF_RANGE", "tempo.denominator"),
        ("TEMPO 120 four 4", "BAD_FIELD", "tempo.numerator"),
    ],
)
def test_a_bad_own_tempo_is_refused_by_its_field(line: str, code: str, field: str) -> None:
    error = refusal(song(tempo=line))
    assert (error.code, error.field) == (code, field)


@pytest.mark.parametrize("seconds", ["1e6", "1e308"])
@pytest.mark.parametrize("kind", ["60 1", "120 1 262147 0 3"])
def test_a_point_too_far_off_is_refused(seconds: str, kind: str) -> None:
    error = refusal(song(tempo_envelope("PT 0 999 1", f"PT {seconds} {kind}")))
    field = "tempo_envelope" if seconds == "1e6" else "tempo_envelope[1].seconds"
    assert (error.code, error.field) == (ErrorCode.OUT_OF_RANGE, field)


def test_a_signature_in_too_late_a_bar_is_refused() -> None:
    tiny = 1 + (32 << 16)
    error = refusal(song(tempo_envelope(f"PT 0 999 1 {tiny}", f"PT 9000 999 1 {tiny} 0 1")))
    assert (error.code, error.field) == (ErrorCode.OUT_OF_RANGE, "tempo_envelope")


def test_more_points_than_a_map_holds_are_refused() -> None:
    points = (f"PT {i} 120 1" for i in range(65_537))
    error = refusal(song(tempo_envelope(*points)))
    assert (error.code, error.field) == (ErrorCode.LIMIT, "tempo_envelope")


# ---------------------------------------------------------------- markers


def test_markers_and_regions_are_locators_in_quarter_notes() -> None:
    project = read_reaper_project(
        song(
            tempo_envelope("PT 0 60 1", "PT 4 120 1"),
            'MARKER 7 6 `He said "it\'s"` 0 0 1 B {1} 0',
            'MARKER 1 4 "Verse 1" 1 0 1 R {2} 0',
            'MARKER 1 8 "" 1',
            'MARKER 2 2 "" 0',
        )
    )
    assert project.locators == (
        Locator(2.0, "marker 2"),
        Locator(4.0, "Verse 1"),
        Locator(8.0, 'He said "it\'s"'),
        Locator(12.0, "Verse 1 (end)"),
    )


@pytest.mark.parametrize("line", ["MARKER", "MARKER 1", "MARKER 1 soon x"])
def test_a_marker_without_a_time_is_refused(line: str) -> None:
    error = refusal(song("MARKER 1 0 first", line))
    assert (error.code, error.field) == (ErrorCode.BAD_FIELD, "marker[1].seconds")


def test_more_markers_than_allowed_are_refused() -> None:
    error = refusal(song(*["MARKER 1 2 x"] * 65_537))
    assert (error.code, error.field) == (ErrorCode.LIMIT, "marker")


@pytest.mark.parametrize("seconds", ["1e6", "-1e6", "1e308"])
def test_a_marker_too_far_off_is_refused_by_its_number(seconds: str) -> None:
    error = refusal(song("MARKER 1 -2 early", f"MARKER 1 {seconds} far"))
    assert (error.code, error.field) == (ErrorCode.OUT_OF_RANGE, "marker[1].seconds")


# ---------------------------------------------------------------- lanes


def test_a_parameters_envelope_is_a_lane_in_seconds_with_every_shape() -> None:
    points = [f"PT {i} {i / 10} {i}" for i in range(5)] + ["PT 5 0.5 5 0 0 0 -0.7", "PT 6 1 0"]
    (lane,) = read_reaper_project(in_chain(envelope("PARMENV 3:_Cut_Off -1 2 0.5", *points))).lanes
    assert lane.path == ("Drums", "VST: ReaComp (Cockos)", "Cut_Off")
    assert (lane.minimum, lane.maximum) == (-1.0, 2.0)
    shapes = [
        Shape.LINEAR, Shape.HOLD, Shape.SMOOTH, Shape.FAST_START, Shape.FAST_END, Shape.BEZIER,
        Shape.LINEAR,
    ]  # fmt: skip
    values = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 1.0]
    tensions = [0.0] * 5 + [-0.7, 0.0]
    expected = map(Breakpoint, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0], values, shapes, tensions)
    assert lane.lane == BreakpointLane(list(expected), Anchor.SECONDS)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("PARMENV 3 0 1 0.5", "3"),
        ("PARMENV 3:_1__Feedback 0 2 1", "1__Feedback"),
        ("PARMENV 31:wet 0 1 1", "wet"),
        ("PARMENV 9:0 0 1 1", "9"),
        ('PARMENV 0 0 1 0.5 "Flip side / 3x1 strip - video processor"', "Flip side"),
        ('PARMENV 0:7 0 1 0.5 "A / B / VST: ReaComp (Cockos)"', "A / B"),
        ('PARMENV "5:_Cut Off" 0 1 0', "Cut Off"),
    ],
)
def test_a_parameter_is_called_what_the_file_calls_it(head: str, name: str) -> None:
    (lane,) = read_reaper_project(in_chain(envelope(head, "PT 0 0.5 0"))).lanes
    assert lane.parameter == name


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ('VST "VST: X (Y)" x.dll 0 "Sax offender" 19', "Sax offender"),
        ('JS loser/3BandEQ ""', "loser/3BandEQ"),
        ('JS "utility/volume pan" Mine', "Mine"),
        ('CLAP "CLAP: Surge" org.surge ""', "CLAP: Surge"),
        ('CLAP "CLAP: Surge" org.surge Lead', "Lead"),
        ('AU "AU: AUDelay (Apple)" "Apple: AUDelay" ""', "AU: AUDelay (Apple)"),
        ("VIDEO_EFFECT", "VIDEO_EFFECT"),
    ],
)
def test_an_effect_is_called_what_the_file_calls_it(head: str, name: str) -> None:
    lane = envelope("PARMENV 0 0 1 0.5", "PT 0 0.5 0")
    (found,) = read_reaper_project(song(track(chain(effect(lane, head=head))))).lanes
    assert found.path == ("Drums", name, "0")


def test_each_envelope_belongs_to_the_effect_before_it_and_containers_nest() -> None:
    inner = effect(envelope("PARMENV 1 0 1 0", "PT 0 0.2 0"), head="JS inner")
    container = "\n".join([block('CONTAINER Container "" ""', inner), "FXID {9}"])
    own = envelope("PARMENV 2 0 1 0", "PT 0 0.3 0")
    first = effect(envelope("PARMENV 0 0 1 0", "PT 0 0.1 0"), head="JS first")
    project = read_reaper_project(song(track(chain(first, container, own), name="NAME ''")))
    assert {lane.path: lane.lane.points[0].value for lane in project.lanes} == {
        ("track 1", "first", "0"): 0.1,
        ("track 1", "Container", "inner", "1"): 0.2,
        ("track 1", "Container", "2"): 0.3,
    }


def test_envelopes_of_tracks_and_of_the_master_are_lanes_without_a_range() -> None:
    project = read_reaper_project(
        song(
            envelope("MASTERVOLENV2", "PT 0 0.5 1"),
            block("MASTERFXLIST", effect(envelope("PARMENV 4 0 1 0", "PT 0 1 0"), head="JS lim")),
            track(envelope("PANENV2", "PT 0 -1 0", "PT 1 1 0"), envelope("MUTEENV", "PT 0 1 1")),
        )
    )
    paths = [lane.path for lane in project.lanes]
    assert sorted(paths) == [
        ("Drums", "Mute"), ("Drums", "Pan"), ("Master", "Volume"), ("Master", "lim", "4"),
    ]  # fmt: skip
    ranges = {lane.path: (lane.minimum, lane.maximum) for lane in project.lanes}
    assert ranges["Drums", "Pan"] == (None, None)
    assert project.warnings == ()


def test_what_is_not_read_is_said() -> None:
    take = block("TAKEFX", effect(envelope("PARMENV 0 0 1 0", "PT 0 1 0")))
    project = read_reaper_project(
        song(
            "PLAYRATE 1.5 0 0.25 4",
            "PROJOFFS 0 -4 0",
            envelope("MASTERPLAYSPEEDENV", "PT 0 1 0"),
            track(
                envelope("VOLENV2", "VOLTYPE 1", "PT 0 1 0", "PT 4 0 0"),
                envelope("AUXVOLENV", "PT 0 1 0"),
                envelope("AUXPANENV"),
                block("ITEM", "POSITION 0", take, envelope("VOLENV", "PT 0 1 0")),
                block("ITEM", "POSITION 4"),
                chain(
                    effect(
                        envelope("PARMENV 0 0 1 0", "PT 0 1 0", active=0),
                        envelope("PARMENV 1 0 1 0", "POOLEDENVINST 1 0 4 0 1", "PT 0 1 0"),
                        envelope("PARMENV 2 0 1 0"),
                        block("PROGRAMENV 3 0", "LFO 1"),
                    )
                ),
            ),
        )
    )
    assert [lane.parameter for lane in project.lanes] == ["Volume", "1"]
    assert project.warnings == (
        "the master play rate of 1.5 is not read; the tempi are without it",
        "the play rate envelope is not read; the tempi are without it",
        "REAPER counts from 0 s and -4 bars on; here the song starts at 0",
        "the envelope Drums/Volume is drawn on the fader's scale; between its points it runs "
        "straight here",
        "the envelope Drums/VST: ReaComp (Cockos)/0 is switched off; it is left out",
        "not read: 1 AUXVOLENV envelopes, 1 automation items, 2 envelopes of items and takes, "
        "2 items, 1 parameter modulations",
    )


@pytest.mark.parametrize(
    ("lines", "code", "field"),
    [
        (["PT 0 1 0", "PT 1 nan 0"], "NOT_FINITE", "[1].value"),
        (["PT 1 1 0", "PT 0 1 0"], "BAD_ORDER", "[1].seconds"),
        (["PT 1e10 1 0"], "OUT_OF_RANGE", "[0].seconds"),
        (["PT 0 1 6"], "OUT_OF_RANGE", "[0].shape"),
        (["PT 0 1 5 0 0 0 2"], "OUT_OF_RANGE", "[0].tension"),
        (["PT 0 1 0"] * 65_537, "LIMIT", ""),
    ],
    ids=range(6),
)
def test_a_bad_point_of_a_lane_is_refused_by_the_lane_and_its_number(lines, code, field) -> None:
    error = refusal(in_chain(envelope("PARMENV 0:_Mix 0 1 0", *lines)))
    assert (error.code, error.field) == (code, f"Drums/VST: ReaComp (Cockos)/Mix{field}")


def test_a_lane_with_a_broken_range_is_refused() -> None:
    error = refusal(in_chain(envelope("PARMENV 0:_Mix 0 max 0", "PT 0 1 0")))
    name = "Drums/VST: ReaComp (Cockos)/Mix.maximum"
    assert (error.code, error.field) == (ErrorCode.BAD_FIELD, name)


# ---------------------------------------------------------------- text


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("NAME plain", ["NAME", "plain"]),
        ('NAME "two words"', ["NAME", "two words"]),
        ("NAME '\"hey'", ["NAME", '"hey']),
        ('NAME hey"', ["NAME", 'hey"']),
        ("NAME `\"both\" and 'these'`", ["NAME", "\"both\" and 'these'"]),
        ('NAME "" x', ["NAME", "", "x"]),
        ('NAME "never closed', ["NAME", "never closed"]),
        ("\tNAME\t a  b ", ["NAME", "a", "b"]),
        ("NAME <", ["NAME", "<"]),
        ("NAME a\u2028b", ["NAME", "a\u2028b"]),
    ],
)
def test_a_line_is_split_as_reaper_quotes_it(line: str, words: list[str]) -> None:
    assert split_words(line) == words


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n")))
def test_a_quoted_word_is_read_back_unless_it_has_every_mark(text: str) -> None:
    expected = text.replace("`", "'") if set("\"'`") <= set(text) else text
    assert split_words(f"NAME {quoted(text)} 1") == ["NAME", expected, "1"]


def test_a_line_break_in_a_name_becomes_a_space() -> None:
    assert quoted("a\nb") == '"a b"'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "MThd",
        "RIPPLE 0\n" + song(),
        "<RPP_PROJECT 0.1\n>\n",
        song()[:-3],
        song(track())[:-3],
        song() + "more\n",
        song() + song(),
        song("<", ">"),
        song(">"),
        "<" * 100_000,
    ],
    ids=range(12),
)
def test_text_that_is_no_project_is_refused_by_its_name(text: str) -> None:
    error = refusal(text)
    assert (error.code, error.field) == (ErrorCode.FILE_BROKEN, "song.RPP")


def test_empty_lines_and_a_byte_order_mark_are_passed_over() -> None:
    text = "\ufeff\n" + song("", "  \t", track()) + "\n\n"
    assert read_reaper_project(text.encode("utf-8")).tempo == CONSTANT


def test_a_file_that_is_not_utf8_is_latin_1_and_that_is_said() -> None:
    text = song(track(envelope("PANENV2", "PT 0 0 0"), name="NAME Gr\u00fcn"))
    project = read_reaper_project(text.encode("latin-1"))
    assert project.lanes[0].path == ("Gr\u00fcn", "Pan")
    assert project.warnings == ("its names are not in UTF-8; they are read as Latin-1",)


def test_binary_garbage_is_refused() -> None:
    assert refusal(random.Random(1).randbytes(100_000)).code == ErrorCode.FILE_BROKEN


@pytest.mark.parametrize("depth", [64, 100_000])
def test_blocks_that_nest_too_deep_are_refused(depth: int) -> None:
    error = refusal(song("<TRACK\n" * depth))
    assert (error.code, error.field) == (ErrorCode.LIMIT, "song.RPP")


def test_blocks_that_nest_as_deep_as_allowed_are_read() -> None:
    item = "<ITEM\n" * 62 + ">\n" * 62
    assert "not read: 1 items" in read_reaper_project(song(track(item))).warnings
    nested = "<CONTAINER\n" * 60 + ">\n" * 60
    assert read_reaper_project(song(track(chain(nested)))).lanes == ()


def test_a_line_of_a_million_words_is_read_at_once() -> None:
    words = "1 " * 1_000_000
    assert read_reaper_project(song("MARKER 1 2 x 0 " + words)).locators == (Locator(4.0, "x"),)


def test_a_file_larger_than_the_limit_is_refused_unread(tmp_path) -> None:
    path = tmp_path / "huge.RPP"
    with path.open("wb") as file:
        file.truncate(200 * 2**20)
    with pytest.raises(RefusedError) as caught:
        read_reaper_project(path)
    assert (caught.value.code, caught.value.field) == (ErrorCode.LIMIT, "huge.RPP")
    assert refusal(bytes(MAX_BYTES + 1)).code == ErrorCode.LIMIT


def test_more_lines_than_allowed_are_refused(monkeypatch) -> None:
    monkeypatch.setattr(rpp_text, "MAX_LINES", 5)
    assert refusal(song("A 1", "B 2", "C 3")).code == ErrorCode.LIMIT
    assert read_reaper_project(song("A 1", "B 2")).tempo == CONSTANT


def test_a_file_that_is_not_there_is_refused(tmp_path) -> None:
    with pytest.raises(RefusedError) as caught:
        read_reaper_project(tmp_path / "no.RPP")
    assert (caught.value.code, caught.value.field) == (ErrorCode.FILE_MISSING, "no.RPP")


RICH = song(
    tempo_envelope(*REAPERS_OWN_POINTS, "PT 9 120 0", "PT 12 60 1 262147 0 5"),
    'MARKER 1 4 "Verse 1" 1 0 1 R',
    'MARKER 1 8 "" 1',
    "PLAYRATE 1 0 0.25 4",
    track(
        envelope("VOLENV2", "VOLTYPE 0", "PT 0 1 0", "PT 1 0.5 5 0 0 0 -0.5", "PT 2 0 1"),
        chain(effect(envelope("PARMENV 0:_Mix 0 1 0.5", *(f"PT {i} 0.{i} 2" for i in range(9))))),
        block("ITEM", "POSITION 1"),
    ),
)
SNIPPETS = (
    "<",
    ">",
    "\n",
    '"',
    "'",
    "PT",
    " nan ",
    "-",
    "e9",
    "9" * 400,
    "\u0000",
    "TEMPO",
    "<TRACK\n",
)


def mutated(text: str, rng: random.Random) -> str:
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(text) + 1)
        match rng.randrange(4):
            case 0:
                text = text[:at] + text[at + rng.randint(1, 30) :]
            case 1:
                text = text[:at] + rng.choice(SNIPPETS) + text[at:]
            case 2:
                text = text[:at] + text[at : at + rng.randint(1, 90)] + text[at:]
            case _:
                text = text[:at] + chr(rng.randrange(32, 127)) + text[at + 1 :]
    return text


def test_a_mutated_project_is_read_or_refused_and_nothing_else() -> None:
    rng = random.Random(11)
    outcomes: Counter[str] = Counter()
    assert read_reaper_project(RICH).warnings == ("not read: 1 items",)
    for _ in range(1500):
        text = mutated(RICH, rng)
        try:
            project = read_reaper_project(text.encode() if rng.random() < 0.5 else text)
        except RefusedError as error:
            assert error.field and error.message
            outcomes[error.code] += 1
        else:
            assert project.tempo.seconds(1.0) > 0.0
            outcomes["read"] += 1
    for outcome in ("read", "FILE_BROKEN", "BAD_FIELD", "OUT_OF_RANGE", "BAD_ORDER"):
        assert outcomes[outcome] > 5, outcomes


# ---------------------------------------------------------------- writing


@st.composite
def maps(draw: st.DrawFn) -> tuple[TempoMap, MeterMap]:
    eighths = draw(st.sets(st.integers(1, 400), max_size=10))
    starts = [0.0, *(n / 8 for n in sorted(eighths))]
    bpm = st.floats(20.0, 999.0)
    segments = []
    for index, start in enumerate(starts):
        ramps = draw(st.booleans()) and index + 1 < len(starts)
        first = draw(bpm)
        last = draw(bpm) if ramps else first
        law = TempoLaw.LINEAR_TIME if ramps and last != first else TempoLaw.STEP
        segments.append(TempoSegment(start, first, last, law))
    signature = st.tuples(st.integers(1, 16), st.sampled_from([1, 2, 4, 8, 16, 32]))
    places = {
        0: draw(signature),
        **draw(st.dictionaries(st.integers(1, 400), signature, max_size=4)),
    }
    changes = [(Fraction(at, 8), *signature) for at, signature in sorted(places.items())]
    return TempoMap(segments), MeterMap.from_positions(changes)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(maps())
def test_a_map_that_is_written_is_read_back_the_same(song_maps: tuple[TempoMap, MeterMap]) -> None:
    tempo, meter = song_maps
    written = write_reaper_project(Project("test", tempo, meter))
    again = read_reaper_project(written.data)
    assert again.meter == meter
    at = np.linspace(0.0, 60.0, 1001)
    assert np.abs(again.tempo.seconds_array(at) - tempo.seconds_array(at)).max() < 1e-9
    signed = {float(meter.bar_start(change.bar)) for change in meter.changes}
    if signed <= {segment.start_ppq for segment in tempo.segments}:
        assert again.tempo == tempo
    assert again.warnings == written.warnings == ()


def test_ramps_over_beats_are_written_as_short_ramps_over_time() -> None:
    rows = [(0.0, 120.0, 60.0, TempoLaw.LINEAR_BEATS), (8.0, 60.0, 60.0, TempoLaw.STEP)]
    tempo = TempoMap([TempoSegment(*row) for row in rows])
    written = write_reaper_project(Project("test", tempo, FOUR_FOUR))
    again = read_reaper_project(written.data)
    assert again.tempo.seconds(8.0) == pytest.approx(8 * np.log(2), abs=1e-5)
    at = np.linspace(0.0, 12.0, 5001)
    off = np.abs(again.tempo.seconds_array(at) - tempo.seconds_array(at)).max()
    said = float(written.warnings[0].rsplit("more than ")[1].removesuffix(" ms"))
    assert 0.0 < off * 1e3 <= said + 1e-4
    assert {segment.law for segment in again.tempo.segments[:-1]} == {TempoLaw.LINEAR_TIME}


def test_locators_are_written_and_read_back() -> None:
    names = ("Intro", "two words", 'He said "it\'s"', "#1; 'x'", "Über")
    locators = tuple(Locator(float(i), name) for i, name in enumerate(names))
    tempo = TempoMap([TempoSegment(0.0, 77.0, 77.0, TempoLaw.STEP)])
    written = write_reaper_project(Project("test", tempo, FOUR_FOUR, locators=locators))
    assert read_reaper_project(written.data).locators == locators


ALL_SHAPES = [
    Breakpoint(0.0, 0.1, Shape.HOLD), Breakpoint(1.0, 0.9, Shape.LINEAR),
    Breakpoint(2.0, 0.2, Shape.SMOOTH), Breakpoint(3.0, 0.8, Shape.FAST_START),
    Breakpoint(4.0, 0.3, Shape.FAST_END), Breakpoint(5.0, 0.7, Shape.BEZIER, -0.25),
    Breakpoint(6.0, 0.4, Shape.HOLD), Breakpoint(6.0, 0.6, Shape.LINEAR),
]  # fmt: skip


def written_lanes(
    *lanes: ProjectLane, tempo: TempoMap = CONSTANT
) -> tuple[Project, tuple[str, ...]]:
    written = write_reaper_project(Project("test", tempo, FOUR_FOUR, lanes=lanes))
    return read_reaper_project(written.data), written.warnings


def test_every_shape_of_reaper_is_written_and_read_back_the_same() -> None:
    lane = BreakpointLane(ALL_SHAPES, Anchor.SECONDS)
    given = (
        ProjectLane(("Drums", "ReaComp", "Ratio / dry"), lane, 0.0, 2.0),
        ProjectLane(("Drums", "Volume"), lane),
        ProjectLane(("Bass 'n' \"more\"", "EQ", "Gain"), lane, -12.0, 12.0),
    )
    project, warnings = written_lanes(*given)
    assert set(project.lanes) == set(given)
    assert len(warnings) == 1 and "anacrusis/lanes" in warnings[0]


def test_lanes_over_beats_are_written_where_they_are_heard() -> None:
    lane = BreakpointLane(ALL_SHAPES, Anchor.PPQ)
    project, warnings = written_lanes(ProjectLane(("A", "B", "C"), lane, 0.0, 1.0))
    at = np.linspace(-1.0, 5.0, 2001)
    found = project.lanes[0].lane.evaluate(project.tempo, at)
    assert np.abs(found - lane.evaluate(CONSTANT, at)).max() < 1e-9
    assert not any("cut" in warning for warning in warnings)


def test_curves_that_reaper_cannot_draw_are_cut_into_straight_pieces_and_that_is_said() -> None:
    rows = [(0.0, 120.0, 60.0, TempoLaw.LINEAR_TIME), (8.0, 60.0, 60.0, TempoLaw.STEP)]
    tempo = TempoMap([TempoSegment(*row) for row in rows])
    points = [*ALL_SHAPES, Breakpoint(7.0, 0.1, Shape.EXPONENTIAL), Breakpoint(10.0, 0.9)]
    lane = BreakpointLane(points, Anchor.PPQ)
    project, warnings = written_lanes(ProjectLane(("A", "B", "C"), lane, 0.0, 1.0), tempo=tempo)
    at = np.linspace(-1.0, 9.0, 5001)
    found = project.lanes[0].lane.evaluate(project.tempo, at)
    assert np.abs(found - lane.evaluate(tempo, at)).max() < 1e-3
    assert "7 curves that REAPER can't draw are cut into straight pieces" in warnings


def test_paths_of_any_length_and_many_lanes_of_a_device_find_a_place() -> None:
    lane = BreakpointLane([Breakpoint(0.0, 3.0)], Anchor.SECONDS)
    lanes = [ProjectLane(path, lane) for path in (("x",), ("T", "y"), ("T", "a", "b", "z"))]
    lanes += [ProjectLane(("T", "Big", f"p{i}"), lane, 0.0, 9.0) for i in range(150)]
    project, _ = written_lanes(*lanes)
    paths = {found.path for found in project.lanes}
    assert paths == {
        ("Lanes", "Lanes", "x"), ("T", "Lanes", "y"), ("T", "a/b", "z"),
        *(("T", "Big", f"p{i}") for i in range(150)),
    }  # fmt: skip
    ranges = {found.path: (found.minimum, found.maximum) for found in project.lanes}
    assert ranges["Lanes", "Lanes", "x"] == (0.0, 3.0)


def test_a_written_project_is_one_that_pypi_rpp_reads_and_finds_the_same_in() -> None:
    lane = ProjectLane(("Drums", "Re Comp", "Mix"), BreakpointLane(ALL_SHAPES, Anchor.SECONDS))
    tempo = TempoMap([TempoSegment(0.0, 90.0, 90.0, TempoLaw.STEP)])
    project = Project("test", tempo, MeterMap.constant(6, 8), (lane,), (Locator(3.0, "A b"),))
    text = write_reaper_project(project).data.decode()
    root = rpp.loads(text)
    assert root.find("TEMPO") == ["TEMPO", "90", "6", "8"]
    assert root.find("TEMPOENVEX").find("PT") == ["PT", "0", "90", "1", "524294", "0", "1"]
    assert root.find("MARKER") == ["MARKER", "1", "2", "A b", "0", "0", "1"]
    parameter = root.find(".//PARMENV")
    assert parameter.attrib == ["0", "0", "1", "0.5", "Mix / Re Comp"]
    assert parameter.findall("PT")[5] == ["PT", "5", "0.7", "5", "0", "0", "0", "-0.25"]
    effects = root.findall("TRACK/FXCHAIN/JS")
    assert [js.attrib for js in effects] == [["anacrusis/lanes", "Re Comp"]]
    assert len(effects[0].children[0]) == 64


def test_the_same_project_gives_the_same_text_and_notes_are_said_to_be_left_out() -> None:
    note = Note(ppq=0.0, length_ppq=1.0, pitch=60)
    project = Project("test", CONSTANT, FOUR_FOUR, notes=(note,))
    written = write_reaper_project(project)
    assert written == write_reaper_project(project)
    assert written.warnings == ("1 notes are left out",)
