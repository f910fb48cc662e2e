"""``anacrusis project`` and ``anacrusis bars --project``, on files that DAWs wrote."""

import json
import zipfile
from pathlib import Path

import mido
import pytest
import rpp
from lxml import etree

DATA = Path(__file__).parents[1] / "data" / "projects"
SCHEMA = etree.XMLSchema(file=str(DATA / "Project.xsd"))


@pytest.fixture
def midi(tmp_path):
    """Bars of 4/4 and then 6/8, 120 and then 90 bpm, two notes, a controller and a marker."""
    track = mido.MidiTrack(
        [
            mido.MetaMessage("track_name", name="Keys"),
            mido.MetaMessage("set_tempo", tempo=500_000),
            mido.MetaMessage("marker", text="A"),
            mido.Message("note_on", note=60, velocity=90),
            mido.Message("control_change", control=1, value=64),
            mido.Message("note_off", note=60, time=480),
            mido.MetaMessage("time_signature", numerator=6, denominator=8, time=480 * 3),
            mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(90)),
            mido.Message("note_on", note=40, channel=9),
            mido.Message("note_off", note=40, channel=9, time=240),
        ]
    )
    path = tmp_path / "song.mid"
    mido.MidiFile(tracks=[track], ticks_per_beat=480).save(path)
    return path


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("automation.als", [0.0, 4.0, 6.772588722239782, 8.305065593537753]),
        ("L12-automation.als", [0.0, 4.0, 6.772588722239782, 8.305065593537753]),
        ("automation-intense.als", [0.0, 2.3751211991079835, 5.775787872079139, 7.885121207824302]),
    ],
)
def test_bars_of_a_live_set_fall_where_live_draws_them(bars_json, name, seconds):
    lines = bars_json("--project", DATA / name, "--bars", "1-4")
    assert [line["seconds"] for line in lines] == pytest.approx(seconds, abs=1e-9)
    assert [line["sample"] for line in lines] == [round(48_000 * second) for second in seconds]


def test_bars_of_a_steady_live_set_have_its_stored_tempo(bars_json):
    lines = bars_json("--project", DATA / "example-120.als", "--bars", "101-109")
    assert lines[0]["seconds"] == pytest.approx(200.0000133, abs=1e-7)
    assert lines[-1]["seconds"] == pytest.approx(216.0000144, abs=1e-7)
    assert lines[-1]["locators"] == [{"name": "comfort - yo", "ppq": 432.0}]


def test_lives_own_playing_is_another_law(bars_json):
    words = ["--project", DATA / "automation.als", "--bars", "3-3", "--live-law"]
    (drawn,), (played,) = (bars_json(*words, law) for law in ("as-drawn", "as-played"))
    assert drawn["seconds"] == pytest.approx(6.772588722239782, abs=1e-9)
    assert played["seconds"] == pytest.approx(4 + 2.836, abs=5e-4)  # measured in Live


def test_that_the_law_was_chosen_for_them_is_said_to_users_of_live_only(anacrusis):
    words = ["bars", "--bars", "1", "--project"]
    assert "--live-law as-played" in anacrusis(*words, DATA / "automation.als")[2]
    assert "law" not in anacrusis(*words, DATA / "automation.als", "--live-law", "as-drawn")[2]
    assert "law" not in anacrusis(*words, DATA / "example-120.als")[2]
    assert "law" not in anacrusis(*words, DATA / "vst.RPP")[2]


def test_bars_of_a_midi_file_are_those_that_mido_plays(bars_json, midi):
    lines = bars_json("--project", midi, "--bars", "1-3")
    assert [line["ppq"] for line in lines] == [0, 4, 7]
    notes = [m for m in mido.MidiFile(midi) if m.type in ("note_on", "note_off")]
    assert lines[1]["seconds"] == pytest.approx(notes[0].time + notes[1].time + 1.5)
    assert lines[2]["seconds"] - lines[1]["seconds"] == pytest.approx(3 * 60 / 90, abs=2e-6)


def test_the_table_has_a_column_of_locators(anacrusis):
    code, out, _ = anacrusis("bars", "--project", DATA / "automation.als", "--bars", "1-4")
    assert code == 0
    rows = [line.split() for line in out.splitlines()]
    assert rows[0][-1] == "locators"
    assert [row[4:] for row in rows[1:]] == [
        ["A"],
        ["B,", "D", "(2.3)"],
        ["C,", "Z", "(3.3)"],
        ["E", "(4.3)"],
    ]
    assert "locators" not in anacrusis("bars", "--bars", "1")[1]


