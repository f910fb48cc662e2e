import gzip
import io
import os
import re
import struct
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import pytest

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.lanes import Anchor, Breakpoint, BreakpointLane
from bridge_protocol.meter import MeterMap
from bridge_protocol.schema import Note
from bridge_protocol.tempo import TempoLaw, TempoMap, TempoSegment
from daw_clients.projects.opening import (
    DAWPROJECT,
    FORMATS,
    LIVE_SET,
    MIDI_FILE,
    REAPER_PROJECT,
    format_of,
    open_project,
    write_project,
)
from daw_clients.projects.project import Locator, Project, ProjectLane

DATA = Path(__file__).parents[1] / "data" / "projects"
LANE = BreakpointLane([Breakpoint(0.0, 0.25), Breakpoint(6.0, 0.75)], Anchor.PPQ)
SONG = Project(
    "test",
    TempoMap(
        [
            TempoSegment(0.0, 120.0, 120.0, TempoLaw.STEP),
            TempoSegment(8.0, 60e6 / 600_000, 60e6 / 600_000, TempoLaw.STEP),
        ]
    ),
    MeterMap.from_positions([(0, 4, 4), (8, 7, 8)]),
    (ProjectLane(("Engine", "Anacrusis", "denoise"), LANE, 0.0, 1.0, "normalized"),),
    (Locator(0.0, "Intro"), Locator(8.0, "Verse")),
    (Note(ppq=0.0, length_ppq=1.0, pitch=60),),
)


def a_midi_file() -> bytes:
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=400_000, time=0)])
    file = mido.MidiFile(tracks=[track])
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def a_dawproject(tmp_path: Path) -> bytes:
    path = tmp_path / "made.dawproject"
    write_project(path, SONG)
    return path.read_bytes()


@pytest.fixture
def real(tmp_path: Path) -> dict[str, bytes]:
    return {
        ".mid": a_midi_file(),
        ".rpp": (DATA / "vst.RPP").read_bytes(),
        ".dawproject": a_dawproject(tmp_path),
        ".als": (DATA / "automation.als").read_bytes(),
    }


BPM = {".mid": 150.0, ".rpp": 120.0, ".dawproject": 120.0, ".als": 60.0}
KINDS = {".mid": MIDI_FILE, ".rpp": REAPER_PROJECT, ".dawproject": DAWPROJECT, ".als": LIVE_SET}


def refused(path: Path, name: str = "") -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        open_project(path, name=name)
    return caught.value


# --- which file is what


@pytest.mark.parametrize("suffix", KINDS)
def test_each_kind_opens_by_its_extensions_in_any_case(real, tmp_path: Path, suffix: str):
    for extension in KINDS[suffix].extensions:
        for name in (f"song{extension}", f"SONG{extension.upper()}"):
            path = tmp_path / name
            path.write_bytes(real[suffix])
            assert format_of(path) is KINDS[suffix]
            project = open_project(path)
            assert project.tempo.segments[0].bpm_start == BPM[suffix]
            assert not any("its name says" in words for words in project.warnings)


@pytest.mark.parametrize("suffix", KINDS)
@pytest.mark.parametrize("name", ["song", "song.bak", "song.txt"])
def test_a_file_without_a_known_extension_is_told_by_its_content(
    real, tmp_path: Path, suffix: str, name: str
):
    path = tmp_path / name
    path.write_bytes(real[suffix])
    assert format_of(path) is KINDS[suffix]
    assert open_project(path).tempo.segments[0].bpm_start == BPM[suffix]


@pytest.mark.parametrize("suffix", KINDS)
def test_a_wrong_extension_is_told_and_the_content_counts(real, tmp_path: Path, suffix: str):
    for wrong in KINDS.keys() - {suffix}:
        path = tmp_path / f"song{wrong}"
        path.write_bytes(real[suffix])
        project = open_project(path)
        assert project.tempo.segments[0].bpm_start == BPM[suffix]
        assert project.warnings[0].startswith(f"its name says {KINDS[wrong].name}")


def test_a_reaper_project_may_begin_with_a_byte_order_mark_and_blank_lines(tmp_path: Path):
    path = tmp_path / "song"
    path.write_bytes(b"\xef\xbb\xbf\r\n\n  " + (DATA / "empty.RPP").read_bytes())
    assert format_of(path) is REAPER_PROJECT


