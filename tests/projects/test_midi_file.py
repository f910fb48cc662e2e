import io
import random
from collections import Counter
from fractions import Fraction
from itertools import pairwise

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.lanes import Anchor, Breakpoint, BreakpointLane, Shape
from bridge_protocol.meter import MeterMap, SignatureChange
from bridge_protocol.schema import Note
from bridge_protocol.tempo import TempoLaw, TempoMap, TempoSegment
from daw_clients.projects import smf
from daw_clients.projects.midi_export import write_midi
from daw_clients.projects.midi_file import MAX_BYTES, read_midi
from daw_clients.projects.project import Locator, Project, ProjectLane
from daw_clients.projects.tempo_steps import MAX_RAMP_ERROR_SECONDS, division_for

CONSTANT = TempoMap.constant(120.0)
FOUR_FOUR = MeterMap.constant(4, 4)


def file_bytes(file: mido.MidiFile) -> bytes:
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def one_track(*messages: mido.Message | mido.MetaMessage, division: int = 480) -> bytes:
    """A file of format 0 with these messages, whose times are ticks since the one before."""
    track = mido.MidiTrack(messages)
    return file_bytes(
        mido.MidiFile(type=0, ticks_per_beat=division, tracks=[track], charset="utf-8")
    )


def raw_file(*tracks: bytes, kind: int = 1, division: int = 480, count: int | None = None) -> bytes:
    number = len(tracks) if count is None else count
    header = b"".join(n.to_bytes(2, "big") for n in (kind, number, division))
    chunks = [b"MTrk" + len(t).to_bytes(4, "big") + t for t in tracks]
    return b"MThd" + (6).to_bytes(4, "big") + header + b"".join(chunks)


END = b"\x00\xff\x2f\x00"


def on(pitch: int, time: int = 0, velocity: int = 64, channel: int = 0) -> mido.Message:
    return mido.Message("note_on", note=pitch, velocity=velocity, channel=channel, time=time)


def off(pitch: int, time: int = 0, channel: int = 0) -> mido.Message:
    return mido.Message("note_off", note=pitch, channel=channel, time=time)


def tempo_event(microseconds: int, time: int = 0) -> mido.MetaMessage:
    return mido.MetaMessage("set_tempo", tempo=microseconds, time=time)


def signature_event(numerator: int, denominator: int, time: int = 0) -> mido.MetaMessage:
    return mido.MetaMessage(
        "time_signature", numerator=numerator, denominator=denominator, time=time
    )


def refusal(data: bytes) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        read_midi(data, "song.mid")
    return caught.value


def spans(project: Project) -> list[tuple[float, float, int]]:
    return [(note.ppq, note.ppq + note.length_ppq, note.pitch) for note in project.notes]


# ---------------------------------------------------------------- time


def random_tempo_file(rng: random.Random) -> tuple[mido.MidiFile, list[tuple[int, int]]]:
    """Tempi in both tracks of a file, and all of them as (tick, microseconds)."""
    division = rng.choice([24, 96, 480, 960, 15_360])
    told: list[tuple[int, int]] = []
    tracks = []
    for _ in range(2):
        track, now = mido.MidiTrack(), 0
        for _ in range(rng.randint(1, 40)):
            delta = rng.randint(1, 8 * division)
            now += delta
            microseconds = rng.randint(60_061, 3_000_000)
            told.append((now, microseconds))
            track.append(tempo_event(microseconds, delta))
        track.append(mido.MetaMessage("end_of_track", time=rng.randint(0, division)))
        tracks.append(track)
    told.sort(key=lambda item: item[0])
    return mido.MidiFile(type=1, ticks_per_beat=division, tracks=tracks), told


def exact_seconds(tick: int, told: list[tuple[int, int]], division: int) -> Fraction:
    """The time of a tick in exact arithmetic, straight from the format's definition."""
    steps = [(0, 500_000), *told, (tick, 0)]
    total = Fraction(0)
    for (start, microseconds), (end, _) in pairwise(steps):
        total += Fraction(max(min(end, tick) - start, 0) * microseconds, division * 1_000_000)
    return total


