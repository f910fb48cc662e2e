"""``anacrusis lora``, and LoRAs in a render."""

import json

import pytest
import soundfile
import torch
from safetensors.torch import save_file

from engine_host.models.house.config import load_config

WIDTH = load_config().transformer["hidden_size"]


@pytest.fixture(autouse=True)
def library(monkeypatch, tmp_path):
    monkeypatch.setenv("ANACRUSIS_LORAS", str(tmp_path / "loras"))
    return tmp_path / "loras"


def download(folder, width=WIDTH, seed=0):
    folder.mkdir()
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for layer in range(3):
        key = f"base_model.model.layers.{layer}.self_attn.q_proj.lora_"
        tensors[f"{key}A.weight"] = torch.randn(8, width, generator=generator)
        tensors[f"{key}B.weight"] = torch.randn(width, 8, generator=generator)
    save_file(tensors, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text('{"r": 8, "lora_alpha": 2}')
    return folder


def test_a_lora_is_added_listed_told_and_removed(anacrusis, tmp_path, library):
    card = ("--trigger", "citypop", "--strength", "0.75", "--for", "house")
    code, out, err = anacrusis("lora", "add", download(tmp_path / "city pop"), *card)
    assert (code, err) == (0, "")
    assert "3 layers, rank 8" in out
    assert "render --lora city-pop" in out
    listed = json.loads(anacrusis("lora", "list", "--json")[1])
    assert [(lora["name"], lora["strength"], lora["broken"]) for lora in listed] == [
        ("city-pop", 0.75, "")
    ]
    told = json.loads(anacrusis("lora", "info", "city-pop", "--json")[1])
    assert (told["layers"], told["ranks"], told["widths"]) == (3, [8], [WIDTH])
    for words in (anacrusis("lora", "list")[1], anacrusis("lora", "info", "city-pop")[1]):
        assert "city-pop" in words
        assert "citypop" in words
    assert anacrusis("lora", "remove", "city-pop")[0] == 0
    assert json.loads(anacrusis("lora", "list", "--json")[1]) == []
    assert str(library) in anacrusis("lora", "list")[1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("add", "{rubbish}"), "FILE_BROKEN PATH"),
        (("add", "{nowhere}"), "FILE_MISSING PATH"),
        (("add", "{good}", "--name", "a/b"), "BAD_FIELD name"),
        (("add", "{good}", "--strength", "3"), "OUT_OF_RANGE --strength"),
        (("add", "{good}", "--strength", "nan"), "NOT_FINITE --strength"),
        (("add", "{good}", "--trigger", "x" * 65), "OUT_OF_RANGE card"),
        (("info", "no"), "FILE_MISSING NAME"),
        (("remove", "no"), "FILE_MISSING NAME"),
    ],
)
def test_bad_input_is_refused_in_one_line(anacrusis, tmp_path, words, told):
    (tmp_path / "rubbish.safetensors").write_bytes(b"rubbish" * 10)
    places = {
        "rubbish": tmp_path / "rubbish.safetensors",
        "nowhere": tmp_path / "nowhere",
        "good": download(tmp_path / "good"),
    }
    code, _, err = anacrusis("lora", *(word.format(**places) for word in words))
    assert code == 2
    assert told in err
    assert err.count("\n") == 1


def test_a_broken_one_is_listed_with_the_reason(anacrusis, tmp_path, library):
    anacrusis("lora", "add", download(tmp_path / "good"))
    (library / "bad").mkdir()
    listed = json.loads(anacrusis("lora", "list", "--json")[1])
    assert [(lora["name"], bool(lora["broken"])) for lora in listed] == [
        ("bad", True),
        ("good", False),
    ]
    assert "safetensors" in anacrusis("lora", "list")[1]


# ------------------------------------------------------------ render


def play(anacrusis, out, *words):
    common = ("--bars", "1", "--bpm", "240", "--prompt", "techno", "--set", "steps=2", "--json")
    code, told, err = anacrusis("render", *common, "--out", out, *words)
    assert code == 0, err
    return soundfile.read(out)[0], json.loads(told), err