def test_an_unknown_kind_is_refused_with_all_that_is_known(tmp_path: Path):
    path = tmp_path / "song.flp"
    path.write_bytes(b"FLhd" + bytes(100))
    error = refused(path)
    assert (error.code, error.field) == (ErrorCode.BAD_FIELD, "song.flp")
    for known in FORMATS:
        for extension in known.extensions:
            assert extension in error.message


def test_what_is_missing_or_no_file_is_refused(tmp_path: Path):
    assert refused(tmp_path / "no.mid").code is ErrorCode.FILE_MISSING
    (tmp_path / "folder.als").mkdir()
    os.mkfifo(tmp_path / "pipe.mid")  # opening one would wait for ever
    for name in ("folder.als", "pipe.mid"):
        error = refused(tmp_path / name)
        assert (error.code, error.field) == (ErrorCode.FILE_BROKEN, name)


def test_lives_two_readings_of_tempo_are_one_door_away():
    drawn = open_project(DATA / "automation.als")
    played = open_project(DATA / "automation.als", live_law="as_played")
    assert drawn.tempo.seconds(8.0) == pytest.approx(6.772588722239782, abs=1e-9)
    assert played.tempo.seconds(8.0) == pytest.approx(4 + 2.836, abs=5e-4)  # as measured in Live


# --- what is broken


@pytest.mark.parametrize("suffix", KINDS)
def test_a_file_that_breaks_off_anywhere_is_refused_by_its_name(real, tmp_path, suffix: str):
    data = real[suffix]
    path = tmp_path / f"song{suffix}"
    for share in (0.0, 0.01, 0.3, 0.7, 0.98):
        path.write_bytes(data[: int(len(data) * share)])
        error = refused(path)
        assert error.code is ErrorCode.FILE_BROKEN
        assert error.field.split("/")[0] == path.name


def test_sizes_that_lie_are_refused(real, tmp_path: Path):
    midi = bytearray(real[".mid"])
    at = midi.index(b"MTrk") + 4
    midi[at : at + 4] = struct.pack(">I", 0x7FFFFFFF)
    zipped = bytearray(real[".dawproject"])
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = zipped.rindex(signature) + offset  # project.xml is the last member
        zipped[at : at + 4] = struct.pack("<I", 12)
    for name, data in (("a.mid", midi), ("b.dawproject", zipped)):
        (tmp_path / name).write_bytes(data)
        assert refused(tmp_path / name).code is ErrorCode.FILE_BROKEN


def test_what_unpacks_to_gigabytes_costs_little_memory(tmp_path: Path):
    bomb = tmp_path / "bomb.als"
    with gzip.open(bomb, "wb", compresslevel=9) as file:
        for _ in range(320):
            file.write(bytes(2**20))
    packed = tmp_path / "bomb.dawproject"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("project.xml", "<Project>" + " " * 2**26 + "</Project>")
    tracemalloc.start()
    try:
        codes = [refused(path).code for path in (bomb, packed)]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert set(codes) <= {ErrorCode.LIMIT, ErrorCode.FILE_BROKEN}
    assert peak < 8 * 2**20


def test_files_that_are_too_large_are_not_read(tmp_path: Path):
    for name, begins in (("a.mid", b"MThd"), ("b.rpp", b"<REAPER_PROJECT")):
        path = tmp_path / name
        with path.open("wb") as file:
            file.write(begins)
            file.truncate(2**34)
        tracemalloc.start()
        try:
            assert refused(path).code is ErrorCode.LIMIT
            assert tracemalloc.get_traced_memory()[1] < 2**28
        finally:
            tracemalloc.stop()


def test_every_refusal_begins_with_the_name_that_the_caller_gives(real, tmp_path: Path):
    path = tmp_path / "song.rpp"
    path.write_bytes(real[".rpp"].replace(b"TEMPO 120 4 4", b"TEMPO 5000 4 4"))
    assert refused(path).field == "song.rpp/tempo.bpm"
    assert refused(path, "--project").field == "--project/tempo.bpm"
    assert refused(tmp_path / "no.rpp", "--project").field == "--project"


