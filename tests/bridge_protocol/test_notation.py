"""What people type is read as DAWs write it, and what can't be read says how to write it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.lanes import Anchor, Breakpoint, BreakpointLane, Shape
from bridge_protocol.meter import MeterMap, SignatureChange
from bridge_protocol.notation import (
    ASSIGNMENT_EXAMPLE,
    BARS_EXAMPLE,
    LANE_EXAMPLE,
    METER_EXAMPLE,
    POSITION_EXAMPLE,
    TEMPO_EXAMPLE,
    Position,
    parse_assignment,
    parse_bar_range,
    parse_lane,
    parse_meter,
    parse_position,
    parse_tempo,
    position_ppq,
)
from bridge_protocol.tempo import TempoLaw, TempoMap, TempoSegment

FOUR = MeterMap.constant(4, 4)
MIX = MeterMap([SignatureChange(0, 4, 4), SignatureChange(4, 7, 8)])

OUT, BAD, NAN, ORDER = (
    ErrorCode.OUT_OF_RANGE,
    ErrorCode.BAD_NOTATION,
    ErrorCode.NOT_FINITE,
    ErrorCode.BAD_ORDER,
)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("5", Position(5, 1, 0)),
        (" 5.3 ", Position(5, 3, 0)),
        ("5.3.50", Position(5, 3, 50)),
        ("5.3.05", Position(5, 3, 5)),
    ],
)
def test_a_position_is_bar_beat_and_hundredths(text: str, position: Position) -> None:
    assert parse_position(text) == position


@pytest.mark.parametrize(
    ("text", "ppq"), [("1", 0.0), ("2.1", 4.0), ("5.3", 17.0), ("5.7.50", 19.25), ("6", 19.5)]
)
def test_positions_count_beats_of_the_bars_own_denominator(text: str, ppq: float) -> None:
    assert position_ppq(parse_position(text), MIX) == ppq


def test_a_meter_is_bars_and_signatures() -> None:
    assert parse_meter("1:4/4, 5:7/8") == MIX


def test_a_tempo_is_steps_and_ramps_of_both_laws() -> None:
    got = parse_tempo("1:120, 5:120>90/time, 9:90 > 60.5/beats,13.3:140", FOUR)
    assert got == TempoMap(
        [
            TempoSegment(0.0, 120.0, 120.0, TempoLaw.STEP),
            TempoSegment(16.0, 120.0, 90.0, TempoLaw.LINEAR_TIME),
            TempoSegment(32.0, 90.0, 60.5, TempoLaw.LINEAR_BEATS),
            TempoSegment(50.0, 140.0, 140.0, TempoLaw.STEP),
        ]
    )


def test_a_lane_is_linear_unless_it_says_hold() -> None:
    points = [
        Breakpoint(0.0, 0.2),
        Breakpoint(18.0, 0.9, Shape.HOLD),
        Breakpoint(32.0, -1e-3),
        Breakpoint(32.0, 4.0),
    ]
    got = parse_lane("1:0.2, 5.3:0.9/hold, 9:-1e-3/linear, 9:4", FOUR)
    assert got == BreakpointLane(points, Anchor.PPQ)


def test_a_lane_takes_every_shape_by_its_name() -> None:
    text = ", ".join(f"{bar}:0.5/{shape}" for bar, shape in enumerate(Shape, start=1))
    assert [point.shape for point in parse_lane(text, FOUR).points] == list(Shape)


@pytest.mark.parametrize(
    ("text", "tension"),
    [("bezier", 0.0), ("bezier(-0.4)", -0.4), (" bezier ( 1 ) ", 1.0), ("bezier(+2.5e-1)", 0.25)],
)
def test_a_bezier_has_its_tension_in_brackets(text: str, tension: float) -> None:
    got = parse_lane(f"1:0.2/{text}, 5:0.9", FOUR).points
    assert got == (Breakpoint(0.0, 0.2, Shape.BEZIER, tension), Breakpoint(16.0, 0.9))


def test_a_bar_range_is_inclusive_on_paper_and_half_open_in_code() -> None:
    assert parse_bar_range("5-8") == (4, 8)
    assert parse_bar_range(" 7 ") == (6, 7)


def test_an_assignment_is_cut_at_its_first_equals_sign() -> None:
    assert parse_assignment(" denoise = 1:0.2, 5:0.9") == ("denoise", "1:0.2, 5:0.9")
    assert parse_assignment("prompt.text=a=b") == ("prompt.text", "a=b")


def tempo(text: str, field: str) -> TempoMap:
    return parse_tempo(text, FOUR, field)


def lane(text: str, field: str) -> BreakpointLane:
    return parse_lane(text, FOUR, field)


def place(text: str, field: str) -> float:
    return position_ppq(parse_position(text, field), FOUR, field)


EXAMPLES = {
    place: POSITION_EXAMPLE,
    parse_meter: METER_EXAMPLE,
    tempo: TEMPO_EXAMPLE,
    lane: LANE_EXAMPLE,
    parse_bar_range: BARS_EXAMPLE,
    parse_assignment: ASSIGNMENT_EXAMPLE,
}


@pytest.mark.parametrize("parse", EXAMPLES, ids=lambda parse: parse.__name__)
def test_every_example_that_an_error_shows_is_itself_correct(
    parse: Callable[[str, str], object],
) -> None:
    example = EXAMPLES[parse].split(" (")[0]
    texts = example.split(" or ") if parse is place else [example.removesuffix(" for one bar")]
    if parse is parse_bar_range:
        texts = texts[0].split(", or ")
    for text in texts:
        parse(text, "field")


@pytest.mark.parametrize(
    ("parse", "text", "code", "says"),
    [
        (place, "0", OUT, "bar 0"),
        (place, "5.0", OUT, "beat 0"),
        (place, "5.5", OUT, "1 to 4"),
        (place, "5.3.5", BAD, "not a position"),
        (place, "-1", BAD, "not a position"),
        (place, "\u0665", BAD, "not a position"),
        (place, "9999999", OUT, "the last one"),
        (parse_meter, "1:4/4, 5:7/9", OUT, "note value"),
        (parse_meter, "1:0/4", OUT, "1 to 64"),
        (parse_meter, "2:4/4", OUT, "first bar"),
        (parse_meter, "0:4/4", OUT, "bar 0"),
        (parse_meter, "1:4/4, 5.2:7/8", BAD, "a bar and a signature"),
        (parse_meter, "1:4/4, 9:3/4, 5:7/8", ORDER, "sort them"),
        (parse_meter, "4/4", BAD, "position:value"),
        (tempo, "1:0", OUT, "20 to 999"),
        (tempo, "1:120>1000/time, 5:90", OUT, "20 to 999"),
        (tempo, "1:nan", NAN, "finite"),
        (tempo, "1:-Infinity", NAN, "finite"),
        (tempo, "1:1e999", NAN, "hold"),
        (tempo, "1:abc", BAD, "'abc'"),
        (tempo, "1:1_000", BAD, "number"),
        (tempo, "1:120, 9:90, 5:100", ORDER, "sort them"),
        (tempo, "1:120, 5:90, 5:100", ORDER, "one each"),
        (tempo, "2:120", OUT, "first"),
        (tempo, "1:120>90, 9:90", BAD, "/time or /beats"),
        (tempo, "1:120>90/step, 9:90", BAD, "/time or /beats"),
        (tempo, "1:120/time, 9:90", BAD, "no ramp"),
        (tempo, "1:120, 9:120>90/time", BAD, "add an entry where the ramp ends"),
        (tempo, "1:120>/time, 9:90", BAD, "number"),
        (tempo, "1:120,", BAD, "position:value"),
        (tempo, "", BAD, "position:value"),
        (tempo, "1:120, 5.5:90", OUT, "1 to 4"),
        (lane, "1:0.2, 5.5:0.9", OUT, "1 to 4"),
        (lane, "1:nan", NAN, "finite"),
        (lane, "1:0.2/wavy", BAD, "/hold, /linear, /smooth"),
        (lane, "1:0.2/", BAD, "/hold, /linear, /smooth"),
        (lane, "1:0.2/Smooth", BAD, "/hold, /linear, /smooth"),
        (lane, "1:0.2/bezier(1.1)", OUT, "-1 to 1"),
        (lane, "1:0.2/bezier(nan)", NAN, "finite"),
        (lane, "1:0.2/bezier()", BAD, "number"),
        (lane, "1:0.2/bezier(0.4", BAD, "/bezier"),
        (lane, "1:0.2/smooth(0.4)", BAD, "end it with /smooth"),
        (lane, "9:0.2, 5:0.9", ORDER, "sort them"),
        (lane, "0:0.2", OUT, "bar 0"),
        (lane, "x:0.2", BAD, "not a position"),
        (parse_bar_range, "8-5", OUT, "ends before it starts"),
        (parse_bar_range, "0-5", OUT, "bar 0"),
        (parse_bar_range, "0", OUT, "bar 0"),
        (parse_bar_range, "5-", BAD, "range of bars"),
        (parse_bar_range, "5.2-8", BAD, "range of bars"),
        (parse_assignment, "denoise", BAD, "equals sign"),
        (parse_assignment, "=1:0.2", BAD, "name"),
        (parse_assignment, "denoise=", BAD, "nothing after"),
    ],
)
def test_bad_notation_is_refused_with_the_callers_field_a_reason_and_an_example(
    parse: Callable[[str, str], object], text: str, code: ErrorCode, says: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        parse(text, "--option")
    error = refused.value
    assert (error.code, error.field) == (code, "--option")
    assert says in error.message
    assert "for example " in error.message


def test_a_field_that_is_called_as_one_of_ours_gets_its_example_too() -> None:
    with pytest.raises(RefusedError, match="for example 1:120") as refused:
        parse_tempo("1:5", FOUR, "bpm")
    assert refused.value.field == "bpm"


def test_each_reader_names_its_own_field_unless_told() -> None:
    with pytest.raises(RefusedError) as refused:
        parse_bar_range("8-5")
    assert refused.value.field == "bars"


@given(
    st.sampled_from(list(EXAMPLES)), st.text("0123456789.:,/>-=einftmholdbzrsxpa_() ", max_size=30)
)
def test_any_text_is_either_read_or_refused(parse: Callable[[str, str], object], text: str) -> None:
    try:
        parse(text, "field")
    except RefusedError as error:
        assert error.field == "field"
        assert "for example " in error.message


@given(st.integers(1, 1_000_000), st.integers(1, 4), st.integers(0, 99))
def test_any_position_that_is_written_is_read_back(bar: int, beat: int, hundredths: int) -> None:
    text = f"{bar}.{beat}.{hundredths:02}"
    assert parse_position(text) == Position(bar, beat, hundredths)
