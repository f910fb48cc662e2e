"""``anacrusis render`` with a project file, and into one."""

import math
import zipfile
from pathlib import Path

import mido
import pytest
import soundfile
from lxml import etree

pytestmark = pytest.mark.usefixtures("kept_models")

DATA = Path(__file__).parents[1] / "data" / "projects"
SCHEMA = etree.XMLSchema(file=str(DATA / "Project.xsd"))
RATE = 48_000
LIGHT = ["--set", "steps=2", "--window", 2, "--prompt", "techno"]
TEMPO, METER = "1:200, 2:200>240/time, 3:240", "1:4/4, 3:3/4"
GAIN = 10 ** (-9 / 20)
LANES = ["--lane", "velocity=1:0.8, 2.3:1.2", "--lane", "output_gain=1:-12, 3:-6"]

SONG = """<REAPER_PROJECT 0.1 "7.0" 1
  TEMPO 200 4 4
  <TEMPOENVEX
    ACT 1 -1
    PT 0 200 1 262148 0 1
    PT 1.2 200 0
    PT {ramp} 240 1 262147 0 1
  >
  MARKER 1 1.2 Verse 0
  MARKER 2 {ramp} Chorus 0
  <TRACK
    NAME Bass
    <VOLENV2
      ACT 1 -1
      PT 0 {quiet} 1
    >
    <FXCHAIN
      <JS anacrusis/remote ""
      >
      <PARMENV 0 0.5 1.5 1 "Velocity / JS: anacrusis/remote"
        ACT 1 -1
        PT 0 0.8 0
        PT 0.9 1.1 0
      >
      <PARMENV 1 0 100 1 "Cutoff / JS: anacrusis/remote"
        ACT 1 -1
        PT 0 40 0
        PT 1.2 100 0
      >
    >
  >
>
"""


def song_text():
    ramp = 1.2 + 120 * 4 / (200 + 240)
    return SONG.format(ramp=repr(ramp), quiet=repr(GAIN))


@pytest.fixture
def rpp(tmp_path):
    path = tmp_path / "song.rpp"
    path.write_text(song_text())
    return path


@pytest.fixture
def midi(tmp_path):
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=250_000)])
    for note in (36, 48, 60, 72) * 2:
        track.append(mido.Message("note_on", note=note, velocity=100))
        track.append(mido.Message("note_off", note=note, time=480))
    path = tmp_path / "song.mid"
    mido.MidiFile(tracks=[track], ticks_per_beat=480).save(path)
    return path


@pytest.fixture
def render(anacrusis, tmp_path):
    """Renders to a file of this name: (its bytes, standard error)."""

    def call(name, *words):
        out = tmp_path / name
        code, _, err = anacrusis("render", *words, *LIGHT, "--out", out)
        assert code == 0, err
        return out.read_bytes(), err

    return call