@pytest.mark.parametrize("seed", range(12))
def test_every_tick_is_where_exact_arithmetic_and_mido_have_it(seed: int) -> None:
    rng = random.Random(seed)
    file, told = random_tempo_file(rng)
    division = file.ticks_per_beat
    tempo = read_midi(file_bytes(file)).tempo
    last = max(sum(message.time for message in track) for track in file.tracks)
    ticks = [0, 1, last, last + division, *(rng.randint(0, last) for _ in range(50))]
    for tick in ticks:
        exact = float(exact_seconds(tick, told, division))
        assert tempo.seconds(tick / division) == pytest.approx(exact, abs=1e-9, rel=1e-14)
    assert tempo.seconds(last / division) == pytest.approx(file.length, abs=1e-9)


def test_a_steady_tempo_is_what_mido_makes_of_the_ticks() -> None:
    tempo = read_midi(one_track(tempo_event(451_128), on(60), off(60, 960), division=96)).tempo
    for tick in (1, 95, 96, 12_345):
        seconds = mido.tick2second(tick, 96, 451_128)
        assert tempo.seconds(tick / 96) == pytest.approx(seconds, rel=1e-15)


def test_the_integer_microseconds_are_kept() -> None:
    (segment,) = read_midi(one_track(tempo_event(mido.bpm2tempo(133)))).tempo.segments
    assert segment == TempoSegment(0.0, 60e6 / 451_128, 60e6 / 451_128, TempoLaw.STEP)
    assert round(60e6 / segment.bpm_start) == 451_128


def test_a_file_that_says_nothing_is_at_120_in_four_four() -> None:
    project = read_midi(raw_file(END))
    assert (project.tempo, project.meter) == (CONSTANT, FOUR_FOUR)
    assert project.notes == project.lanes == project.locators == project.warnings == ()


def test_what_comes_before_the_first_tempo_and_signature_is_the_default() -> None:
    project = read_midi(one_track(tempo_event(1_000_000, 480), signature_event(3, 4, 1440)))
    assert [s.bpm_start for s in project.tempo.segments] == [120.0, 60.0]
    assert project.tempo.segments[1].start_ppq == 1.0
    assert project.meter.changes == (SignatureChange(0, 4, 4), SignatureChange(1, 3, 4))


def test_of_two_tempi_at_one_tick_the_later_in_the_file_holds() -> None:
    first = mido.MidiTrack([tempo_event(400_000), tempo_event(600_000)])
    second = mido.MidiTrack([tempo_event(750_000)])
    assert read_midi(file_bytes(mido.MidiFile(type=1, tracks=[first]))).tempo.bpm(0.0) == 100.0
    both = file_bytes(mido.MidiFile(type=1, tracks=[first, second]))
    assert read_midi(both).tempo.bpm(0.0) == 80.0


def test_a_signature_within_a_bar_cuts_that_bar_short() -> None:
    data = one_track(
        signature_event(4, 4), signature_event(7, 8, 6 * 480), signature_event(3, 4, 7 * 480)
    )
    meter = read_midi(data).meter
    starts = [meter.bar_start(bar) for bar in range(6)]
    assert starts == [0, 4, 6, Fraction(19, 2), 13, 16]
    assert meter.bar_length(1) == 2


def test_time_before_a_meta_event_that_nobody_knows_is_not_lost() -> None:
    track = b"\x60\xff\x08\x04Lead" + b"\x60\x90\x3c\x40" + b"\x60\x80\x3c\x40" + END
    assert spans(read_midi(raw_file(track, kind=0, division=96))) == [(2.0, 3.0, 60)]


# ---------------------------------------------------------------- notes


def test_notes_have_position_length_pitch_velocity_and_channel() -> None:
    data = one_track(
        on(60, 240, 101), on(36, 0, 7, channel=9), off(60, 480), off(36, 240, channel=9)
    )
    assert read_midi(data).notes == (
        Note(ppq=0.5, length_ppq=1.0, pitch=60, velocity=101, channel=1),
        Note(ppq=0.5, length_ppq=1.5, pitch=36, velocity=7, channel=10),
    )


def test_a_note_on_without_velocity_ends_the_note() -> None:
    assert spans(read_midi(one_track(on(60), on(60, 480, velocity=0)))) == [(0.0, 1.0, 60)]


def test_overlapping_notes_of_one_pitch_end_in_the_order_they_began() -> None:
    data = one_track(on(60), on(60, 480), off(60, 480), off(60, 480))
    assert spans(read_midi(data)) == [(0.0, 2.0, 60), (1.0, 3.0, 60)]


