import random
import tracemalloc
import wave
import zipfile
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from lxml import etree

from bridge_protocol.bars import BarGrid
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.lanes import Anchor, Breakpoint, BreakpointLane, Shape
from bridge_protocol.meter import MeterMap
from bridge_protocol.schema import Note
from bridge_protocol.tempo import TempoLaw, TempoMap, TempoSegment
from daw_clients.projects.dawproject_audio import AudioClip, Stem, clips_of_bars
from daw_clients.projects.dawproject_curves import CURVE_SHARE, RAMP_SECONDS
from daw_clients.projects.dawproject_read import read_dawproject
from daw_clients.projects.dawproject_write import write_dawproject
from daw_clients.projects.project import Locator, Project, ProjectLane

DATA = Path(__file__).parent.parent / "data" / "projects"
SCHEMAS = {
    "project.xml": etree.XMLSchema(file=str(DATA / "Project.xsd")),
    "metadata.xml": etree.XMLSchema(file=str(DATA / "MetaData.xsd")),
}
RATE = 48_000
BEATS, SECONDS, STEP = TempoLaw.LINEAR_BEATS, TempoLaw.LINEAR_TIME, TempoLaw.STEP


def tempo_of(*segments: tuple[float, float, float, TempoLaw]) -> TempoMap:
    return TempoMap([TempoSegment(*segment) for segment in segments])


RAMPS = tempo_of(
    (0.0, 120.0, 120.0, STEP),
    (8.0, 120.0, 90.5, BEATS),
    (16.0, 90.5, 133.3, BEATS),
    (20.0, 60.0, 60.0, STEP),
    (33.25, 61.0, 140.0, BEATS),
    (40.0, 140.0, 140.0, STEP),
)
METER = MeterMap.from_positions([(0, 4, 4), (8, 6, 8), (12.5, 3, 4), (21.5, 7, 16)])
LANES = (
    ProjectLane(
        ("Engine", "Anacrusis", "Denoise"),
        BreakpointLane(
            [
                Breakpoint(0.0, 0.1, Shape.LINEAR),
                Breakpoint(7.3, 0.9, Shape.HOLD),
                Breakpoint(7.3, 0.2, Shape.LINEAR),
                Breakpoint(1 / 3 + 9, 1e-7, Shape.LINEAR),
            ],
            Anchor.PPQ,
        ),
        0.0,
        1.0,
        "normalized",
    ),
    ProjectLane(
        ("Engine", "Anacrusis", "Cutoff"),
        BreakpointLane([Breakpoint(0.25, 440.0), Breakpoint(3.5, 880.0)], Anchor.SECONDS),
        None,
        20_000.0,
        "hertz",
    ),
    ProjectLane(
        ("Bass", "Volume"),
        BreakpointLane([Breakpoint(4.0, -6.0)], Anchor.PPQ),
        None,
        6.0,
        "decibel",
    ),
    ProjectLane(
        ("Bass", "Drive"), BreakpointLane([Breakpoint(4.0, 3.0)], Anchor.PPQ), unit="percent"
    ),
    ProjectLane(("Alone",), BreakpointLane([Breakpoint(0.0, 3.0)], Anchor.PPQ), unit="linear"),
)
LOCATORS = (Locator(0.0, "Start"), Locator(12.5, 'Verse "1" <&> 你好'), Locator(40.1, ""))
SONG = Project("test", RAMPS, METER, LANES, LOCATORS)


