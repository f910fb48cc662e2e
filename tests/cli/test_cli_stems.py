import json

import numpy as np
import pytest
import soundfile

pytestmark = pytest.mark.usefixtures("kept_models")

RATE = 48_000
TWO = """
bars = "1-2"
bpm = 200
window = 2
{top}
[stem.bass]
prompt = "synth bass"
seed = 3
set = {{ steps = 3, solver = "sde", output_gain = -9 }}
{bass}
[stem.keys]
prompt = "jazz piano"
source = "audio/loop.wav"
source_at = 1
repeat = 1
lane = {{ denoise = "1:0.4, 2:0.9" }}
set = {{ steps = 3, output_gain = -9.0 }}
{keys}
"""


@pytest.fixture
def song(tmp_path):
    """Writes a stems file beside its audio."""
    (tmp_path / "audio").mkdir()
    t = np.arange(2 * RATE) / RATE
    tone = 0.3 * np.sin(2 * np.pi * 220 * t)
    soundfile.write(tmp_path / "audio" / "loop.wav", tone, RATE, subtype="PCM_24")

    def write(text=TWO, **parts):
        path = tmp_path / "song.toml"
        filled = {"top": "", "bass": "", "keys": "", **parts}
        path.write_text(text.format(**filled) if text is TWO else text)
        return path

    return write


def samples(path):
    audio, rate = soundfile.read(path, dtype="int32", always_2d=True)
    assert rate == RATE
    return audio


def test_every_stem_is_the_file_that_it_gives_alone(anacrusis, song, tmp_path):
    out = tmp_path / "stems"
    code, told, err = anacrusis("render", "--stems", song(), "--out", out)
    assert code == 0, err
    assert sorted(path.name for path in out.iterdir()) == ["bass.wav", "keys.wav"]
    assert [line.split(":")[0] for line in told.splitlines()] == [
        str(out / "bass.wav"),
        str(out / "keys.wav"),
    ]
    shared = ["--bars", "1-2", "--bpm", 200, "--window", 2, "--set", "steps=3"]
    shared += ["--set", "output_gain=-9"]
    bass = ["--prompt", "synth bass", "--seed", 3, "--set", "solver=sde"]
    keys = [tmp_path / "audio" / "loop.wav", "--prompt", "jazz piano", "--repeat", 1]
    keys += ["--lane", "denoise=1:0.4, 2:0.9"]
    for name, words in (("bass", bass), ("keys", keys)):
        alone = tmp_path / f"alone-{name}.wav"
        code, _, err = anacrusis("render", *words, *shared, "--out", alone)
        assert code == 0, err
        assert alone.read_bytes() == (out / f"{name}.wav").read_bytes()
    assert not np.array_equal(samples(out / "bass.wav"), samples(out / "keys.wav"))