def test_notes_of_two_tracks_do_not_end_each_other() -> None:
    long = mido.MidiTrack([on(60), off(60, 1920)])
    short = mido.MidiTrack([on(60, 480), off(60, 480)])
    both = file_bytes(mido.MidiFile(type=1, tracks=[long, short]))
    assert spans(read_midi(both)) == [(0.0, 4.0, 60), (1.0, 2.0, 60)]


def test_a_note_without_an_end_ends_with_its_track_and_is_reported() -> None:
    project = read_midi(one_track(on(60), mido.MetaMessage("end_of_track", time=960)))
    assert spans(project) == [(0.0, 2.0, 60)]
    assert project.warnings == ("1 notes have no end in the file; they end with their track",)


def test_all_notes_off_ends_the_notes_of_its_channel_only() -> None:
    silence = mido.Message("control_change", control=123, value=0, time=480)
    data = one_track(on(60), on(62), on(60, channel=1), silence, off(60, 480, channel=1))
    assert spans(read_midi(data)) == [(0.0, 1.0, 60), (0.0, 1.0, 62), (0.0, 2.0, 60)]
    assert read_midi(data).lanes == ()


def test_a_note_that_ends_where_it_begins_lasts_a_tick_and_is_reported() -> None:
    project = read_midi(one_track(on(60), off(60)))
    assert spans(project) == [(0.0, 1 / 480, 60)]
    assert project.warnings == ("1 notes end where they begin; they last one tick",)


def test_a_note_longer_than_notes_can_be_is_cut_and_reported() -> None:
    project = read_midi(raw_file(b"\x00\x90\x3c\x40\x8c\x9a\x40\x3c\x00" + END, division=1))
    assert spans(project) == [(0.0, 100_000.0, 60)]  # of 200,000
    assert "1 notes are longer than 100000 quarter notes" in project.warnings[0]


def test_a_note_off_for_no_note_changes_nothing() -> None:
    assert spans(read_midi(one_track(off(60), on(60, 480), off(60, 480), off(60)))) == [(1, 2, 60)]


def test_more_notes_than_one_message_holds_are_kept_and_reported() -> None:
    count = 65_537
    pairs = b"\x00\x90\x3c\x40\x01\x3c\x00" + b"\x00\x3c\x40\x01\x3c\x00" * (count - 1)
    project = read_midi(raw_file(pairs + END, kind=0))
    assert len(project.notes) == count
    assert project.notes[-1].ppq == (count - 1) / 480
    assert "65537 notes are more than the 65536 of one message" in project.warnings[0]


# ---------------------------------------------------------------- lanes, locators, names


def test_controllers_bend_and_aftertouch_are_lanes_that_hold_their_values() -> None:
    def controller(value: int, time: int = 0) -> mido.Message:
        return mido.Message("control_change", channel=2, control=1, value=value, time=time)

    data = one_track(
        mido.MetaMessage("track_name", name="Pad"),
        controller(5),
        controller(90, 480),
        controller(90, 480),
        mido.Message("pitchwheel", channel=2, pitch=-8192, time=240),
        mido.Message("aftertouch", channel=0, value=127),
    )
    lanes = {lane.path: lane for lane in read_midi(data).lanes}
    wheel = lanes["Pad", "channel 3", "CC 1"]
    points = [Breakpoint(0.0, 5.0, Shape.HOLD), Breakpoint(1.0, 90.0, Shape.HOLD)]
    assert wheel.lane == BreakpointLane(points, Anchor.PPQ)
    assert (wheel.minimum, wheel.maximum, wheel.name) == (0.0, 127.0, "Pad/channel 3/CC 1")
    bend = lanes["Pad", "channel 3", "pitch bend"]
    assert bend.lane.points == (Breakpoint(2.5, -8192.0, Shape.HOLD),)
    assert (bend.minimum, bend.maximum) == (-8192.0, 8191.0)
    assert lanes["Pad", "channel 1", "aftertouch"].lane.points[0].value == 127.0
    assert len(lanes) == 3


def test_of_two_values_at_one_tick_the_later_holds() -> None:
    messages = [mido.Message("control_change", control=7, value=value) for value in (10, 20, 30)]
    (lane,) = read_midi(one_track(*messages)).lanes
    assert lane.lane.points == (Breakpoint(0.0, 30.0, Shape.HOLD),)


