import json

import pytest
import torch
from lora_files import (
    ALPHA,
    LAYOUTS,
    RANK,
    SCALE,
    halves,
    inputs,
    transformer,
    velocity,
    write,
)
from safetensors.torch import load_file, save_file

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.models.lora.adapter import sizes_of
from engine_host.models.lora.file import fitting, load, look_at
from engine_host.models.lora.inject import LoraInjection


def adapter(path):
    file = look_at(path, "the file", "path")
    return load(
        file, fitting(file, sizes_of(transformer()), "tiny", "path"), torch.ones(()), "a", "path"
    )


def heard(path, strength=1.0):
    given = inputs()
    injection = LoraInjection(transformer(), patch_frames=2)
    with injection.sounding([(adapter(path),)], torch.full((1, 1, 24), strength)):
        return velocity(given)


@torch.no_grad()
def written_out(scale):
    """The same, with W + scale B A written into a copy of the weights by hand."""
    weights = {name: w.clone() for name, w in transformer().state_dict().items()}
    for layer, (down, up) in halves(transformer()).items():
        weights[f"{layer}.weight"] += scale * up @ down
    model = type(transformer()).from_config(transformer().config)
    model.load_state_dict(weights)
    return velocity(inputs(), model.eval())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_of_one_lora_sounds_the_same_with_alpha_over_rank(tmp_path, layout):
    path = write(tmp_path, layout, halves(transformer()))
    torch.testing.assert_close(heard(path), written_out(SCALE), atol=2e-5, rtol=1e-4)


def test_alpha_over_rank_is_not_the_same_as_one():
    assert float((written_out(SCALE) - written_out(1.0)).abs().max()) > 0.01


@pytest.mark.parametrize("layout", ["peft", "kohya"])
def test_without_any_alpha_the_scale_is_one(tmp_path, layout):
    path = write(tmp_path, layout, halves(transformer()), alpha=None)
    torch.testing.assert_close(heard(path), written_out(1.0), atol=2e-5, rtol=1e-4)


def test_rank_stabilised_loras_are_divided_by_the_root_of_the_rank(tmp_path):
    path = write(tmp_path, "peft", halves(transformer()))
    config = {"r": RANK, "lora_alpha": ALPHA, "use_rslora": True}
    (tmp_path / "adapter_config.json").write_text(json.dumps(config))
    torch.testing.assert_close(heard(path), written_out(ALPHA / 2), atol=2e-5, rtol=1e-4)


def test_patterns_rule_the_layers_they_name(tmp_path):
    path = write(tmp_path, "peft", halves(transformer()))
    config = {
        "r": 8,
        "lora_alpha": 1.0,
        "rank_pattern": {"q_proj": RANK, "^layers\\.0\\.self_attn\\.o_proj$": RANK, "o_proj": RANK}
        | dict.fromkeys(("k_proj", "v_proj"), RANK),
        "alpha_pattern": dict.fromkeys(("q_proj", "o_proj", "k_proj", "v_proj"), ALPHA),
    }
    (tmp_path / "adapter_config.json").write_text(json.dumps(config))
    torch.testing.assert_close(heard(path), written_out(SCALE), atol=2e-5, rtol=1e-4)


def test_a_regular_expression_of_a_stranger_is_not_run(tmp_path):
    path = write(tmp_path, "peft", halves(transformer()))
    config = {"r": RANK, "lora_alpha": ALPHA, "alpha_pattern": {"(a+)+$": 3.0}}
    (tmp_path / "adapter_config.json").write_text(json.dumps(config))
    with pytest.raises(RefusedError, match="pattern"):
        look_at(path, "the file", "path")


def test_the_configuration_that_diffusers_writes_into_the_header_counts(tmp_path):
    path = write(tmp_path, "diffusers", halves(transformer()), alpha=None)
    told = {"transformer.r": RANK, "transformer.lora_alpha": ALPHA}
    save_file(load_file(path), path, metadata={"lora_adapter_metadata": json.dumps(told)})
    torch.testing.assert_close(heard(path), written_out(SCALE), atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("diffusion_model.layers.0.self_attn.q_proj.lokr_w1", "LoKr"),
        ("lora_unet_layers_0_self_attn_q_proj.hada_w1_a", "LoHa"),
        ("base_model.model.layers.0.self_attn.q_proj.lora_magnitude_vector", "DoRA"),
        ("lora_unet_layers_0_self_attn_q_proj.dora_scale", "DoRA"),
        ("lora_unet_layers_0_self_attn_q_proj.lora_mid.weight", "LoCon"),
        ("base_model.model.layers.0.self_attn.q_proj.lora_B.bias", "biases"),
        ("diffusion_model.layers.0.self_attn.q_proj.diff", "differences"),
    ],
)
def test_other_kinds_of_adapter_are_refused_by_name(tmp_path, key, kind):
    path = write(tmp_path, "peft", halves(transformer()))
    save_file({**load_file(path), key: torch.ones(2, 2)}, path)
    with pytest.raises(RefusedError, match=kind) as refused:
        look_at(path, "the file", "path")
    assert refused.value.code is ErrorCode.CANNOT_HEAR


def test_a_lokr_with_everything_that_its_tools_write_is_named_a_lokr(tmp_path):
    """The keys of a file that a user could not load: Comfy-Org/ComfyUI issue 12638."""
    layers = ("condition_embedder", "layers_0_cross_attn_k_proj", "time_embed_time_proj")
    parts = ("alpha", "dora_scale", "lokr_w1", "lokr_w2_a", "lokr_w2_b")
    tensors = {f"lycoris_{layer}.{part}": torch.ones(2, 2) for layer in layers for part in parts}
    save_file(tensors, tmp_path / "x.safetensors")
    with pytest.raises(RefusedError, match="LoKr"):
        look_at(tmp_path / "x.safetensors", "the file", "path")


@pytest.mark.parametrize("config", [{"use_dora": True}, {"peft_type": "LOKR"}])
def test_a_configuration_of_another_kind_is_refused(tmp_path, config):
    path = write(tmp_path, "peft", halves(transformer()))
    (tmp_path / "adapter_config.json").write_text(json.dumps({"r": RANK, **config}))
    with pytest.raises(RefusedError, match=r"DoRA|LOKR") as refused:
        look_at(path, "the file", "path")
    assert refused.value.code is ErrorCode.CANNOT_HEAR