def parts_of(path: Path) -> dict[str, etree._Element]:
    """Both XML files; fails where either doesn't fit the format's own schema."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        parts = {name: etree.fromstring(archive.read(name)) for name in SCHEMAS}
    for name, schema in SCHEMAS.items():
        schema.assertValid(parts[name])
    return parts


def written(song: Project, folder: Path, *stems: Stem) -> tuple[Project, etree._Element]:
    """The song read back, and its XML after the schema has accepted it."""
    path = folder / "song.dawproject"
    write_dawproject(path, song, stems)
    return read_dawproject(path), parts_of(path)["project.xml"]


def wav_of(path: Path, seconds: float, channels: int = 2) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(RATE)
        noise = random.Random(3).randbytes(round(seconds * RATE) * 2 * channels)
        file.writeframes(noise)
    return path


def stem_of(path: Path, clips: tuple[AudioClip, ...], name: str = "Drums") -> Stem:
    with wave.open(str(path), "rb") as file:
        return Stem(name, path, file.getnchannels(), RATE, file.getnframes(), clips)


# --- the schema, and what is read back


def test_the_schemas_refuse_what_is_not_the_format():
    for text in (
        "<Project/>",
        '<Project version="1.0"><Transport/></Project>',
        "<MetaData x='1'/>",
    ):
        for schema in SCHEMAS.values():
            assert not schema.validate(etree.fromstring(text))


def test_a_song_is_read_back_as_it_was_written(tmp_path: Path):
    read, _ = written(SONG, tmp_path)
    assert read.tempo == RAMPS
    assert read.meter == METER
    assert read.lanes == LANES
    assert read.locators == LOCATORS
    assert read.warnings == ()
    assert read.format.startswith("DAWproject 1.0 by Anacrusis")


def test_the_least_of_songs_is_valid_too(tmp_path: Path):
    song = Project("test", TempoMap.constant(97.3), MeterMap.constant(3, 4))
    read, xml = written(song, tmp_path)
    assert (read.tempo, read.meter, read.lanes, read.locators) == (song.tempo, song.meter, (), ())
    assert xml.find("Arrangement/Markers") is None


def any_song(chance: random.Random) -> Project:
    starts = np.cumsum([0.0, *(chance.choice([0.25, 1 / 3, 4, 17.77]) for _ in range(20))])
    laws = [chance.choice([STEP, BEATS]) for _ in starts[:-1]] + [STEP]
    bpm = [chance.uniform(20, 999) for _ in starts]
    ends = [chance.choice([after, chance.uniform(20, 999)]) for after in [*bpm[1:], bpm[-1]]]
    rows = zip(starts.tolist(), bpm, ends, laws, strict=True)
    tempo = TempoMap([TempoSegment(at, b, b if law is STEP else e, law) for at, b, e, law in rows])
    places = sorted({0, *(chance.randrange(1, 400) for _ in range(10))})
    signatures = [
        (Fraction(at, 4), chance.randint(1, 64), chance.choice([1, 2, 4, 8, 16, 32]))
        for at in places
    ]
    lanes = []
    for index in range(4):
        at = sorted(chance.uniform(-2, 100) for _ in range(12))
        shapes = (Shape.HOLD, Shape.LINEAR)
        points = [Breakpoint(p, chance.gauss(0, 1e3), chance.choice(shapes)) for p in at]
        lane = BreakpointLane(points, chance.choice(list(Anchor)))
        lanes.append(ProjectLane(("T", f"D{index % 2}", f"P{index}"), lane, unit="linear"))
    return Project("test", tempo, MeterMap.from_positions(signatures), tuple(lanes))


@pytest.mark.parametrize("seed", range(12))
def test_any_song_of_steps_and_ramps_over_beats_comes_back(seed: int, tmp_path: Path):
    song = any_song(random.Random(seed))
    read, _ = written(song, tmp_path)
    at = np.linspace(-1, song.tempo.segments[-1].start_ppq + 50, 501)
    assert np.abs(read.tempo.seconds_array(at) - song.tempo.seconds_array(at)).max() < 1e-9
    starts = [segment.start_ppq for segment in song.tempo.segments]
    assert [segment.start_ppq for segment in read.tempo.segments] == starts
    assert read.meter == song.meter
    assert sorted(read.lanes, key=str) == sorted(song.lanes, key=str)


# --- tempo laws


def test_ramps_over_seconds_are_written_over_seconds(tmp_path: Path):
    tempo = tempo_of((0.0, 120.0, 60.0, SECONDS), (8.0, 90.0, 90.0, STEP), (9.0, 91, 91, STEP))
    read, xml = written(replace(SONG, tempo=tempo), tmp_path)
    automation = xml.find("Arrangement/TempoAutomation")
    assert automation.get("timeUnit") == "seconds"
    times = [float(point.get("time")) for point in automation.findall("RealPoint")]
    assert times == pytest.approx([0, 16 / 3, 16 / 3, 6], abs=1e-12)
    assert [s.law for s in read.tempo.segments] == [SECONDS, STEP, STEP]
    at = np.linspace(0, 12, 301)
    assert np.abs(read.tempo.seconds_array(at) - tempo.seconds_array(at)).max() < 1e-9


def test_ramps_of_both_kinds_are_right_to_half_a_sample_and_said_so(tmp_path: Path):
    tempo = tempo_of(
        (0.0, 120.0, 60.0, SECONDS),
        (8.0, 60.0, 999.0, SECONDS),
        (40.0, 80, 160, BEATS),
        (44, 90, 90, STEP),
    )
    song = replace(SONG, tempo=tempo, lanes=())
    warnings = write_dawproject(tmp_path / "a", song)
    assert warnings == ("tempo ramps over time are written as straight pieces over beats",)
    parts_of(tmp_path / "a")
    read = read_dawproject(tmp_path / "a").tempo
    for ppq, ramps in ((8.0, 1), (40.0, 2), (44.0, 2)):
        off = abs(read.seconds(ppq) - tempo.seconds(ppq))
        assert off <= ramps * RAMP_SECONDS
    assert {segment.law for segment in read.segments} == {BEATS, STEP}
    assert len(read.segments) < 1_000
    at = np.linspace(0, 50, 3_001)
    assert np.abs(read.seconds_array(at) - tempo.seconds_array(at)).max() < 3 * RAMP_SECONDS


# --- lanes


CURVES = [shape for shape in Shape if shape not in (Shape.HOLD, Shape.LINEAR)]


@pytest.mark.parametrize("anchor", list(Anchor))
@pytest.mark.parametrize("shape", CURVES)
def test_a_curve_is_written_as_straight_pieces_close_to_it(
    shape: Shape, anchor: Anchor, tmp_path: Path
):
    points = [Breakpoint(1.0, 0.2, shape, 0.5), Breakpoint(9.0, 5.0), Breakpoint(10.0, 1.0, shape)]
    lane = BreakpointLane(points, anchor)
    song = replace(SONG, lanes=(ProjectLane(("T", "D", "P"), lane),))
    path = tmp_path / "a"
    assert write_dawproject(path, song) == ("T/D/P: 1 curves are written as straight pieces",)
    parts_of(path)
    (read,) = read_dawproject(path).lanes
    seconds = RAMPS.seconds_array(np.linspace(0, 12, 997))
    exact, straight = lane.evaluate(RAMPS, seconds), read.lane.evaluate(RAMPS, seconds)
    assert np.abs(exact - straight).max() < 1.5 * CURVE_SHARE * 4.8
    assert {p.shape for p in read.lane.points} <= {Shape.HOLD, Shape.LINEAR}
    assert 6 < len(read.lane.points) < 120


def test_a_longer_path_comes_back_in_three_parts_and_a_missing_unit_as_linear(tmp_path: Path):
    lane = BreakpointLane([Breakpoint(0.0, 1.0)], Anchor.PPQ)
    song = replace(SONG, lanes=(ProjectLane(("T", "Rack", "Chain", "Synth", "P"), lane),))
    (read,) = written(song, tmp_path)[0].lanes
    assert (read.path, read.unit) == (("T", "Rack/Chain/Synth", "P"), "linear")


def test_lanes_of_a_stems_name_are_on_its_track(tmp_path: Path):
    stem = stem_of(wav_of(tmp_path / "a.wav", 1.0), (), "Bass")
    _, xml = written(SONG, tmp_path, stem)
    names = [track.get("name") for track in xml.findall("Structure/Track")]
    assert names == ["Bass", "Engine", "", "Master"]


def test_notes_are_not_written_and_that_is_said(tmp_path: Path):
    song = replace(SONG, notes=(Note(ppq=0.0, length_ppq=1.0, pitch=60),))
    assert write_dawproject(tmp_path / "a", song) == ("1 notes are not written",)


# --- audio


def test_bars_are_clips_whose_edges_are_the_bar_lines(tmp_path: Path):
    grid = BarGrid(RAMPS, METER, RATE)
    first, end = 1, 9
    length = (grid.sample(end) - grid.sample(first)) / RATE
    path = wav_of(tmp_path / "drums.wav", length)
    stem = stem_of(path, clips_of_bars(grid, first, end))
    read, xml = written(SONG, tmp_path, stem)
    clips = xml.findall(".//Clip")
    assert [clip.get("name") for clip in clips] == [f"Bar {bar}" for bar in range(2, 10)]
    for clip, bar in zip(clips, range(first, end), strict=True):
        start, lasts = float(clip.get("time")), float(clip.get("duration"))
        assert start == float(METER.bar_start(bar))
        assert start + lasts == float(METER.bar_start(bar + 1))
        assert clip.get("contentTimeUnit") == "seconds"
        into, until = float(clip.get("playStart")), float(clip.get("playStop"))
        began = read.tempo.seconds(float(METER.bar_start(first)))
        assert into == pytest.approx(read.tempo.seconds(start) - began, abs=1.01 / RATE)
        ends = read.tempo.seconds(start + lasts) - began
        assert until == pytest.approx(ends, abs=1.01 / RATE)
        audio = clip.find("Audio")
        assert (audio.get("channels"), audio.get("sampleRate")) == ("2", str(RATE))
        assert float(audio.get("duration")) == pytest.approx(length, abs=1e-9)
        assert audio.find("File").get("path") == "audio/Drums.wav"
    samples = [round(float(clip.get("playStart")) * RATE) for clip in clips]
    lines = [grid.sample(bar) - grid.sample(first) for bar in range(first, end)]
    assert samples == lines
    assert read.warnings == ("not read: 8 audio clips",)
    with zipfile.ZipFile(tmp_path / "song.dawproject") as archive:
        assert archive.read("audio/Drums.wav") == path.read_bytes()


def test_a_clip_may_have_several_bars_and_the_last_fewer():
    grid = BarGrid(RAMPS, METER, RATE)
    clips = clips_of_bars(grid, 0, 7, 3)
    assert [(clip.start_ppq, clip.length_ppq) for clip in clips] == [
        (float(grid.ppq(0)), float(grid.ppq(3))),
        (float(grid.ppq(3)), float(grid.ppq(6) - grid.ppq(3))),
        (float(grid.ppq(6)), float(grid.ppq(7) - grid.ppq(6))),
    ]
    for clip, after in pairwise(clips):
        end = clip.start_seconds_in_file + clip.duration_seconds
        assert end == pytest.approx(after.start_seconds_in_file, abs=1e-12)


def test_stems_of_one_name_or_of_none_have_files_of_their_own(tmp_path: Path):
    path = wav_of(tmp_path / "a.wav", 0.1, 1)
    clip = AudioClip("x", 0.0, 0.2, 0.0, 0.1)
    names = ["Keys", "keys", "", "../../etc/passwd", "Ключ", "a\x00b\nc"]
    stems = [stem_of(path, (clip,), name) for name in names]
    stems.append(replace(stems[0], name="bytes", wav=path.read_bytes()))
    _, xml = written(SONG, tmp_path, *stems)
    files = [file.get("path") for file in xml.findall(".//File")]
    assert files == [
        "audio/Keys.wav",
        "audio/keys 2.wav",
        "audio/stem.wav",
        "audio/etc-passwd.wav",
        "audio/stem 2.wav",
        "audio/a-b-c.wav",
        "audio/bytes.wav",
    ]
    with zipfile.ZipFile(tmp_path / "song.dawproject") as archive:
        assert {archive.read(file) for file in files} == {path.read_bytes()}
    tracks = [track.get("name") for track in xml.findall("Structure/Track")]
    assert tracks[:6] == ["Keys", "keys", "", "../../etc/passwd", "Ключ", "a\ufffdb\nc"]


def test_a_long_stem_is_copied_in_pieces(tmp_path: Path):
    path = wav_of(tmp_path / "a.wav", 200.0)  # 38 MB
    stem = stem_of(path, (AudioClip("all", 0.0, 4.0, 0.0, 200.0),))
    tracemalloc.start()
    write_dawproject(tmp_path / "song", SONG, [stem])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (tmp_path / "song").stat().st_size > 38_000_000
    assert peak < 4_000_000


def test_a_missing_file_and_a_clip_beyond_its_end_are_refused(tmp_path: Path):
    stem = stem_of(wav_of(tmp_path / "a.wav", 1.0), (AudioClip("x", 0.0, 4.0, 0.5, 0.5),))
    write_dawproject(tmp_path / "song", SONG, [stem])
    before = (tmp_path / "song").read_bytes()
    gone = replace(stem, wav=tmp_path / "none.wav")
    long = replace(stem, clips=(AudioClip("x", 0.0, 4.0, 0.5, 0.501),))
    early = replace(stem, clips=(AudioClip("x", 0.0, 4.0, -0.1, 0.501),))
    for bad, code in (
        (gone, ErrorCode.FILE_MISSING),
        (long, ErrorCode.RANGE_PAST_END),
        (early, ErrorCode.RANGE_PAST_END),
    ):
        with pytest.raises(RefusedError) as caught:
            write_dawproject(tmp_path / "song", SONG, [bad])
        assert (caught.value.code, caught.value.field) == (code, "Drums")
    assert (tmp_path / "song").read_bytes() == before


# --- the file


def test_the_same_song_gives_the_same_bytes(tmp_path: Path):
    stem = stem_of(wav_of(tmp_path / "a.wav", 1.0), (AudioClip("x", 0.0, 4.0, 0.0, 1.0),))
    write_dawproject(tmp_path / "one", SONG, [stem], "Title")
    write_dawproject(tmp_path / "deeper" / "two", SONG, [stem], "Title")
    one, two = (tmp_path / "one").read_bytes(), (tmp_path / "deeper" / "two").read_bytes()
    assert one == two
    with zipfile.ZipFile(tmp_path / "one") as archive:
        infos = archive.infolist()
    assert [info.filename for info in infos] == ["metadata.xml", "project.xml", "audio/Drums.wav"]
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}


def test_the_title_is_in_the_metadata(tmp_path: Path):
    write_dawproject(tmp_path / "a", SONG, title="Früh <1>\x01")
    assert parts_of(tmp_path / "a")["metadata.xml"].findtext("Title") == "Früh <1>\ufffd"


def test_where_writing_fails_the_old_file_stays_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "song"
    write_dawproject(path, SONG)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", full)
    with pytest.raises(OSError, match="No space"):
        write_dawproject(path, SONG, title="other")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