def test_a_lane_with_too_many_values_is_left_out_and_reported() -> None:
    values = b"".join(b"\x01\x07" + bytes([i % 2]) for i in range(65_537))
    project = read_midi(raw_file(b"\x00\xb0\x07\x05" + values + END, kind=0))
    assert project.lanes == ()
    assert project.warnings[0].startswith("track 1/channel 1/CC 7 is left out: 65538 values")


def test_markers_and_cue_points_are_locators() -> None:
    data = one_track(
        mido.MetaMessage("marker", text="Intro"),
        mido.MetaMessage("cue_marker", text="Überfahrt", time=720),
    )
    assert read_midi(data).locators == (Locator(0.0, "Intro"), Locator(1.5, "Überfahrt"))


def test_a_name_that_is_not_utf8_is_latin_1() -> None:
    track = b"\x00\xff\x06\x04\xdcber" + END
    assert read_midi(raw_file(track, kind=0)).locators == (Locator(0.0, "Über"),)


def test_what_is_not_read_is_counted() -> None:
    data = one_track(
        mido.Message("program_change", program=3),
        mido.Message("program_change", program=4),
        mido.Message("sysex", data=(1, 2, 3)),
        mido.MetaMessage("lyrics", text="la"),
        mido.Message("polytouch", note=60, value=1),
    )
    (warning,) = read_midi(data).warnings
    told = "1 key pressures, 1 lyrics, 2 program changes, 1 system exclusive messages"
    assert warning == f"not read: {told}"


# ---------------------------------------------------------------- what is no song


def test_of_format_2_the_first_song_is_read_and_the_others_reported() -> None:
    tracks = [mido.MidiTrack([on(pitch), off(pitch, 480)]) for pitch in (60, 61)]
    project = read_midi(file_bytes(mido.MidiFile(type=2, tracks=tracks)))
    assert spans(project) == [(0.0, 1.0, 60)]
    assert project.format == "standard MIDI file, format 2"
    assert "holds 2 songs" in project.warnings[0]


def test_smpte_time_is_refused() -> None:
    error = refusal(raw_file(END, division=0xE728))  # 25 frames a second, 40 ticks a frame
    assert (error.code, error.field) == (ErrorCode.BAD_FIELD, "division")


@pytest.mark.parametrize(
    ("microseconds", "accepted"),
    [
        (0, False),
        (1, False),
        (60_060, False),
        (60_061, True),
        (3_000_000, True),
        (3_000_001, False),
    ],
)
def test_a_tempo_beyond_20_to_999_is_refused_by_its_number(
    microseconds: int, accepted: bool
) -> None:
    tempi = [tempo_event(500_000 + i, 480) for i in range(3)]
    data = one_track(*tempi, tempo_event(microseconds, 480))
    if accepted:
        assert read_midi(data).tempo.bpm(4.0) == 60e6 / microseconds
    else:
        error = refusal(data)
        assert (error.code, error.field) == (ErrorCode.OUT_OF_RANGE, "tempo[3]")


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (b"\x00\x02", "signature[1].numerator"),
        (b"\x41\x02", "signature[1].numerator"),
        (b"\x04\x06", "signature[1].denominator"),
        (b"\x04\xff", "signature[1].denominator"),
    ],
)
def test_a_signature_that_no_song_has_is_refused_by_its_number(payload: bytes, field: str) -> None:
    good = b"\x00\xff\x58\x04\x04\x02\x18\x08"
    error = refusal(raw_file(good + b"\x60\xff\x58\x04" + payload + b"\x18\x08" + END))
    assert (error.code, error.field) == (ErrorCode.OUT_OF_RANGE, field)


def test_a_signature_in_too_late_a_bar_is_refused() -> None:
    tiny = b"\xff\x58\x04\x01\x05\x18\x08"
    late = b"\x9e\xc2\x20" + tiny  # 500,000 ticks, one a quarter note
    error = refusal(raw_file(b"\x00" + tiny + late + END, division=1))
    assert (error.code, error.field) == (ErrorCode.OUT_OF_RANGE, "signature")