def dawproject(path):
    """Its XML, checked by the format's own schema, and its members' names."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        xml = etree.fromstring(archive.read("project.xml"))
        SCHEMA.assertValid(xml)
        return xml, archive.namelist()


def member(path, name):
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)


# --- tempo, meter and lanes from a file


def test_a_projects_render_is_the_render_of_the_same_maps_and_lanes_typed_by_hand(render, tmp_path):
    render("made.dawproject", "--tempo", TEMPO, "--meter", METER, *LANES, "--bars", "1-3")
    by_hand, _ = render("hand.wav", "--tempo", TEMPO, "--meter", METER, *LANES, "--bars", "1-3")
    project = tmp_path / "made.dawproject"
    from_file, err = render("file.wav", "--project", project, "--bars", "1-3")
    assert from_file == by_hand
    assert "velocity from made/Anacrusis/velocity: as it is." in err
    assert "output_gain from made/Anacrusis/output_gain: decibels, as they are." in err
    without, _ = render("plain.wav", "--tempo", TEMPO, "--meter", METER, "--bars", "1-3")
    assert by_hand != without


def test_a_reaper_projects_render_is_that_of_its_maps_typed_by_hand(render, rpp):
    at = ["--bars", "1-3"]
    words = ["--tempo", TEMPO, "--meter", METER, "--lane", "velocity=1:0.8, 1.4:1.1"]
    by_hand, _ = render("hand.wav", *words, *at)
    from_file, err = render("file.wav", "--project", rpp, *at)
    assert soundfile.info(rpp.with_name("file.wav")).frames == round(
        RATE * (1.2 + 120 * 4 / 440 + 3 * 60 / 240)
    )
    assert from_file == by_hand
    assert "velocity from Bass/anacrusis/remote/Velocity: as it is." in err
    assert "lanes of the project that are not used: 2 of 3" in err


def test_lanes_are_chosen_and_scaled_by_the_range_that_the_file_states(render, rpp):
    chosen = ["--project-lane", "dry_wet=cutoff", "--project-lane", "output_gain=Bass/Volume"]
    shared = ["--bars", "1-2", "--set", "velocity=1"]
    from_file, err = render("file.wav", "--project", rpp, *chosen, *shared)
    assert "dry_wet from Bass/anacrusis/remote/Cutoff: 0 to 100 as 0 to 1." in err
    assert "output_gain from Bass/Volume: gain factors, as decibels." in err
    assert "lanes of the project that are not used: 1 of 3" in err
    maps = ["--tempo", TEMPO, "--meter", METER]
    lanes = ["--lane", "dry_wet=1:0.4, 2:1", "--lane", f"output_gain=1:{20 * math.log10(GAIN)!r}"]
    by_hand, _ = render("hand.wav", *maps, *lanes, *shared)
    assert from_file == by_hand
    assert from_file != render("plain.wav", *maps, *shared)[0]


def test_the_command_lines_own_lane_and_value_count_before_the_projects(render, rpp):
    own = [["--lane", "velocity=1:1.3"], ["--set", "velocity=1.3"]]
    for number, words in enumerate(own):
        typed = ["--tempo", TEMPO, "--meter", METER, "--bars", "2"]
        by_hand, _ = render(f"hand{number}.wav", *typed, *words)
        from_file, err = render(f"file{number}.wav", "--project", rpp, "--bars", "2", *words)
        assert from_file == by_hand
        assert f"{words[0]} velocity counts, and not the project's Bass/anacrusis" in err


def test_bars_may_be_named_by_a_locator(render, rpp):
    by_number, _ = render("number.wav", "--project", rpp, "--bars", "2")
    by_name, _ = render("name.wav", "--project", rpp, "--bars", "verse")
    assert by_name == by_number


def test_quiet_says_nothing_of_lanes_either(anacrusis, rpp, tmp_path):
    words = ["--project", rpp, "--bars", "1", *LIGHT, "--quiet", "--out", tmp_path / "a.wav"]
    assert anacrusis("render", *words) == (0, "", "")


def test_notes_are_played_where_they_are_asked_for(render, midi):
    words = ["--project", midi, "--bars", "1-2"]
    silent, err = render("plan.wav", *words)
    assert "the project's notes (8) are not played; give --notes for that." in err
    assert silent == render("typed.wav", "--bpm", 240, "--bars", "1-2")[0]
    played, err = render("notes.wav", *words, "--notes")
    assert "notes" not in err
    assert played != silent
    again, _ = render("again.wav", *words, "--notes")
    assert again == played


def test_notes_of_a_file_that_has_none_are_the_models_own(render, rpp):
    plain, _ = render("plain.wav", "--project", rpp, "--bars", "2")
    asked, err = render("asked.wav", "--project", rpp, "--bars", "2", "--notes")
    assert asked == plain
    assert "the project has no notes" in err


@pytest.mark.parametrize(
    ("chosen", "code", "field", "words"),
    [
        ("denoise=Treshold", "BAD_FIELD", "--project-lane denoise", "near it are"),
        ("denoise=#9", "BAD_FIELD", "--project-lane denoise", "no lane '#9'"),
        ("louder=Cutoff", "UNKNOWN_PARAMETER", "--project-lane louder", ""),
        ("steps=Cutoff", "CANNOT_HEAR", "--project-lane steps", ""),
        ("Cutoff", "BAD_NOTATION", "--project-lane", ""),
    ],
)
def test_a_lane_that_is_not_to_be_had_is_refused(
    anacrusis, rpp, tmp_path, chosen, code, field, words
):
    out = tmp_path / "out.wav"
    words_given = ["--project", rpp, "--project-lane", chosen, "--out", out]
    exit_code, told, err = anacrusis("render", *words_given)
    assert (exit_code, told) == (2, "")
    assert f"error {code} {field}:" in err
    assert words in err
    assert not out.exists()


# --- a DAWproject as the result


def test_a_dawproject_holds_the_bars_as_clips_beside_maps_lanes_and_locators(render, rpp):
    words = ["--project", rpp, "--bars", "1-3", "--clip-bars", 2]
    render("out.dawproject", *words)
    path = rpp.with_name("out.dawproject")
    xml, names = dawproject(path)
    assert names == ["metadata.xml", "project.xml", "audio/out.wav"]
    clips = xml.findall(".//Clip")
    assert [float(clip.get("time")) for clip in clips] == [0.0, 8.0]
    assert [float(clip.get("duration")) for clip in clips] == [8.0, 3.0]
    seconds = 1.2 + 120 * 4 / 440
    ends = [(float(clip.get("playStart")), float(clip.get("playStop"))) for clip in clips]
    assert ends[0] == pytest.approx((0.0, seconds), abs=0.5 / RATE)
    assert ends[1] == pytest.approx((seconds, seconds + 0.75), abs=1 / RATE)
    assert [place.get("name") for place in xml.findall(".//Marker")] == ["Verse", "Chorus"]
    assert xml.find(".//RealParameter").get("name") == "velocity"
    assert len(xml.findall("Arrangement/TempoAutomation/RealPoint")) > 1
    assert len(xml.findall("Arrangement/TimeSignatureAutomation/TimeSignaturePoint")) == 2


def test_the_audio_in_a_dawproject_is_the_file_that_a_wav_would_be(render, rpp):
    words = ["--project", rpp, "--bars", "2-3"]
    for bits in ("24", "float"):
        wav, _ = render("alone.wav", *words, "--bits", bits)
        render("out.dawproject", *words, "--bits", bits)
        assert member(rpp.with_name("out.dawproject"), "audio/out.wav") == wav
    xml, _ = dawproject(rpp.with_name("out.dawproject"))
    assert [float(clip.get("time")) for clip in xml.findall(".//Clip")] == [4.0]


def test_the_same_command_gives_the_same_dawproject_and_leaves_nothing_else(render, tmp_path, rpp):
    words = ["--project", rpp, "--bars", "2"]
    first, _ = render("out.dawproject", *words)
    (tmp_path / "out.dawproject").unlink()
    second, _ = render("out.dawproject", *words)
    assert first == second
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["out.dawproject", "song.rpp"]


def test_a_project_is_not_rendered_over(anacrusis, render, tmp_path):
    before, _ = render("song.dawproject", "--bpm", 240, "--bars", "1")
    path = tmp_path / "song.dawproject"
    code, _, err = anacrusis("render", "--project", path, "--bars", "1", "--out", path)
    assert code == 2
    assert "error BAD_FIELD --out:" in err
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "code", "field"),
    [
        (["--clip-bars", 2, "--out", "a.wav"], "BAD_FIELD", "--clip-bars"),
        (["--out", "a.rpp"], "OUT_OF_RANGE", "--out"),
        (["--out", "folder.dawproject"], "FILE_BROKEN", "--out"),
    ],
)
def test_what_has_no_clips_or_can_not_be_written_is_refused_first(
    anacrusis, tmp_path, monkeypatch, words, code, field
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.dawproject").mkdir()
    exit_code, out, err = anacrusis("render", "--bars", "1", *words)
    assert (exit_code, out) == (2, "")
    assert f"error {code} {field}:" in err


# --- stems

STEMS = """
project = "song.rpp"
bars = "Verse"
window = 2
{top}
[stem.Bass]
prompt = "techno"
set = {{ steps = 2 }}
project_lane = {{ output_gain = "Volume" }}
[stem.keys]
prompt = "jazz piano"
set = {{ steps = 2, velocity = 1.0 }}
{keys}
"""


@pytest.fixture
def stems(rpp):
    def write(**parts):
        path = rpp.with_name("song.toml")
        path.write_text(STEMS.format(**{"top": "", "keys": "", **parts}))
        return path

    return write


def test_stems_take_their_maps_and_lanes_from_a_project(anacrusis, render, stems, rpp, tmp_path):
    code, _, err = anacrusis("render", "--stems", stems(), "--out", tmp_path / "stems")
    assert code == 0, err
    assert "Bass: output_gain from Bass/Volume: gain factors, as decibels." in err
    assert "keys: stem.keys.set.velocity counts" in err
    words = ["--project", rpp, "--bars", "2", "--project-lane", "output_gain=Bass/Volume"]
    alone, _ = render("alone.wav", *words)
    assert (tmp_path / "stems" / "Bass.wav").read_bytes() == alone


def test_stems_become_tracks_of_one_dawproject(anacrusis, stems, tmp_path):
    out, folder = tmp_path / "out.dawproject", tmp_path / "stems"
    path = stems(top="mix = true")
    code, told, err = anacrusis("render", "--stems", path, "--out", out, "--clip-bars", 1)
    assert code == 0, err
    assert told.startswith(f"{out}: bars 2-2")
    assert "the mix is left out" in err
    xml, names = dawproject(out)
    assert names[2:] == ["audio/Bass.wav", "audio/keys.wav"]
    tracks = [track.get("name") for track in xml.findall("Structure/Track")]
    assert tracks == ["Bass", "keys", "Master"]
    assert anacrusis("render", "--stems", path, "--out", folder)[0] == 0
    for name in ("Bass", "keys"):
        assert member(out, f"audio/{name}.wav") == (folder / f"{name}.wav").read_bytes()


def test_a_dawproject_of_stems_gives_each_stem_its_own_lanes_back(anacrusis, stems, tmp_path):
    lane = 'lane = { output_gain = "1:-20" }'
    path = stems(keys=lane)
    for out in ("out.dawproject", "first"):
        assert anacrusis("render", "--stems", path, "--out", tmp_path / out)[0] == 0
    text = path.read_text().replace("song.rpp", "out.dawproject").replace(lane, "")
    path.write_text(text.replace('project_lane = { output_gain = "Volume" }', ""))
    code, _, err = anacrusis("render", "--stems", path, "--out", tmp_path / "second")
    assert code == 0, err
    assert "Bass: output_gain from Bass/Anacrusis/output_gain" in err
    assert "keys: output_gain from keys/Anacrusis/output_gain" in err
    for name in ("Bass.wav", "keys.wav"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


@pytest.mark.parametrize(
    ("parts", "code", "field"),
    [
        ({"top": "bpm = 120"}, "BAD_FIELD", "bpm"),
        ({"top": 'meter = "1:4/4"'}, "BAD_FIELD", "meter"),
        ({"top": 'live_law = "slow"'}, "OUT_OF_RANGE", "live_law"),
        ({"keys": 'project_lane = { denoise = "x" }'}, "BAD_FIELD", "stem.keys.project_lane.denoise"),
        ({"keys": 'project_lane = { x = "#1" }'}, "UNKNOWN_PARAMETER", "stem.keys.project_lane.x"),
        ({"keys": "notes = 1"}, "BAD_FIELD", "stem.keys.notes"),
    ],
)  # fmt: skip
def test_a_wrong_entry_about_the_project_is_refused_by_its_name(
    anacrusis, stems, tmp_path, parts, code, field
):
    exit_code, _, err = anacrusis("render", "--stems", stems(**parts), "--out", tmp_path / "out")
    assert exit_code == 2
    assert f"error {code} {field}:" in err


def test_a_stems_file_without_a_project_has_no_use_for_its_lanes(anacrusis, stems, tmp_path):
    path = stems()
    whole = path.read_text()
    for removed, field in (
        ('project = "song.rpp"', "stem.Bass.project_lane"),
        ('project = "song.rpp"\nbars = "Verse"', "stem.Bass.project_lane"),
    ):
        path.write_text(whole.replace(removed, "").replace('bars = "Verse"', 'bars = "2"'))
        code, _, err = anacrusis("render", "--stems", path, "--out", tmp_path / "out")
        assert code == 2
        assert f"error BAD_FIELD {field}: This is about a project file" in err
    path.write_text(whole.replace('project = "song.rpp"', 'project = "no.rpp"'))
    assert "error FILE_MISSING project:" in anacrusis("render", "--stems", path)[2]
