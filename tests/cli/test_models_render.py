"""``--model`` on the commands that play: a path to a checkpoint of the true classes, and what is no model."""

import json

import numpy as np
import pytest
import soundfile


@pytest.fixture(autouse=True)
def library(tmp_path, monkeypatch):
    monkeypatch.setenv("ANACRUSIS_MODELS", str(tmp_path / "library"))


def test_a_render_of_a_checkpoint_is_the_same_file_every_time_and_tells_its_weights(
    anacrusis, tiny_acestep, tmp_path
):
    files = []
    for name in ("one.wav", "two.wav"):
        words = ["render", "--model", tiny_acestep, "--bars", "1-1", "--bpm", "150"]
        words += ["--set", "steps=2", "--threads", "1", "--json", "--quiet", "--no-resume"]
        code, out, err = anacrusis(*words, "--out", tmp_path / name)
        assert code == 0, err
        files.append((tmp_path / name).read_bytes())
    assert files[0] == files[1]
    assert len(set(files[0][100:])) > 50  # and it is no silence
    told = json.loads(out)
    model = told.get("model") or told["decides"]["model"]
    assert model["name"] == tiny_acestep.name
    assert len(model["weights_sha256"]) == 64
    assert (model["device"], model["dtype"]) == ("cpu", "float32")


@pytest.mark.parametrize("command", ["render", "serve", "doctor"])
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--model", "acestep-turbo"), "FILE_MISSING model"),
        (("--model", "./nowhere"), "FILE_MISSING model"),
        (("--device", "gpu"), "OUT_OF_RANGE device"),
        (("--dtype", "bf16"), "OUT_OF_RANGE dtype"),
    ],
)
def test_what_is_no_model_device_or_dtype_is_refused_before_anything_is_done(
    anacrusis, tmp_path, monkeypatch, command, words, told
):
    monkeypatch.chdir(tmp_path)
    code, _, err = anacrusis(command, *words)
    assert code == 2
    assert told in err
    assert not list(tmp_path.glob("*.wav"))


def test_what_a_model_cannot_hear_is_refused_by_its_option(anacrusis, tiny_stable_audio, tmp_path):
    soundfile.write(tmp_path / "loop.wav", np.full((48_000, 2), 0.1, dtype=np.float32), 48_000)
    words = ["render", "--model", tiny_stable_audio, "--structure", tmp_path / "loop.wav"]
    code, _, err = anacrusis(*words, "--bars", "1-1", "--out", tmp_path / "out.wav")
    assert code == 2
    assert "CANNOT_HEAR --structure" in err
    assert not (tmp_path / "out.wav").exists()


def test_doctor_says_what_a_checkpoint_hears_and_needs(anacrusis, tiny_acestep):
    code, out, _ = anacrusis("doctor", "--json", "--model", tiny_acestep)
    assert code == 0
    model = json.loads(out)["model"]
    assert model["name"] == tiny_acestep.name
    assert {"text", "lyrics", "source"} <= set(model["hears"])
    assert "of weights" in model["memory"]


@pytest.mark.parametrize(
    ("command", "option"),
    [("render", "--lora"), ("render", "--merge-lora"), ("serve", "--merge-lora")],
)
def test_a_lora_that_is_not_there_is_refused_before_the_model_is_loaded(
    anacrusis, tiny_acestep, command, option
):
    code, _, err = anacrusis(command, "--model", tiny_acestep, option, "no:0.5")
    assert code == 2
    assert f"FILE_MISSING {option}" in err
    assert "loading" not in err