@pytest.mark.parametrize(
    ("event", "field"),
    [(b"\x01\xff\x51\x03\x07\xa1\x20", "tempo"), (b"\x01\xff\x58\x02\x04\x02", "signature")],
)
def test_more_changes_than_a_map_holds_are_refused(event: bytes, field: str) -> None:
    error = refusal(raw_file(event * 65_537 + END, division=1))
    assert (error.code, error.field) == (ErrorCode.LIMIT, field)


def test_a_song_longer_than_a_map_is_refused_by_its_track() -> None:
    far = b"\xff\xff\xff\x7f\xff\x01\x00" * 5
    error = refusal(raw_file(END, far + END))
    assert (error.code, error.field) == (ErrorCode.OUT_OF_RANGE, "tracks[1]")


GOOD_TRACK = b"\x00\x90\x3c\x40\x60\x80\x3c\x40" + END
GOOD = raw_file(GOOD_TRACK, GOOD_TRACK)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF" + GOOD,
        GOOD[:10],
        GOOD[:-1],
        raw_file(GOOD_TRACK, count=2),
        raw_file(GOOD_TRACK, GOOD_TRACK, count=1),
        raw_file(GOOD_TRACK, count=0),
        raw_file(GOOD_TRACK, kind=3),
        raw_file(GOOD_TRACK, division=0),
        raw_file(b"\x00\x3c\x40"),
        raw_file(b"\x00\x90\x3c\x90" + END),
        raw_file(b"\x00\xf4" + END),
        raw_file(b"\x00\xff\x51\x02\x07\xa1" + END),
        raw_file(b"\x00\xff\x58\x01\x04" + END),
        raw_file(b"\x00\xff\x01\x7fshort" + END),
        raw_file(b"\x81\x81\x81\x81\x00\x90\x3c\x40" + END),
        raw_file(b"\x00\x90\x3c"),
        b"MThd\x00\x00\x00\x02\x00\x01" + GOOD[14:],
        GOOD.replace(b"MTrk\x00", b"MTrk\x7f"),
    ],
    ids=range(19),
)
def test_a_broken_file_is_refused_by_its_name(data: bytes) -> None:
    error = refusal(data)
    assert (error.code, error.field) == (ErrorCode.FILE_BROKEN, "song.mid")


def test_chunks_of_other_kinds_and_a_longer_header_are_passed_over() -> None:
    alien = b"XFIH" + (3).to_bytes(4, "big") + b"abc"
    longer = GOOD.replace(b"MThd\x00\x00\x00\x06", b"MThd\x00\x00\x00\x08", 1)
    data = longer[:14] + b"??" + alien + longer[14:]
    assert spans(read_midi(data)) == [(0.0, 0.2, 60), (0.0, 0.2, 60)]


def test_bytes_behind_the_tracks_are_reported() -> None:
    assert read_midi(GOOD + b"\0\0\0").warnings == ("3 bytes behind the tracks' ends are not read",)


def test_running_status_lives_on_through_a_meta_event_as_mido_has_it() -> None:
    track = b"\x00\x90\x3c\x40" + b"\x00\xff\x01\x01x" + b"\x60\x3c\x00" + END
    data = raw_file(track, kind=0)
    heard = [m for m in mido.MidiFile(file=io.BytesIO(data)).tracks[0] if m.type == "note_on"]
    assert [m.velocity for m in heard] == [64, 0]
    assert spans(read_midi(data)) == [(0.0, 0.2, 60)]


def test_a_number_of_endless_length_is_refused_at_once() -> None:
    assert refusal(raw_file(b"\xff" * 10_000_000)).code == ErrorCode.FILE_BROKEN


def test_a_file_is_what_its_bytes_are(tmp_path) -> None:
    path = tmp_path / "song.mid"
    path.write_bytes(GOOD)
    assert read_midi(path) == read_midi(GOOD)


def test_a_file_larger_than_the_limit_is_refused_unread(tmp_path) -> None:
    path = tmp_path / "huge.mid"
    with path.open("wb") as file:
        file.truncate(200 * 2**20)
    with pytest.raises(RefusedError) as caught:
        read_midi(path)
    assert (caught.value.code, caught.value.field) == (ErrorCode.LIMIT, "huge.mid")
    assert refusal(bytes(MAX_BYTES + 1)).code == ErrorCode.LIMIT