def test_bars_can_be_asked_for_by_a_locators_name(bars_json):
    lines = bars_json("--project", DATA / "automation.als", "--bars", "b")
    assert [line["bar"] for line in lines] == [2]
    lines = bars_json("--project", DATA / "vst.RPP", "--bars", "marker 1")
    assert [line["bar"] for line in lines] == [2]


def test_a_name_in_a_file_can_not_write_to_the_terminal(anacrusis, tmp_path):
    path = tmp_path / "song.rpp"
    marker = 'MARKER 1 0 "\x1b[2J[red]bold[/red]" 0\n'
    path.write_text(f'<REAPER_PROJECT 0.1 "7\x1b[1m"\nTEMPO 120 4 4\n{marker}>\n')
    for words in (["bars", "--bars", "1-2", "--project"], ["project"]):
        code, out, err = anacrusis(*words, path)
        assert code == 0, err
        assert "\x1b" not in out + err
        assert "[red]bold[/red]" in out


# --- the overview


def test_a_project_is_shown_in_lines(anacrusis, midi):
    code, out, err = anacrusis("project", midi)
    assert (code, err) == (0, "")
    assert [line.rstrip() for line in out.splitlines()] == [
        "format    standard MIDI file, format 1",
        "tempo     bar 1         120 bpm",
        "          bar 2         89.999955 bpm",  # 666,667 microseconds
        "meter     bar 1         4/4",
        "          bar 2         6/8",
        "locators  bar 1         A",
        "lanes     #1 Keys/channel 1/CC 1: 1 point at 64 of 0 to 127",
        "notes     2 (channel 1: 1, channel 10: 1)",
    ]


def test_a_project_is_told_as_json(anacrusis):
    code, out, err = anacrusis("project", DATA / "vst.RPP", "--json")
    assert code == 0
    told = json.loads(out)
    assert told["tempo"] == [{"ppq": 0.0, "bpm_start": 120.0, "bpm_end": 120.0, "law": "step"}]
    assert told["meter"] == [{"bar": 1, "ppq": 0.0, "numerator": 4, "denominator": 4}]
    assert [place["bar"] for place in told["locators"]] == [2, 3, 4]
    (lane,) = told["lanes"]
    assert (lane["number"], lane["path"], lane["points"]) == (1, ["Synth", "Volume"], 3)
    assert told["warnings"] == ["not read: 3 items"]
    assert "note not read: 3 items" in err


def test_long_lists_are_cut_and_json_has_them_all(anacrusis):
    words = ["project", DATA / "automation-intense.als", "--live-law", "as-played"]
    out = anacrusis(*words)[1]
    told = json.loads(anacrusis(*words, "--json")[1])
    assert len(told["tempo"]) > 24
    assert f"... and {len(told['tempo']) - 24} more" in out


# --- conversions


@pytest.mark.parametrize("suffix", [".mid", ".rpp", ".dawproject"])
def test_a_project_goes_round_through_every_format(anacrusis, midi, tmp_path, suffix):
    between, back = tmp_path / f"between{suffix}", tmp_path / "back.rpp"
    code, out, err = anacrusis("project", midi, "--out", between)
    assert (code, out) == (0, f"{between}: written\n")
    assert ("note 2 notes are" in err) == (suffix != ".mid")
    assert anacrusis("project", between, "--out", back)[0] == 0
    first, last = (json.loads(anacrusis("project", p, "--json")[1]) for p in (midi, back))
    for key in ("tempo", "meter", "locators"):
        assert last[key] == first[key]


def test_what_is_written_is_what_others_read(anacrusis, midi, tmp_path):
    outs = {s: tmp_path / f"out{s}" for s in (".mid", ".rpp", ".dawproject")}
    for path in outs.values():
        assert anacrusis("project", midi, "--out", path)[0] == 0
    notes = [m for m in mido.MidiFile(outs[".mid"]) if m.type == "note_on"]
    assert [(m.note, m.channel) for m in notes] == [(60, 0), (40, 9)]
    tree = rpp.loads(outs[".rpp"].read_text())
    assert tree.find(".//TEMPO")[1:4] == ["120", "4", "4"]
    with zipfile.ZipFile(outs[".dawproject"]) as archive:
        SCHEMA.assertValid(etree.fromstring(archive.read("project.xml")))


