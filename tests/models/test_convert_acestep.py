import json
import pickle
import shutil
import zipfile

import numpy as np
import pytest
import torch
from original_acestep import save_sharded, write_original
from safetensors.torch import load_file, save_file

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.models.acestep.convert import convert, silence_of
from engine_host.models.acestep.torch_zip import read_torch_tensor
from engine_host.models.catalogue.checks import check_folder
from engine_host.models.catalogue.originals import original_at
from engine_host.models.catalogue.sizes import check_sizes

PARTS = ("transformer", "condition_encoder", "audio_tokenizer", "audio_token_detokenizer")


def quiet(done, total):
    assert 0 < done <= total


@pytest.fixture
def original(tiny_acestep, tmp_path):
    return write_original(tiny_acestep, tmp_path / "checkpoints")


def tensors_of(folder):
    return {
        k: v for path in sorted(folder.glob("*.safetensors")) for k, v in load_file(path).items()
    }


def same_tensors(one, other):
    assert one.keys() == other.keys()
    assert len(one) > 5
    return all(torch.equal(one[key], other[key]) for key in one)


def test_a_checkpoint_that_went_to_the_original_layout_and_back_has_every_tensor_as_it_was(
    tiny_acestep, original, tmp_path
):
    out = convert(original_at(original), tmp_path / "models" / "back", quiet)
    for part in (*PARTS, "vae", "text_encoder"):
        assert same_tensors(tensors_of(tiny_acestep / part), tensors_of(out / part)), part


def test_the_converted_folder_has_the_configs_that_the_classes_were_built_with(
    tiny_acestep, original, tmp_path
):
    out = convert(original_at(original), tmp_path / "back", quiet)
    for part in PARTS:
        ours, theirs = (
            json.loads((folder / part / "config.json").read_text())
            for folder in (out, tiny_acestep)
        )
        known = {"encoder_hidden_size", "layer_types"}  # may be told as None, the default
        for key in theirs.keys() - {"_diffusers_version", *known}:
            assert ours[key] == theirs[key], (part, key)


def test_a_converted_checkpoint_passes_every_check_and_loads_by_from_pretrained(original, tmp_path):
    from diffusers import AceStepPipeline  # noqa: PLC0415 - takes seconds

    out = convert(original_at(original), tmp_path / "back", quiet)
    check_sizes(check_folder(out))
    pipeline = AceStepPipeline.from_pretrained(out, local_files_only=True)
    assert pipeline.audio_tokenizer is not None
    assert pipeline.condition_encoder.silence_latent.abs().max() > 0.5


def test_the_encoders_of_an_xl_checkpoint_keep_their_own_widths(tmp_path):
    from tiny_acestep import XL, save_tiny_acestep  # noqa: PLC0415 - takes seconds

    tiny = save_tiny_acestep(tmp_path / "tiny", XL)
    original = write_original(tiny, tmp_path / "checkpoints", name="acestep-v15-xl-turbo")
    out = convert(original_at(original), tmp_path / "back", quiet)
    check_sizes(check_folder(out))
    told = json.loads((out / "transformer" / "config.json").read_text())
    assert (told["hidden_size"], told["encoder_hidden_size"]) == (96, 64)
    assert same_tensors(tensors_of(tiny / "transformer"), tensors_of(out / "transformer"))


def test_large_parts_are_written_as_shards_with_an_index_and_hold_the_same(
    tiny_acestep, original, tmp_path
):
    out = convert(original_at(original), tmp_path / "back", quiet, max_shard_bytes=100_000)
    names = sorted(path.name for path in (out / "transformer").glob("*.safetensors"))
    assert len(names) > 3
    assert (
        max(path.stat().st_size for path in (out / "transformer").glob("*.safetensors")) < 150_000
    )
    check_folder(out)
    assert same_tensors(tensors_of(tiny_acestep / "transformer"), tensors_of(out / "transformer"))


def test_an_interrupted_conversion_goes_on_with_the_shards_it_has(original, tmp_path):
    class StoppedError(Exception):
        pass

    def stop_halfway(done, total):
        if 2 * done > total:
            raise StoppedError

    out = tmp_path / "back"
    with pytest.raises(StoppedError):
        convert(original_at(original), out, stop_halfway, max_shard_bytes=100_000)
    assert not out.exists()
    partial = tmp_path / ".back.partial"
    kept = {path: path.stat().st_mtime_ns for path in partial.rglob("*.safetensors")}
    assert len(kept) > 3
    convert(original_at(original), out, quiet, max_shard_bytes=100_000)
    moved = {partial / path.relative_to(out): path for path in out.rglob("*.safetensors")}
    assert all(moved[path].stat().st_mtime_ns == stamp for path, stamp in kept.items())
    assert len(moved) > len(kept)
    assert not partial.exists()
    check_sizes(check_folder(out))


def test_what_another_conversion_left_is_not_taken_up(original, tmp_path):
    partial = tmp_path / ".back.partial"
    (partial / "transformer").mkdir(parents=True)
    (partial / "conversion.json").write_text("{}")
    stale = partial / "transformer" / "diffusion_pytorch_model.safetensors"
    save_file({"x": torch.zeros(1)}, stale)
    out = convert(original_at(original), tmp_path / "back", quiet)
    check_sizes(check_folder(out))