def test_a_file_that_is_not_there_or_no_file_is_refused(tmp_path) -> None:
    for path, code in ((tmp_path / "no.mid", "FILE_MISSING"), (tmp_path, "FILE_BROKEN")):
        with pytest.raises(RefusedError) as caught:
            read_midi(path, "song.mid")
        assert (caught.value.code, caught.value.field) == (code, "song.mid")


def test_the_events_of_all_tracks_together_are_limited(monkeypatch) -> None:
    monkeypatch.setattr(smf, "MAX_EVENTS", 4)
    assert len(read_midi(GOOD).notes) == 2
    monkeypatch.setattr(smf, "MAX_EVENTS", 3)
    assert refusal(GOOD).code == ErrorCode.LIMIT


def mutated(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(out))
        match rng.randrange(4):
            case 0:
                out[at] = rng.randrange(256)
            case 1:
                del out[at : at + rng.randint(1, 20)]
            case 2:
                out[at:at] = rng.randbytes(rng.randint(1, 20))
            case _:
                out[at:at] = out[at : at + rng.randint(1, 60)]
        if not out:
            return bytes(out)
    return bytes(out)


def fuzzed_file(rng: random.Random) -> bytes:
    """A file of which one track, or anything at all, is spoilt."""
    file, _ = random_tempo_file(rng)
    file.tracks.append(
        mido.MidiTrack(
            [
                signature_event(7, 8),
                mido.MetaMessage("marker", text="A"),
                *(on(rng.randrange(128), rng.randrange(500)) for _ in range(20)),
                *(mido.Message("control_change", control=i, value=i) for i in range(20)),
            ]
        )
    )
    whole = file_bytes(file)
    if rng.random() < 0.3:
        return mutated(whole, rng)
    first, *others = whole.split(b"MTrk")
    bodies = [chunk[4:] for chunk in others]
    spoilt = rng.randrange(len(bodies))
    bodies[spoilt] = mutated(bodies[spoilt], rng)
    return raw_file(*bodies, division=int.from_bytes(first[-2:], "big"))


def test_a_mutated_file_is_read_or_refused_and_nothing_else() -> None:
    rng = random.Random(20)
    outcomes: Counter[str] = Counter()
    for _ in range(1000):
        try:
            project = read_midi(fuzzed_file(rng), "song.mid")
        except RefusedError as error:
            assert error.field and error.message
            outcomes[error.code] += 1
        else:
            assert project.tempo.seconds(1.0) > 0.0
            outcomes["read"] += 1
    assert outcomes["read"] > 50
    assert outcomes[ErrorCode.FILE_BROKEN] > 50
    assert outcomes[ErrorCode.OUT_OF_RANGE] > 10


# ---------------------------------------------------------------- writing


@st.composite
def projects(draw: st.DrawFn) -> Project:
    division = draw(st.sampled_from([24, 96, 100, 480, 1024, 5040]))
    ticks = st.integers(0, 40 * division)
    note = st.builds(
        lambda start, ticks, pitch, velocity, channel: Note(
            ppq=start / division,
            length_ppq=ticks / division,
            pitch=pitch,
            velocity=velocity,
            channel=channel,
        ),
        ticks,
        st.integers(1, 8 * division),
        st.integers(60, 63),
        st.integers(1, 127),
        st.integers(9, 10),
    )
    notes = draw(st.lists(note, max_size=30))
    tempi = draw(st.dictionaries(ticks, st.integers(60_061, 3_000_000), max_size=8)) | {0: 500_000}
    signature = st.tuples(st.integers(1, 64), st.sampled_from([1, 2, 4, 8, 16, 32]))
    signatures = draw(st.dictionaries(ticks, signature, max_size=5)) | {0: (4, 4)}
    names = draw(st.lists(st.tuples(ticks, st.text(st.characters(codec="utf-8"))), max_size=4))
    return Project(
        "test",
        TempoMap(
            [
                TempoSegment(tick / division, 60e6 / us, 60e6 / us, TempoLaw.STEP)
                for tick, us in sorted(tempi.items())
            ]
        ),
        MeterMap.from_positions(
            [(Fraction(tick, division), *sig) for tick, sig in sorted(signatures.items())]
        ),
        locators=tuple(
            Locator(tick / division, name) for tick, name in sorted(names, key=lambda n: n[0])
        ),
        notes=tuple(sorted(notes, key=lambda n: (n.ppq, n.channel, n.pitch, n.length_ppq))),
    )