def test_more_slots_change_nothing_where_the_rows_are_the_same(anacrusis, song, tmp_path):
    for depth in (1, 2):
        words = ["--rows", 2, "--depth", depth, "--out", tmp_path / str(depth), "--quiet"]
        code, told, err = anacrusis("render", "--stems", song(), *words)
        assert (code, told, err) == (0, "", "")
    for name in ("bass.wav", "keys.wav"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_the_mix_is_the_sum_of_the_stems(anacrusis, song, tmp_path):
    out = tmp_path / "stems"
    code, told, err = anacrusis(
        "render", "--stems", song(top='mix = true\nbits = "float"'), "--out", out, "--json"
    )
    assert code == 0, err
    parts = [soundfile.read(out / f"{name}.wav", dtype="float32")[0] for name in ("bass", "keys")]
    mix, _ = soundfile.read(out / "mix.wav", dtype="float32")
    assert np.array_equal(mix, parts[0] + parts[1])
    report = json.loads(told)
    assert [file["path"] for file in report["files"]] == [
        str(out / f"{name}.wav") for name in ("bass", "keys", "mix")
    ]
    assert set(report["settings"]) == {"bass", "keys"}
    assert report["settings"]["bass"]["settings"]["values"]["steps"] == 3


def test_a_mix_that_is_too_loud_is_told(anacrusis, song, tmp_path):
    loud = "\n".join(
        f'[stem.n{number}]\nsource = "audio/full.wav"\nset = {{ denoise = 0 }}' for number in (1, 2)
    )
    (tmp_path / "audio").mkdir(exist_ok=True)
    soundfile.write(tmp_path / "audio" / "full.wav", np.full(RATE, 0.9), RATE, subtype="PCM_24")
    path = song(f'bars = "1"\nbpm = 240\nmix = true\n{loud}')
    code, _, err = anacrusis("render", "--stems", path, "--out", tmp_path / "out")
    assert code == 0
    assert "mix.wav is clipped: it peaks 5.1 dB over full scale" in err
    assert samples(tmp_path / "out" / "mix.wav").max() == (2**23 - 1) << 8


def test_without_bars_the_sources_say_how_long(anacrusis, song, tmp_path):
    text = 'bpm = 120\n[stem.a]\nsource = "audio/loop.wav"\n[stem.b]\nprompt = "techno"\n'
    text += "set = { steps = 2 }"
    code, told, err = anacrusis("render", "--stems", song(text), "--out", tmp_path / "out")
    assert code == 0, err
    assert told.count("bars 1-1, 96000 samples") == 2


@pytest.mark.parametrize(
    ("parts", "code", "field", "words"),
    [
        ({"bass": 'promt = "x"'}, "BAD_FIELD", "stem.bass.promt", "did you mean prompt?"),
        ({"top": "bmp = 120"}, "BAD_FIELD", "bmp", "did you mean bpm?"),
        ({"bass": "zzz = 1"}, "BAD_FIELD", "stem.bass.zzz", "Known: source"),
        ({"bass": '"[/red]" = 1'}, "BAD_FIELD", "stem.bass.'[/red]'", ""),
        ({"bass": "repeat = -1"}, "BAD_FIELD", "stem.bass.repeat", ">= 0"),
        ({"bass": "negative = 5"}, "BAD_FIELD", "stem.bass.negative", "Expected `str`"),
        ({"keys": "seed = -1"}, "OUT_OF_RANGE", "stem.keys.seed", ""),
        ({"keys": 'target = "no.wav"'}, "FILE_MISSING", "stem.keys.target", "no.wav"),
        ({"bass": 'source_at = "0"'}, "OUT_OF_RANGE", "stem.bass.source_at", ""),
        ({"top": "bits = 32"}, "OUT_OF_RANGE", "bits", "24"),
        ({"top": "rate = 44101"}, "OUT_OF_RANGE", "rate", ""),
        ({"top": 'tempo = "1:90"'}, "BAD_NOTATION", "bpm", "not both"),
        ({"top": 'meter = "1:4/5"'}, "OUT_OF_RANGE", "meter", ""),
        ({"top": "stem = 1"}, "FILE_BROKEN", "--stems", "TOML"),
        ({"top": "mix = 1"}, "BAD_FIELD", "mix", "bool"),
        ({"keys": "[stem.mix]", "top": "mix = true"}, "BAD_FIELD", "stem.mix", "rename"),
        ({"keys": "[stem.Bass]"}, "BAD_FIELD", "stem.bass", "rename"),
        ({"keys": '[stem."../up"]'}, "BAD_FIELD", "stem.'../up'", "1 to 64 of A-Z"),
        ({"keys": f"[stem.{'a' * 65}]"}, "BAD_FIELD", f"stem.'{'a' * 64}'", ""),
        ({"keys": '[stem.x]\nset = {steeps = 1}'}, "UNKNOWN_PARAMETER", "stem.x.set.steeps", "steps"),
        ({"keys": '[stem.x]\nset = {steps = 0}'}, "OUT_OF_RANGE", "stem.x.set.steps", ""),
        ({"keys": '[stem.x]\nset = {steps = nan}'}, "NOT_FINITE", "stem.x.set.steps", ""),
        ({"keys": '[stem.x]\nset = {solver = "euler"}'}, "BAD_NOTATION", "stem.x.set.solver", "sde"),
        ({"keys": '[stem.x]\nset = {depth = 2}'}, "CANNOT_HEAR", "stem.x.set.depth", "--depth"),
        ({"keys": '[stem.x]\nlane = {denoise = "1:9"}'}, "OUT_OF_RANGE", "stem.x.lane.denoise", ""),
        ({"keys": '[stem.x]\nlane = {denoise = 0.5}'}, "BAD_FIELD", "stem.x.lane", "str"),
        ({"keys": '[stem.x]\nlane = {louder = "1:0"}'}, "UNKNOWN_PARAMETER", "stem.x.lane.louder", ""),
        ({"keys": '[stem.x]\nsource = "audio/loop.wav"'}, "RANGE_PAST_END", "stem.x.source", "Bar 2"),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_refused_by_its_name_in_the_file(
    anacrusis, song, tmp_path, parts, code, field, words
):
    text = song(**parts)
    if field == "stem.x.source":  # two bars of 2 s are longer than its audio
        text.write_text(text.read_text().replace("bpm = 200", "bpm = 120"))
    exit_code, out, err = anacrusis("render", "--stems", text, "--out", tmp_path / "out")
    assert exit_code == 2, err
    assert f"error {code} {field}:" in err
    assert words in err
    assert out == ""
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        ("", "BAD_FIELD", "stem"),
        ("[stem]", "OUT_OF_RANGE", "stem"),
        ("stem = 5", "BAD_FIELD", "stem"),
        ("[stem]\nbass = 5", "BAD_FIELD", "stem.bass"),
        ("[[[[", "FILE_BROKEN", "--stems"),
        ("x = " + "[" * 5_000, "FILE_BROKEN", "--stems"),
        ("#" + "x" * (5 << 20), "LIMIT", "--stems"),
        ("\n".join(f"[stem.s{number}]" for number in range(65)), "OUT_OF_RANGE", "stem"),
    ],
)
def test_a_file_that_describes_no_stems_is_refused(anacrusis, song, tmp_path, text, code, field):
    exit_code, _, err = anacrusis("render", "--stems", song(text), "--out", tmp_path / "out")
    assert exit_code == 2, err
    assert f"error {code} {field}:" in err


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (["loop.wav"], "source"),
        (["--prompt", "jazz"], "--prompt"),
        (["--bars", "1-2"], "--bars"),
        (["--bits", "16"], "--bits"),
        (["--window", "2"], "--window"),
        (["--set", "steps=2"], "--set"),
    ],
)
def test_what_belongs_into_the_file_is_refused_beside_it(anacrusis, song, tmp_path, words, field):
    code, _, err = anacrusis("render", *words, "--stems", song(), "--out", tmp_path / "out")
    assert code == 2
    assert f"error BAD_FIELD {field}: With --stems" in err


def test_stems_go_to_a_folder_and_not_to_a_file(anacrusis, song, tmp_path):
    (tmp_path / "taken").write_text("a file")
    for out in ("out.wav", "out.flac", "taken"):
        code, _, err = anacrusis("render", "--stems", song(), "--out", tmp_path / out)
        assert code == 2
        assert "error FILE_BROKEN --out:" in err
        assert "give a folder" in err


def test_a_stems_file_that_is_not_there_is_refused(anacrusis, tmp_path):
    code, _, err = anacrusis("render", "--stems", tmp_path / "no.toml")
    assert code == 2
    assert "error FILE_MISSING --stems:" in err
