import pickle

import pytest
import torch
from lora_files import RANK, halves, transformer, write
from safetensors.torch import load_file, save_file

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.models.lora.adapter import sizes_of
from engine_host.models.lora.file import find_lora, fitting, load, look_at


@pytest.fixture
def path(tmp_path):
    return write(tmp_path, "peft", halves(transformer()))


def refused(call, *given):
    with pytest.raises(RefusedError) as caught:
        call(*given, "--lora")
    assert caught.value.field == "--lora"
    return caught.value


def test_a_file_says_its_ranks(path):
    assert look_at(path, "x", "--lora").ranks == (RANK,)


def test_a_pickle_is_refused_unopened(tmp_path):
    class Bomb:
        def __reduce__(self):
            return pytest.fail, ("it was unpickled",)

    for name, protocol in (("a.safetensors", 2), ("b.safetensors", 4)):
        path = tmp_path / name
        path.write_bytes(pickle.dumps(Bomb(), protocol=protocol))
        error = refused(look_at, path, "x")
        assert error.code is ErrorCode.FILE_BROKEN
        assert "pickle" in error.message


def test_a_checkpoint_of_torch_is_named_a_pickle(tmp_path):
    torch.save({"a": torch.ones(2)}, tmp_path / "x.safetensors")
    assert "pickle" in refused(look_at, tmp_path / "x.safetensors", "x").message


@pytest.mark.parametrize("content", [b"", b"rubbish" * 99, b"\xff" * 4000, bytes(64)])
def test_rubbish_is_refused(tmp_path, content):
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    assert refused(look_at, path, "x").code is ErrorCode.FILE_BROKEN


@pytest.mark.parametrize("kept", [0.3, 0.99])
def test_a_truncated_file_is_refused(path, kept):
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole))])
    assert refused(look_at, path, "x").code is ErrorCode.FILE_BROKEN


def test_weights_that_are_no_lora_are_refused(tmp_path):
    path = tmp_path / "x.safetensors"
    save_file({"layers.0.self_attn.to_q.weight": torch.ones(4, 4)}, path)
    error = refused(look_at, path, "x")
    assert error.code is ErrorCode.FILE_BROKEN
    assert "layers.0.self_attn.to_q.weight" in error.message


def test_a_lost_half_is_named(path):
    tensors = load_file(path)
    lost = next(key for key in tensors if "lora_B" in key)
    del tensors[lost]
    save_file(tensors, path)
    error = refused(look_at, path, "x")
    assert error.code is ErrorCode.FILE_BROKEN
    assert lost.removesuffix(".lora_B.weight") in error.message


def test_halves_of_different_rank_are_refused_with_both(path):
    tensors = load_file(path)
    key = next(key for key in tensors if "lora_A" in key)
    save_file({**tensors, key: tensors[key][:3].contiguous()}, path)
    error = refused(look_at, path, "x")
    assert error.code is ErrorCode.FILE_BROKEN
    assert "3" in error.message
    assert str(RANK) in error.message


def test_another_rank_than_the_configurations_is_refused_with_both(path):
    (path.parent / "adapter_config.json").write_text('{"r": 8, "lora_alpha": 16}')
    error = refused(look_at, path, "x")
    assert error.code is ErrorCode.FILE_BROKEN
    assert "rank 4" in error.message
    assert "8" in error.message


@pytest.mark.parametrize("text", ["{", '{"r": "four"}', "[]", '{"lora_alpha": NaN}', "\xff"])
def test_a_broken_configuration_is_refused(path, text):
    (path.parent / "adapter_config.json").write_bytes(text.encode("latin-1"))
    assert refused(look_at, path, "x").code is ErrorCode.FILE_BROKEN


@pytest.mark.parametrize("count", [0, 2])
def test_an_alpha_that_is_not_one_number_is_refused(path, count):
    tensors = load_file(path)
    layer = next(iter(tensors)).partition(".lora_")[0]
    save_file({**tensors, f"{layer}.alpha": torch.ones(count)}, path)
    assert refused(look_at, path, "x").code is ErrorCode.FILE_BROKEN


def test_a_file_of_nothing_is_refused(tmp_path):
    save_file({}, tmp_path / "x.safetensors")
    assert refused(look_at, tmp_path / "x.safetensors", "x").code is ErrorCode.FILE_BROKEN


def test_integers_are_refused(path):
    save_file({key: w.to(torch.int8) for key, w in load_file(path).items()}, path)
    assert refused(look_at, path, "x").code is ErrorCode.CANNOT_HEAR


def test_a_convolution_is_refused(path):
    tensors = load_file(path)
    key = next(key for key in tensors if "lora_A" in key)
    save_file({**tensors, key: tensors[key].unsqueeze(-1).contiguous()}, path)
    assert "linear" in refused(look_at, path, "x").message


def test_another_models_size_is_refused_with_both_sizes(tmp_path):
    path = write(tmp_path, "peft", halves(transformer(hidden=40)))
    error = refused(fitting, look_at(path, "x", "--lora"), sizes_of(transformer()), "tiny")
    assert error.code is ErrorCode.CANNOT_HEAR
    assert "40 in" in error.message
    assert "32 in" in error.message


def test_a_deeper_models_lora_is_refused_with_the_layer(tmp_path):
    path = write(tmp_path, "comfyui", halves(transformer(layers=3)))
    error = refused(fitting, look_at(path, "x", "--lora"), sizes_of(transformer()), "tiny")
    assert error.code is ErrorCode.CANNOT_HEAR
    assert "layers.2." in error.message


def test_one_layer_twice_under_two_spellings_is_refused(path):
    tensors = load_file(path)
    again = {key.replace("base_model.model.", "decoder."): w.clone() for key, w in tensors.items()}
    save_file({**tensors, **again}, path)
    file = look_at(path, "x", "--lora")
    error = refused(fitting, file, sizes_of(transformer()), "tiny")
    assert "twice" in error.message


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_no_numbers_are_refused_at_loading(path, value):
    tensors = load_file(path)
    next(iter(tensors.values()))[0, 0] = value
    save_file(tensors, path)
    file = look_at(path, "x", "--lora")
    placed = fitting(file, sizes_of(transformer()), "tiny", "--lora")
    error = refused(load, file, placed, torch.ones(()), "x")
    assert error.code is ErrorCode.NOT_FINITE


def test_a_folder_needs_one_safetensors_file(tmp_path, path):
    assert find_lora(path.parent, "--lora") == path
    assert refused(find_lora, tmp_path / "nowhere").code is ErrorCode.FILE_MISSING
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "lora.bin").write_bytes(b"x")
    assert refused(find_lora, tmp_path / "empty").code is ErrorCode.FILE_MISSING
    (path.parent / "second.safetensors").write_bytes(b"x")
    assert "second.safetensors" in refused(find_lora, path.parent).message


def test_the_digest_hangs_on_the_file_and_on_its_configuration(path):
    first = look_at(path, "x", "--lora").digest()
    assert first == look_at(path, "y", "--lora").digest()
    (path.parent / "adapter_config.json").write_text('{"r": 4, "lora_alpha": 11}')
    assert look_at(path, "x", "--lora").digest() != first
