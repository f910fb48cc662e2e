"""Sizes come from the configs, never from what the first model had."""

import json
import math
from pathlib import Path

import pytest
from acestep_helpers import folder, tiny
from transformers.utils import logging as transformers_logging

from bridge_protocol.errors import RefusedError
from engine_host.models.acestep.config import load_config
from engine_host.models.acestep.loading import load_acestep
from engine_host.models.acestep.receptive import decode_halo_frames, encode_halo_frames

REAL_RATIOS = [2, 4, 4, 6, 10]


def written(root: Path, **transformer: object) -> Path:
    """The configs of the published 2B model, without its weights."""
    files = {
        "model_index.json": {
            "_class_name": "AceStepPipeline",
            "audio_tokenizer": ["ace_step", "AceStepAudioTokenizer"],
            "audio_token_detokenizer": ["ace_step", "AceStepAudioTokenDetokenizer"],
        },
        "transformer/config.json": {
            "hidden_size": 2048,
            "audio_acoustic_hidden_dim": 64,
            "patch_size": 2,
            **transformer,
        },
        "vae/config.json": {
            "sampling_rate": 48_000,
            "audio_channels": 2,
            "downsampling_ratios": REAL_RATIOS,
        },
        "text_encoder/config.json": {"hidden_size": 1024},
        "audio_tokenizer/config.json": {"pool_window_size": 5},
    }
    for name, told in files.items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(told), encoding="utf-8")
    return root


def test_the_sizes_of_the_published_model_are_read(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, is_turbo=True))
    assert (config.sample_rate_hz, config.samples_per_frame, config.frame_rate_hz) == (48_000, 1920, 25)  # fmt: skip
    assert (config.latent_channels, config.hidden_size, config.text_hidden_size) == (64, 2048, 1024)
    assert (config.turbo, config.token_frames, config.reference_frames) == (True, 5, 750)


@pytest.mark.parametrize(("told", "width"), [({}, 2048), ({"encoder_hidden_size": None}, 2048), ({"encoder_hidden_size": 1536}, 1536)])  # fmt: skip
def test_an_encoder_width_that_is_not_told_is_the_transformers(
    tmp_path: Path, told: dict[str, object], width: int
) -> None:
    assert load_config(written(tmp_path, **told)).encoder_hidden_size == width


@pytest.mark.parametrize(("told", "turbo"), [({"is_turbo": True}, True), ({"model_version": "turbo"}, True), ({"model_version": "sft"}, False), ({}, False)])  # fmt: skip
def test_turbo_is_told_by_either_word(tmp_path: Path, told: dict[str, object], turbo: bool) -> None:
    assert load_config(written(tmp_path, **told)).turbo is turbo


def test_without_a_detokenizer_there_are_no_tokens(tmp_path: Path) -> None:
    root = written(tmp_path)
    index = json.loads((root / "model_index.json").read_text())
    index["audio_token_detokenizer"] = [None, None]
    (root / "model_index.json").write_text(json.dumps(index))
    assert load_config(root).token_frames is None


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"hidden_size": "wide"}', "{}"])
def test_a_broken_config_is_refused_by_name(tmp_path: Path, content: str) -> None:
    root = written(tmp_path)
    (root / "transformer" / "config.json").write_text(content)
    with pytest.raises(RefusedError) as caught:
        load_config(root)
    assert (caught.value.code, caught.value.field) == ("FILE_BROKEN", "model")


@pytest.mark.parametrize("name", ["model_index.json", "vae/config.json", "audio_tokenizer/config.json"])  # fmt: skip
def test_a_missing_config_is_refused_by_its_path(tmp_path: Path, name: str) -> None:
    root = written(tmp_path)
    (root / name).unlink()
    with pytest.raises(RefusedError) as caught:
        load_config(root)
    assert caught.value.code == "FILE_MISSING"
    assert str(root / name) in caught.value.message


def test_the_published_autoencoder_reaches_nine_frames_when_it_decodes_and_seven_when_it_encodes() -> None:  # fmt: skip
    assert decode_halo_frames(REAL_RATIOS) == 9
    assert encode_halo_frames(REAL_RATIOS) == 7


def test_loading_says_nothing_and_leaves_the_libraries_as_they_were(
    capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    assert transformers_logging.is_progress_bar_enabled()
    load_acestep(folder(), threads=1)
    out, err = capfd.readouterr()
    assert (out, err, list(recwarn)) == ("", "", [])
    assert transformers_logging.is_progress_bar_enabled()


def test_geometry_follows_the_checkpoint() -> None:
    found = tiny().geometry
    config = load_config(folder())
    assert found.latent_channels == config.latent_channels == 8
    assert found.samples_per_frame == math.prod(REAL_RATIOS)
    assert (found.frame_multiple, found.decode_halo_frames) == (2, 9)
    assert found.longest_window_frames == 15_000


def test_an_xl_checkpoint_has_two_widths() -> None:
    config = load_config(folder("xl"))
    assert (config.hidden_size, config.encoder_hidden_size) == (96, 64)


@pytest.mark.parametrize(("kind", "heard"), [("turbo", True), ("textonly", False)])
def test_structure_is_heard_only_with_the_audio_tokenizer(kind: str, heard: bool) -> None:
    assert ("structure" in tiny(kind).capabilities) is heard