@settings(max_examples=80, deadline=None, derandomize=True)
@given(projects())
def test_what_is_written_is_read_back_the_same_and_mido_reads_it_too(project: Project) -> None:
    written = write_midi(project)
    again = read_midi(written.data)
    assert (again.tempo, again.meter) == (project.tempo, project.meter)
    assert again.locators == project.locators
    key = repr
    assert sorted(again.notes, key=key) == sorted(project.notes, key=key)
    assert again.warnings == written.warnings == ()
    heard = mido.MidiFile(file=io.BytesIO(written.data))
    assert sum(message.type == "note_on" for message in heard) == len(project.notes)


def test_lanes_of_a_midi_file_are_written_back() -> None:
    data = one_track(
        mido.MetaMessage("track_name", name="Pad"),
        mido.Message("control_change", channel=15, control=74, value=3),
        mido.Message("control_change", channel=15, control=74, value=99, time=7),
        mido.Message("pitchwheel", pitch=8191, time=3),
        mido.Message("aftertouch", value=1),
    )
    project = read_midi(data)
    assert len(project.lanes) == 3
    assert set(read_midi(write_midi(project).data).lanes) == set(project.lanes)


LINEAR_LANE = BreakpointLane([Breakpoint(0.0, 0.0), Breakpoint(4.0, 1.0)], Anchor.PPQ)
HELD_LANE = BreakpointLane([Breakpoint(0.0, 5.0, Shape.HOLD)], Anchor.SECONDS)
OUTSIDE_LANE = BreakpointLane([Breakpoint(0.0, 128.0, Shape.HOLD)], Anchor.PPQ)
BETWEEN_LANE = BreakpointLane([Breakpoint(0.0, 0.5, Shape.HOLD)], Anchor.PPQ)


@pytest.mark.parametrize(
    ("path", "lane"),
    [
        (("A", "channel 1", "CC 1"), LINEAR_LANE),
        (("A", "channel 1", "CC 1"), HELD_LANE),
        (("A", "channel 1", "CC 1"), OUTSIDE_LANE),
        (("A", "channel 1", "CC 1"), BETWEEN_LANE),
        (("A", "channel 17", "CC 1"), BETWEEN_LANE),
        (("A", "ReaComp", "Threshold"), BETWEEN_LANE),
        (("CC 1",), BETWEEN_LANE),
    ],
    ids=range(7),
)
def test_a_lane_that_midi_does_not_have_is_left_out_and_reported(path, lane) -> None:
    project = Project("test", CONSTANT, FOUR_FOUR, lanes=(ProjectLane(path, lane),))
    written = write_midi(project)
    assert read_midi(written.data).lanes == ()
    name = "/".join(path)
    assert written.warnings == (f"the lane {name} is left out: a MIDI file has none of its kind",)


RAMPS = [
    [(0.0, 120.0, 60.0, TempoLaw.LINEAR_TIME), (8.0, 60.0, 60.0, TempoLaw.STEP)],
    [(0.0, 120.0, 60.0, TempoLaw.LINEAR_BEATS), (8.0, 60.0, 60.0, TempoLaw.STEP)],
    [(0.0, 20.0, 999.0, TempoLaw.LINEAR_BEATS), (1.0, 999.0, 20.0, TempoLaw.LINEAR_TIME),
     (2.0, 133.0, 133.0, TempoLaw.STEP)],
    [(0.0, 90.0, 90.0, TempoLaw.LINEAR_BEATS), (0.3, 90.0, 200.0, TempoLaw.LINEAR_BEATS),
     (1003.7, 77.7, 77.7, TempoLaw.STEP)],
]  # fmt: skip


@pytest.mark.parametrize("rows", RAMPS, ids=range(len(RAMPS)))
def test_ramps_become_steps_that_are_off_by_no_more_than_is_said(rows) -> None:
    tempo = TempoMap([TempoSegment(*row) for row in rows])
    end = rows[-1][0]
    project = Project("test", tempo, FOUR_FOUR, locators=(Locator(end, "end"),))
    written = write_midi(project)
    steps = read_midi(written.data).tempo
    at = np.linspace(0.0, end, 20_001)
    off = np.abs(steps.seconds_array(at) - tempo.seconds_array(at))
    assert 0.0 < off.max() < 1e-3
    (warning,) = written.warnings
    said = float(warning.rsplit("more than ")[1].removesuffix(" ms"))
    assert off.max() * 1e3 <= said + 0.02
    bars = np.arange(0.0, end, 4.0)
    assert np.abs(steps.seconds_array(bars) - tempo.seconds_array(bars)).max() < 1e-3