def test_conversion_tells_its_losses_in_json_too(anacrusis, tmp_path):
    out = tmp_path / "out.mid"
    code, told, err = anacrusis("project", DATA / "automation.als", "--out", out, "--json")
    assert code == 0
    report = json.loads(told)
    assert report["written"] == str(out)
    assert "2 tempo ramps are written as steps" in report["lost"][0]
    assert report["lost"][0] in err


def test_the_project_that_is_read_is_not_written_over(anacrusis, tmp_path):
    path, link = tmp_path / "song.rpp", tmp_path / "link.rpp"
    path.write_bytes((DATA / "vst.RPP").read_bytes())
    link.symlink_to(path)
    for out in (path, link):
        code, _, err = anacrusis("project", path, "--out", out)
        assert code == 2
        assert "error BAD_FIELD --out:" in err
    assert path.read_bytes() == (DATA / "vst.RPP").read_bytes()


# --- what is refused


def broken_files(folder):
    live, dawproject = (DATA / "automation.als").read_bytes(), folder / "whole.dawproject"
    files = {
        "cut.als": live[:1000],
        "cut.rpp": (DATA / "vst.RPP").read_bytes()[:3000],
        "cut.mid": b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk\xff\xff\xff\xff\0",
        "cut.dawproject": b"PK\x03\x04" + bytes(40),
        "song.xyz": b"something else",
        "empty.mid": b"",
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    (folder / "folder.als").mkdir()
    assert not dawproject.exists()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("cut.als", "FILE_BROKEN"),
        ("cut.rpp", "FILE_BROKEN"),
        ("cut.mid", "FILE_BROKEN"),
        ("cut.dawproject", "FILE_BROKEN"),
        ("empty.mid", "FILE_BROKEN"),
        ("folder.als", "FILE_BROKEN"),
        ("song.xyz", "BAD_FIELD"),
        ("none.mid", "FILE_MISSING"),
    ],
)
def test_a_bad_file_is_one_line_with_a_code_and_exit_code_2(anacrusis, tmp_path, name, code):
    broken_files(tmp_path)
    for words, field in (
        (["project", tmp_path / name], name),
        (["bars", "--project", tmp_path / name], "--project"),
        (["render", "--project", tmp_path / name, "--out", tmp_path / "out.wav"], "--project"),
    ):
        exit_code, out, err = anacrusis(*words)
        assert exit_code == 2
        assert out == ""
        assert err.startswith(f"error {code} {field}")
        assert err.count("\n") == 1
    assert not (tmp_path / "out.wav").exists()


@pytest.mark.parametrize(
    ("words", "code", "field"),
    [
        (["--bpm", "120"], "BAD_FIELD", "--bpm"),
        (["--tempo", "1:120"], "BAD_FIELD", "--tempo"),
        (["--meter", "1:4/4"], "BAD_FIELD", "--meter"),
        (["--live-law", "as_drawn"], "OUT_OF_RANGE", "--live-law"),
        (["--bars", "Nowhere"], "BAD_FIELD", "--bars"),
        (["--bars", "E"], "BAD_FIELD", "--bars"),
        (["--bars", "0"], "OUT_OF_RANGE", "--bars"),
    ],
)
@pytest.mark.parametrize("command", ["bars", "render"])
def test_what_does_not_go_with_a_project_is_refused_by_name(
    anacrusis, tmp_path, monkeypatch, command, words, code, field
):
    monkeypatch.chdir(tmp_path)
    exit_code, out, err = anacrusis(command, "--project", DATA / "automation.als", *words)
    assert exit_code == 2
    assert out == ""
    assert f"error {code} {field}:" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (["bars", "--live-law", "as-drawn"], "--live-law"),
        (["render", "--live-law", "as-drawn"], "--live-law"),
        (["render", "--project-lane", "denoise=x"], "--project-lane"),
        (["render", "--notes"], "--notes"),
    ],
)
def test_what_is_about_a_project_is_refused_without_one(anacrusis, words, field):
    code, _, err = anacrusis(*words)
    assert code == 2
    assert f"error BAD_FIELD {field}: This is about a project file" in err


@pytest.mark.parametrize("out", ["out.als", "out.wav", "out", "file.txt/out.mid"])
def test_a_conversion_that_can_not_be_written_is_refused(anacrusis, midi, tmp_path, out):
    (tmp_path / "file.txt").write_text("no folder")
    code, told, err = anacrusis("project", midi, "--out", tmp_path / out)
    assert (code, told) == (2, "")
    assert " --out: " in err