def test_a_refusal_holds_nothing_that_a_terminal_obeys(tmp_path: Path):
    lane = '<PARMENV 0 0 1 0.5 "\x1b[2Jgone / FX"\nACT 1\nPT 0 nan 0\n>'
    text = f'<REAPER_PROJECT 0.1 "7"\n<TRACK\nNAME "\x1b]0;owned\x07"\n<FXCHAIN\n<JS x\n>\n{lane}\n>\n>\n>\n'
    path = tmp_path / "song.rpp"
    path.write_text(text)
    error = refused(path)
    assert error.code is ErrorCode.NOT_FINITE
    assert (error.field + error.message).isprintable()


# --- writing


@pytest.mark.parametrize("suffix", [".mid", ".RPP", ".dawproject"])
def test_what_is_written_is_read_back(tmp_path: Path, suffix: str):
    path = tmp_path / "deep" / f"song{suffix}"
    write_project(path, SONG)
    read = open_project(path)
    assert read.meter == SONG.meter
    assert read.locators == SONG.locators
    at = np.linspace(0, 40, 101)
    assert np.abs(read.tempo.seconds_array(at) - SONG.tempo.seconds_array(at)).max() < 1e-9
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_each_format_tells_what_it_loses_and_loses_nothing_else(tmp_path: Path):
    lost = {s: write_project(tmp_path / f"song{s}", SONG) for s in (".mid", ".rpp", ".dawproject")}
    assert len(lost[".mid"]) == 1
    assert "Engine/Anacrusis/denoise is left out" in lost[".mid"][0]
    assert [words for words in lost[".rpp"] if "1 notes are left out" in words]
    assert lost[".dawproject"] == ("1 notes are not written",)
    assert open_project(tmp_path / "song.mid").notes == SONG.notes
    assert open_project(tmp_path / "song.dawproject").lanes == SONG.lanes
    (lane,) = open_project(tmp_path / "song.rpp").lanes
    assert (lane.path, lane.minimum, lane.maximum) == (SONG.lanes[0].path, 0.0, 1.0)


@pytest.mark.parametrize("suffix", [".mid", ".rpp", ".dawproject"])
def test_the_same_project_gives_the_same_bytes(tmp_path: Path, suffix: str):
    paths = [tmp_path / folder / f"song{suffix}" for folder in "ab"]
    for path in paths:
        write_project(path, SONG)
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize("name", ["song.als", "song.flp", "song", ".mid"])
def test_what_is_not_written_is_refused_with_what_is(tmp_path: Path, name: str):
    with pytest.raises(RefusedError) as caught:
        write_project(tmp_path / name, SONG)
    assert (caught.value.code, caught.value.field) == (ErrorCode.BAD_FIELD, name)
    assert ".mid" in caught.value.message
    assert ".als" not in caught.value.message.split("can't be written")[1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".mid", ".rpp", ".dawproject"])
def test_a_place_that_can_not_be_written_is_refused(tmp_path: Path, suffix: str):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(RefusedError) as caught:
        write_project(tmp_path / "file" / f"song{suffix}", SONG, "--out")
    assert (caught.value.code, caught.value.field) == (ErrorCode.FILE_BROKEN, "--out")


def test_a_failed_write_leaves_the_old_file_as_it_was(tmp_path: Path):
    path = tmp_path / "song.mid"
    path.write_bytes(b"old")
    far = replace(SONG, locators=(Locator(999_999.0 * 2**28, "far"),))
    with pytest.raises(RefusedError):
        write_project(path, far)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["song.mid"]


@pytest.mark.parametrize("name", ["automation.als", "automation-intense.als", "vst.RPP"])
@pytest.mark.parametrize("suffix", [".mid", ".rpp", ".dawproject"])
def test_real_songs_move_no_more_than_the_writer_says(tmp_path, name: str, suffix: str):
    song = open_project(DATA / name)
    path = tmp_path / f"song{suffix}"
    told = re.findall(r"off by more than ([0-9.]+) ms", " ".join(write_project(path, song)))
    most_ms = float(told[0]) * 1.01 if told else 1e-6
    assert most_ms < 0.6
    read = open_project(path)
    at = np.linspace(0.0, 20.0, 2_001)
    off = np.abs(read.tempo.seconds_array(at) - song.tempo.seconds_array(at)).max()
    assert off * 1e3 < most_ms
    assert [place.name for place in read.locators] == [place.name for place in song.locators]
