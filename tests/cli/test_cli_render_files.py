"""What ``anacrusis render`` writes, prints and says on the way."""

import hashlib
import json

import numpy as np
import pytest
import soundfile

pytestmark = pytest.mark.usefixtures("kept_models")

SHORT = ["render", "--bars", "1-2", "--bpm", 240, "--window", 2, "--set", "steps=2"]


def test_flac_and_wav_hold_the_same_samples_and_repeat_to_the_byte(anacrusis, tmp_path):
    names = ("a.flac", "b.FLAC", "c.wav")
    for name in names:
        code, told, err = anacrusis(*SHORT, "--prompt", "techno", "--out", tmp_path / name)
        assert code == 0, err
        assert told.startswith(f"{tmp_path / name}: bars 1-2, 96000 samples, 2.000 s")
    flac, other, wav = (tmp_path / name for name in names)
    assert flac.read_bytes() == other.read_bytes()
    heard = [soundfile.read(path, dtype="int32")[0] for path in (flac, wav)]
    assert np.array_equal(*heard)
    assert soundfile.info(flac).subtype == "PCM_24"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


@pytest.mark.parametrize(
    ("words", "field", "said"),
    [
        (["--out", "x.flac", "--bits", "float"], "--bits", "FLAC holds no float samples"),
        (["--out", "x.flac", "--rate", "96025"], "--rate", "write a .wav"),
        (["--out", "x.mp3"], "--out", ".wav or .flac"),
        (["--out", "x"], "--out", ".wav or .flac"),
        (["--out", "folder.wav"], "--out", "is a folder"),
        (["--out", "file.txt/x.wav"], "--out", "file.txt"),
    ],
)
def test_what_can_not_be_written_is_refused_before_anything_is_rendered(
    anacrusis, tmp_path, monkeypatch, words, field, said
):
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "file.txt").write_text("a file")
    before = sorted(tmp_path.iterdir())
    monkeypatch.chdir(tmp_path)
    code, out, err = anacrusis(*SHORT, *words)
    assert code == 2
    assert f" {field}: " in err
    assert said in err
    assert out == ""
    assert sorted(tmp_path.iterdir()) == before


def test_json_tells_what_decided_the_bytes_and_what_they_are(anacrusis, tmp_path):
    out = tmp_path / "a.wav"
    words = ["--seed", 7, "--lane", "velocity=1:1, 2:1.2", "--rows", 2, "--threads", 1]
    code, told, err = anacrusis(*SHORT, *words, "--prompt", "jazz", "--out", out, "--json")
    assert code == 0, err
    report = json.loads(told)
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    assert report["files"] == [{"path": str(out), "sha256": digest}]
    assert report["bars"] == {"first": 1, "last": 2, "count": 2, "kept_before": 0}
    assert (report["samples"], report["seconds"], report["rate_hz"]) == (96_000, 2.0, 48_000)
    assert (report["rows"], report["threads"], report["depth"]) == (2, 1, 1)
    assert report["accelerator"].startswith("onnxruntime")
    assert report["model"]["name"] == "house"
    assert len(report["model"]["weights_sha256"]) == 64
    assert report["render_seconds"] > 0
    assert report["realtime_factor"] == pytest.approx(2.0 / report["render_seconds"], rel=0.01)
    song = report["settings"]["audio"]
    assert song["settings"]["prompt"] == "jazz"
    assert song["settings"]["values"]["seed"] == 7
    assert song["settings"]["lanes"]["velocity"]["points"][1]["position"] == 4.0


def test_quiet_says_nothing_at_all(anacrusis, tmp_path):
    words = ["--quiet", "--prompt", "zzyzx", "--lane", "denoise=1:0.5", "--out", tmp_path / "a.wav"]
    assert anacrusis(*SHORT, *words) == (0, "", "")
    assert (tmp_path / "a.wav").exists()


def test_a_short_render_tells_no_progress_where_there_is_no_terminal(anacrusis, tmp_path):
    code, _, err = anacrusis(*SHORT, "--prompt", "jazz", "--out", tmp_path / "a.wav")
    assert (code, err) == (0, "")


def test_the_help_is_in_groups(anacrusis):
    code, out, _ = anacrusis("render", "--help")
    assert code == 0
    groups = [
        "Sound",
        "Automation",
        "Bars and tempo",
        "Output",
        "Several songs in one go",
        "Engine",
    ]
    places = [out.find(f"─ {group} ─") for group in groups]
    assert -1 not in places
    assert places == sorted(places)