@pytest.mark.usefixtures("kept_models")
def test_a_render_plays_a_lora_as_strongly_as_it_is_told(anacrusis, tmp_path):
    anacrusis("lora", "add", download(tmp_path / "pop"), "--strength", "0.5", "--trigger", "pop!")
    plain, _, _ = play(anacrusis, tmp_path / "a.wav")
    silent, _, _ = play(anacrusis, tmp_path / "b.wav", "--lora", "pop:0")
    usual, report, err = play(anacrusis, tmp_path / "c.wav", "--lora", "pop")
    half, _, _ = play(anacrusis, tmp_path / "d.wav", "--lora", "pop:0.5")
    lane, _, _ = play(anacrusis, tmp_path / "e.wav", "--lora", "pop", "--lane", "lora_1=1:0, 9:0")
    assert (silent == plain).all()
    assert (lane == plain).all()
    assert abs(usual - plain).max() > 0.005
    assert (usual == half).all()
    assert "pop: Trigger words: pop!. Recommended strength: 0.5." in err
    assert "pop" in json.dumps(report)


@pytest.mark.usefixtures("kept_models")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--lora", "no"), "FILE_MISSING --lora"),
        (("--lora", "wide"), "CANNOT_HEAR --lora"),
        (("--lora", "wide:loud"), "BAD_NOTATION --lora"),
        (("--lora", "wide:2.5"), "OUT_OF_RANGE --lora"),
        (("--lora", "wide:nan"), "NOT_FINITE --lora"),
        (("--lora", "a") * 5, "LIMIT --lora"),
    ],
)
def test_what_can_not_be_played_is_refused_before_anything_is(anacrusis, tmp_path, words, told):
    anacrusis("lora", "add", download(tmp_path / "wide", 2 * WIDTH))
    code, _, err = anacrusis("render", "--bars", "1", "--out", tmp_path / "x.wav", *words)
    assert code == 2
    assert told in err
    assert not (tmp_path / "x.wav").exists()


@pytest.mark.usefixtures("kept_models")
def test_a_stem_has_loras_of_its_own(anacrusis, tmp_path):
    anacrusis("lora", "add", download(tmp_path / "pop"))
    stems = tmp_path / "stems.toml"
    text = 'bars = "1"\nbpm = 240\n[stem.a]\nset = {{steps = 2}}\n[stem.b]\nset = {{steps = 2}}\nlora = ["{}"]\n'
    stems.write_text(text.format("pop:1.5"))
    code, _, err = anacrusis("render", "--stems", stems, "--out", tmp_path / "out")
    assert code == 0, err
    a, b = (soundfile.read(tmp_path / "out" / f"{name}.wav")[0] for name in "ab")
    assert abs(a - b).max() > 0.005
    stems.write_text(text.format("no"))
    assert "FILE_MISSING stem.b.lora" in anacrusis("render", "--stems", stems)[2]


def test_a_merged_lora_is_heard_as_one_in_a_place_and_is_named_in_the_report(anacrusis, tmp_path):
    anacrusis("lora", "add", download(tmp_path / "pop"))
    eager = ("--accelerator", "eager")
    plain, _, _ = play(anacrusis, tmp_path / "a.wav", *eager)
    apart, _, _ = play(anacrusis, tmp_path / "b.wav", "--lora", "pop:0.5", *eager)
    merged, report, _ = play(anacrusis, tmp_path / "c.wav", "--merge-lora", "pop:0.5", *eager)
    assert abs(merged - apart).max() < 0.05 * abs(apart - plain).max()
    assert report["merged_loras"]["pop"][1] == 0.5
    code, _, err = anacrusis("render", "--bars", "1", "--merge-lora", "pop")
    assert (code, "CANNOT_HEAR --merge-lora" in err) == (2, True)
