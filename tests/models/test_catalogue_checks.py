"""What is refused before anything is loaded, on real folders that were damaged in one place each."""

import json
import pickle
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_acestep import TinySizes, save_tiny_acestep

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.models.catalogue.checks import check_folder
from engine_host.models.catalogue.fingerprint import fingerprint
from engine_host.models.catalogue.headers import read_header
from engine_host.models.catalogue.shards import read_weights
from engine_host.models.catalogue.sizes import check_sizes

STEM = "diffusion_pytorch_model.safetensors"
REQUIRED = ("transformer", "condition_encoder", "vae", "text_encoder", "tokenizer")


@pytest.fixture
def folder(tiny_acestep, tmp_path):
    return shutil.copytree(tiny_acestep, tmp_path / "model")


def refused(folder, code):
    with pytest.raises(RefusedError) as error:
        check_sizes(check_folder(folder))
    assert (error.value.code, error.value.field) == (code, "model")
    return error.value.message


def test_a_folder_as_save_pretrained_writes_it_passes_and_counts_every_number(tiny_acestep):
    from diffusers import AceStepPipeline  # noqa: PLC0415 - takes seconds

    checked = check_folder(tiny_acestep)
    check_sizes(checked)
    pipeline = AceStepPipeline.from_pretrained(tiny_acestep, local_files_only=True)
    counted = 0
    for name in checked.weights:
        counted += sum(t.numel() for t in getattr(pipeline, name).state_dict().values())
    assert checked.elements == counted
    assert checked.family.name == "acestep"
    assert not checked.remarks


def test_a_header_tells_what_the_safetensors_library_reads(tiny_acestep):
    path = tiny_acestep / "transformer" / STEM
    header, tensors = read_header(path), load_file(path)
    assert header.keys() == tensors.keys()
    assert len(header) > 50
    assert all(header[name].shape == tuple(tensors[name].shape) for name in tensors)
    assert sum(entry.elements for entry in header.values()) == sum(
        tensor.numel() for tensor in tensors.values()
    )


@pytest.mark.parametrize("part", REQUIRED)
def test_a_missing_part_is_named(folder, part):
    shutil.rmtree(folder / part)
    assert part in refused(folder, ErrorCode.FILE_MISSING)


def test_what_only_covers_need_may_be_missing(tmp_path):
    tiny = save_tiny_acestep(tmp_path / "tiny", TinySizes(layers=2), structure=False)
    check_sizes(checked := check_folder(tiny))
    assert "audio_tokenizer" not in checked.weights


def test_a_part_that_is_named_and_not_there_is_refused_even_if_it_is_optional(folder):
    shutil.rmtree(folder / "audio_tokenizer")
    assert "audio_tokenizer" in refused(folder, ErrorCode.FILE_MISSING)


def test_missing_weights_and_a_missing_index_are_named(folder, tmp_path):
    (folder / "vae" / STEM).unlink()
    assert "vae" in refused(folder, ErrorCode.FILE_MISSING)
    (folder / "model_index.json").unlink()
    assert "model_index.json" in refused(folder, ErrorCode.FILE_MISSING)
    assert "no folder" in refused(tmp_path / "nowhere", ErrorCode.FILE_MISSING)


@pytest.mark.parametrize("cut", [1, 1000, -4])
def test_a_file_that_is_cut_off_or_too_long_is_refused(folder, cut):
    path = folder / "transformer" / STEM
    data = path.read_bytes()
    path.write_bytes(data[:-cut] if cut > 0 else data + bytes(-cut))
    message = refused(folder, ErrorCode.FILE_BROKEN)
    assert STEM in message
    assert ("cut off" in message) == (cut > 0)


@pytest.mark.parametrize(
    "data", [b"", b"\x08\0\0\0\0\0\0\0{}", b"not safetensors at all" * 9, bytes(4096)]
)
def test_rubbish_in_place_of_weights_is_refused(folder, data):
    (folder / "transformer" / STEM).write_bytes(data)
    assert STEM in refused(folder, ErrorCode.FILE_BROKEN)