def test_a_model_that_is_there_is_not_written_over(original, tmp_path):
    (tmp_path / "back").mkdir()
    with pytest.raises(RefusedError) as refused:
        convert(original_at(original), tmp_path / "back", quiet)
    assert refused.value.code is ErrorCode.BAD_ORDER


def test_without_room_on_the_disk_nothing_is_written(original, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=10_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(RefusedError) as refused:
        convert(original_at(original), tmp_path / "back", quiet)
    assert refused.value.code is ErrorCode.LIMIT
    assert not (tmp_path / "back").exists()


def test_a_checkpoint_without_its_silence_is_refused(original, tmp_path):
    (original / "acestep-v15-turbo" / "silence_latent.pt").unlink()
    with pytest.raises(RefusedError, match="silence_latent"):
        convert(original_at(original), tmp_path / "back", quiet)


@pytest.mark.parametrize("suffix", [".safetensors", ".npy"])
def test_the_silence_may_be_kept_without_a_pickle(original, suffix):
    folder = original / "acestep-v15-turbo"
    wanted = silence_of(folder, 8)
    (folder / "silence_latent.pt").unlink()
    if suffix == ".npy":
        np.save(folder / "silence_latent.npy", wanted.transpose(1, 2).numpy())
    else:
        save_file({"silence": wanted.clone()}, folder / "silence_latent.safetensors")
    assert torch.equal(silence_of(folder, 8), wanted)


def test_a_checkpoint_with_a_part_missing_is_refused_by_its_name(original, tmp_path):
    folder = original / "acestep-v15-turbo"
    tensors = tensors_of(folder)
    shutil.rmtree(folder / "none", ignore_errors=True)
    for path in folder.glob("model*"):
        path.unlink()
    save_sharded({k: v for k, v in tensors.items() if not k.startswith("detok")}, folder, 1)
    with pytest.raises(RefusedError, match="detokenizer"):
        convert(original_at(original), tmp_path / "back", quiet)


def test_a_checkpoint_without_its_codec_is_refused(original):
    shutil.rmtree(original / "vae")
    with pytest.raises(RefusedError) as refused:
        original_at(original)
    assert refused.value.code is ErrorCode.FILE_MISSING
    assert "vae" in refused.value.message


def test_of_two_models_in_a_folder_one_has_to_be_named(original):
    shutil.copytree(original / "acestep-v15-turbo", original / "acestep-v15-base")
    with pytest.raises(RefusedError, match="acestep-v15-base, acestep-v15-turbo"):
        original_at(original)
    assert original_at(original / "acestep-v15-base").transformer.name == "acestep-v15-base"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_a_tensor_of_torch_save_is_read_without_unpickling(tmp_path, monkeypatch, dtype):
    tensor = torch.randn(1, 8, 15, generator=torch.Generator().manual_seed(3)).to(dtype)
    torch.save(tensor, tmp_path / "x.pt")
    monkeypatch.setattr(pickle, "Unpickler", None)
    monkeypatch.setattr(torch, "load", None)
    assert torch.equal(read_torch_tensor(tmp_path / "x.pt"), tensor)


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_a_pickle_that_would_run_something_is_refused_and_runs_nothing(tmp_path):
    torch.save({"x": torch.zeros(3), "bomb": Bomb(tmp_path / "ran")}, tmp_path / "x.pt")
    with pytest.raises(RefusedError, match="no plain tensor"):
        read_torch_tensor(tmp_path / "x.pt")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "made",
    [
        lambda path: torch.save(torch.zeros(4, 6).T, path),
        lambda path: torch.save(torch.zeros(4, 6)[1:], path),
        lambda path: torch.save([torch.zeros(3), torch.zeros(4)], path),
        lambda path: torch.save(torch.zeros(3, dtype=torch.int64), path),
        lambda path: path.write_bytes(b"PK\x03\x04 but no zip"),
        lambda path: path.write_bytes(pickle.dumps(3)),
        lambda path: zipfile.ZipFile(path, "w").close(),
    ],
)
def test_anything_but_one_whole_tensor_of_floats_is_refused(tmp_path, made):
    made(tmp_path / "x.pt")
    with pytest.raises(RefusedError) as refused:
        read_torch_tensor(tmp_path / "x.pt")
    assert refused.value.code is ErrorCode.FILE_BROKEN


def test_a_conversion_holds_one_shard_at_a_time(original, tmp_path, monkeypatch):
    held = []

    def noted(tensors, path, **options):
        held.append(sum(tensor.nbytes for tensor in tensors.values()))
        save_file(tensors, path, **options)

    monkeypatch.setattr("engine_host.models.acestep.convert.save_file", noted)
    convert(original_at(original), tmp_path / "back", quiet, max_shard_bytes=500_000)
    assert len(held) > 3
    assert max(held) <= 500_000  # and no single tensor is larger