def test_a_gentle_ramp_is_written_in_sixteenths_and_ends_on_time() -> None:
    rows = RAMPS[0]
    tempo = TempoMap([TempoSegment(*row) for row in rows])
    steps = read_midi(write_midi(Project("test", tempo, FOUR_FOUR)).data).tempo
    widths = np.diff([segment.start_ppq for segment in steps.segments])
    assert set(widths) <= {0.25, 0.125}
    assert steps.seconds(8.0) == pytest.approx(16 / 3, abs=1e-6)
    assert MAX_RAMP_ERROR_SECONDS < 1e-3


def test_a_ramp_with_more_steps_than_a_map_holds_is_refused() -> None:
    rows = [(0.0, 60.0, 61.0, TempoLaw.LINEAR_TIME), (900_000.0, 61.0, 61.0, TempoLaw.STEP)]
    tempo = TempoMap([TempoSegment(*row) for row in rows])
    with pytest.raises(RefusedError) as caught:
        write_midi(Project("test", tempo, FOUR_FOUR))
    assert (caught.value.code, caught.value.field) == (ErrorCode.LIMIT, "tempo")


def test_every_tempo_of_a_map_is_read_back_within_a_microsecond_a_quarter() -> None:
    for bpm in (20.0, 133.0, 998.9999, 999.0):
        (segment,) = read_midi(
            write_midi(Project("test", TempoMap.constant(bpm), FOUR_FOUR)).data
        ).tempo.segments
        assert abs(60e6 / segment.bpm_start - 60e6 / bpm) <= 1.0


def test_a_rounded_tempo_is_reported_where_it_is_heard() -> None:
    far = Project("test", TempoMap.constant(133.0), FOUR_FOUR, locators=(Locator(8000.0, "end"),))
    (warning,) = write_midi(far).warnings
    exact_ms = 8000 * abs(451_128e-6 - 60 / 133) * 1e3
    assert f"more than {exact_ms:.3f} ms" in warning
    assert write_midi(Project("test", TempoMap.constant(133.0), FOUR_FOUR)).warnings == ()


def test_positions_off_every_grid_are_rounded_and_reported() -> None:
    rng = random.Random(3)
    notes = [Note(ppq=rng.uniform(0, 50), length_ppq=1.0, pitch=60) for _ in range(20)]
    written = write_midi(Project("test", CONSTANT, FOUR_FOUR, notes=tuple(notes)))
    assert written.warnings == ("positions are rounded to 1/15360 of a quarter note",)
    starts = sorted(note.ppq for note in notes)
    again = [note.ppq for note in read_midi(written.data).notes]
    assert again == pytest.approx(starts, abs=1 / 30_720 + 1e-9)


def test_what_lies_before_the_song_is_left_out_and_reported() -> None:
    note = Note(ppq=-1.0, length_ppq=1.0, pitch=60)
    project = Project("test", CONSTANT, FOUR_FOUR, locators=(Locator(-4.0, "x"),), notes=(note,))
    written = write_midi(project)
    again = read_midi(written.data)
    assert again.notes == again.locators == ()
    assert written.warnings == (
        "1 locators before the song's start are left out",
        "1 notes before the song's start are left out",
    )


def test_two_events_further_apart_than_the_format_allows_are_refused() -> None:
    far = Project("test", CONSTANT, FOUR_FOUR, locators=(Locator(900_000.0, "end"),))
    with pytest.raises(RefusedError) as caught:
        write_midi(far)
    assert (caught.value.code, caught.value.field) == (ErrorCode.LIMIT, "song")


@pytest.mark.parametrize(
    ("positions", "division"),
    [
        ([0.0], 960),
        ([1 / 480], 960),
        ([1 / 384], 1152),
        ([1 / 3, 1 / 7], 966),
        ([17 / 10_080], 10_080),
    ],
)
def test_the_division_holds_every_position(positions: list[float], division: int) -> None:
    assert division_for(np.array(positions)) == (division, True)