@pytest.mark.parametrize("suffix", ["bin", "pt", "pth", "ckpt", "pkl"])
def test_a_pickle_in_a_part_is_refused_by_its_name_and_never_opened(folder, suffix, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    name = f"pytorch_model.{suffix}"
    (folder / "text_encoder" / name).write_bytes(pickle.dumps(Bomb()))
    assert name in refused(folder, ErrorCode.FILE_BROKEN)
    assert not (tmp_path / "ran").exists()


def test_a_pickle_beside_the_parts_is_left_alone_and_told(folder):
    (folder / "silence_latent.pt").write_bytes(pickle.dumps(3))
    (remark,) = check_folder(folder).remarks
    assert "silence_latent.pt" in remark


def test_another_family_another_class_and_no_json_are_refused(folder):
    index = folder / "model_index.json"
    told = json.loads(index.read_text())
    index.write_text(json.dumps(told | {"transformer": ["diffusers", "UNet2DModel"]}))
    assert "UNet2DModel" in refused(folder, ErrorCode.BAD_FIELD)
    index.write_text(json.dumps(told | {"_class_name": "StableDiffusionPipeline"}))
    assert "StableDiffusionPipeline" in refused(folder, ErrorCode.BAD_FIELD)
    index.write_text("{")
    assert "model_index.json" in refused(folder, ErrorCode.FILE_BROKEN)


def test_quantised_weights_are_refused(folder):
    path = folder / "transformer" / STEM
    tensors = load_file(path)
    tensors["condition_embedder.bias"] = tensors["condition_embedder.bias"].to(torch.float8_e4m3fn)
    save_file(tensors, path)
    assert "F8_E4M3" in refused(folder, ErrorCode.BAD_FIELD)


def test_weights_of_another_size_than_their_config_are_refused(folder):
    path = folder / "transformer" / "config.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told | {"hidden_size": 2 * told["hidden_size"]}))
    assert "transformer" in refused(folder, ErrorCode.BAD_FIELD)


@pytest.mark.parametrize("part", ["transformer", "text_encoder", "vae"])
def test_a_tensor_that_is_missing_is_named(folder, part):
    (path,) = (folder / part).glob("*.safetensors")
    tensors = load_file(path)
    gone = sorted(tensors)[len(tensors) // 2]
    del tensors[gone]
    save_file(tensors, path)
    assert gone in refused(folder, ErrorCode.BAD_FIELD)


def test_a_text_encoder_out_of_a_language_models_file_is_taken(folder):
    (path,) = (folder / "text_encoder").glob("*.safetensors")
    tensors = {f"model.{name}": value for name, value in load_file(path).items()}
    save_file(tensors | {"lm_head.weight": torch.zeros(2, 2)}, path)
    check_sizes(check_folder(folder))


def test_a_config_that_its_class_does_not_take_is_refused(folder):
    path = folder / "vae" / "config.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told | {"downsampling_ratios": "many"}))
    assert "vae" in refused(folder, ErrorCode.BAD_FIELD)


@pytest.fixture
def sharded(tiny_acestep, tmp_path):
    """The transformer as diffusers writes it where it is too large for one file."""
    from diffusers import AceStepTransformer1DModel  # noqa: PLC0415 - takes seconds

    model = AceStepTransformer1DModel.from_pretrained(tiny_acestep / "transformer")
    model.save_pretrained(tmp_path / "transformer", max_shard_size="500KB")
    assert len(list((tmp_path / "transformer").glob("*.safetensors"))) > 1
    return tmp_path / "transformer"


def test_shards_hold_what_one_file_would(tiny_acestep, sharded):
    one, many = read_weights(tiny_acestep / "transformer"), read_weights(sharded)
    assert {n: e.shape for n, e in one.tensors.items()} == {
        n: e.shape for n, e in many.tensors.items()
    }


def test_a_missing_or_truncated_shard_is_named(sharded):
    last = sorted(sharded.glob("*.safetensors"))[-1]
    data = last.read_bytes()
    last.write_bytes(data[: len(data) // 2])
    with pytest.raises(RefusedError, match=last.name) as error:
        read_weights(sharded)
    assert error.value.code is ErrorCode.FILE_BROKEN
    last.unlink()
    with pytest.raises(RefusedError, match=last.name) as error:
        read_weights(sharded)
    assert error.value.code is ErrorCode.FILE_MISSING


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told["metadata"].update(total_size=1),
        lambda told: told["weight_map"].update(extra=next(iter(told["weight_map"].values()))),
        lambda told: told["weight_map"].update(extra="../outside.safetensors"),
        lambda told: told["weight_map"].update(extra=3),
        lambda told: told.update(weight_map={}),
        lambda told: told.update(weight_map=[]),
    ],
)
def test_an_index_that_tells_of_other_tensors_or_places_is_refused(sharded, change):
    (index,) = sharded.glob("*.index.json")
    told = json.loads(index.read_text())
    change(told)
    index.write_text(json.dumps(told))
    with pytest.raises(RefusedError, match=r"index\.json") as error:
        read_weights(sharded)
    assert error.value.code is ErrorCode.FILE_BROKEN


def test_other_weights_of_the_same_shapes_have_another_fingerprint(folder):
    before = fingerprint(check_folder(folder))
    assert before == fingerprint(check_folder(folder))
    path = folder / "transformer" / STEM
    tensors = load_file(path)
    tensors["layers.1.mlp.up_proj.weight"] += 1e-3
    save_file(tensors, path, metadata={"format": "pt"})
    assert fingerprint(check_folder(folder)) != before


def test_the_second_family_passes_the_same_checks_and_is_damaged_in_the_same_ways(
    tiny_stable_audio, tmp_path
):
    checked = check_folder(tiny_stable_audio)
    check_sizes(checked)
    assert checked.family.name == "stable-audio"
    assert checked.elements > 10_000
    folder = shutil.copytree(tiny_stable_audio, tmp_path / "model")
    path = folder / "transformer" / "config.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told | {"depth": told["depth"] + 1}))
    assert "transformer" in refused(folder, ErrorCode.BAD_FIELD)
    shutil.rmtree(folder / "duration_embedder")
    assert "duration_embedder" in refused(folder, ErrorCode.FILE_MISSING)
