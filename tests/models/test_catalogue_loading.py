"""From a word of the user to a model that plays, or to a sentence that says why not."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.models.catalogue import ModelChoice, check_model
from engine_host.models.catalogue.adding import add_folder, differences
from engine_host.models.catalogue.checks import check_folder
from engine_host.models.catalogue.devices import device_of, dtype_of
from engine_host.models.catalogue.listing import listed_models
from engine_host.models.catalogue.memory import free_bytes, memory_plan
from engine_host.models.catalogue.places import library_place, place_of
from engine_host.models.catalogue.records import models_folder, read_record, write_record

REAL = {
    "transformer": {},
    "vae": {
        "downsampling_ratios": [2, 4, 4, 6, 10],
        "decoder_input_channels": 64,
        "sampling_rate": 48_000,
    },
}


@pytest.fixture(autouse=True)
def library(tmp_path, monkeypatch):
    monkeypatch.setenv("ANACRUSIS_MODELS", str(tmp_path / "library"))
    return tmp_path / "library"


def quiet(done, total):
    assert 0 < done <= total


def refused(choice, **options):
    with pytest.raises(RefusedError) as error:
        check_model(choice, **options)
    return error.value


def test_the_house_model_is_the_default_and_needs_nothing_from_outside():
    model = check_model(ModelChoice(accelerator="eager")).load()
    assert "grid" in model.capabilities
    assert model.accelerator.startswith("torch eager")


def test_a_path_loads_a_checkpoint_of_the_true_classes(tiny_acestep):
    model = check_model(ModelChoice(str(tiny_acestep), threads=1)).load()
    assert model.name == tiny_acestep.name
    assert model.geometry.latent_channels == 8


def test_the_second_family_loads_by_its_path_too(tiny_stable_audio):
    model = check_model(ModelChoice(str(tiny_stable_audio), threads=1)).load()
    assert model.geometry.sample_rate_hz == 44_100
    assert model.capabilities == {"text", "source", "inpaint"}
    checked = check_model(ModelChoice(str(tiny_stable_audio)))
    assert 0 < checked.plan.weights < 100_000_000


def test_a_name_loads_what_was_added_under_it(tiny_acestep):
    add_folder(tiny_acestep, "mine", quiet)
    assert library_place("mine").folder == tiny_acestep
    assert check_model(ModelChoice("mine", threads=1)).load().geometry.latent_channels == 8
    (listed,) = [one for one in listed_models() if one.name == "mine"]
    assert listed.ready
    assert listed.family == "acestep"


def test_a_folder_that_was_put_into_the_library_by_hand_has_its_name(tiny_acestep, library):
    shutil.copytree(tiny_acestep, library / "acestep-turbo")
    assert place_of("acestep-turbo").folder == library / "acestep-turbo"
    states = {one.name: one.state for one in listed_models()}
    assert states["acestep-turbo"] == "ready"
    assert states["acestep-xl-turbo"] == "not downloaded"
    assert next(iter(states)) == "house"


def test_a_known_model_that_is_not_here_says_how_to_get_it():
    error = refused(ModelChoice("acestep-xl-turbo"))
    assert error.code is ErrorCode.FILE_MISSING
    assert "anacrusis models download acestep-xl-turbo" in error.message


def test_an_unknown_name_and_an_empty_path_are_refused(tmp_path):
    assert "acestep-turbo" in refused(ModelChoice("acestep-tubro")).message
    assert refused(ModelChoice("./nowhere")).code is ErrorCode.FILE_MISSING
    (tmp_path / "empty").mkdir()
    assert "model_index.json" in refused(ModelChoice(str(tmp_path / "empty"))).message


def test_an_original_checkpoint_says_how_it_is_converted(tiny_acestep, tmp_path):
    from original_acestep import write_original  # noqa: PLC0415 - takes seconds

    original = write_original(tiny_acestep, tmp_path / "checkpoints")
    assert "anacrusis models add" in refused(ModelChoice(str(original))).message


def test_a_model_that_does_not_fit_is_refused_with_the_figures_before_it_is_loaded(tiny_acestep):
    error = refused(ModelChoice(str(tiny_acestep)), free=lambda device: 1 << 20)
    assert error.code is ErrorCode.LIMIT
    plan = memory_plan(
        check_folder(tiny_acestep), torch.device("cpu"), torch.float32, 1, lambda device: 1 << 20
    )
    assert plan.words() in error.message
    assert "1 MiB is free" in error.message


def test_a_memory_plan_counts_the_weights_that_are_loaded(tiny_acestep):
    checked, device = check_folder(tiny_acestep), torch.device("cpu")
    full = memory_plan(checked, device, torch.float32, 1, lambda _: None)
    half = memory_plan(checked, device, torch.bfloat16, 1, lambda _: None)
    assert full.weights == 4 * checked.elements == 2 * half.weights
    assert full.fits  # nobody knows what is free
    deeper = memory_plan(checked, device, torch.float32, 3, lambda _: None)
    assert deeper.working > full.working


def test_the_plans_of_the_real_sizes_are_what_the_page_says(tiny_acestep, tmp_path):
    """ACE-Step turbo's own numbers, by the classes' defaults, in a folder of configs alone."""
    from diffusers import (  # noqa: PLC0415 - takes seconds
        AceStepTransformer1DModel,
        AutoencoderOobleck,
    )

    for part, cls in (("transformer", AceStepTransformer1DModel), ("vae", AutoencoderOobleck)):
        with torch.device("meta"):
            model = cls(**REAL[part])
        (tmp_path / part).mkdir()
        (tmp_path / part / "config.json").write_text(model.to_json_string())
    checked = replace(check_folder(tiny_acestep), folder=tmp_path)
    plan = memory_plan(checked, torch.device("cuda"), torch.bfloat16, 1, lambda _: None)
    assert 0.9e9 < plan.working < 1.3e9


def test_free_memory_is_no_more_than_there_is():
    free = free_bytes(torch.device("cpu"))
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert 0 < free <= pages


@pytest.mark.parametrize(
    ("choice", "field"),
    [
        (ModelChoice(device="cuda"), "device"),
        (ModelChoice(dtype="bf16"), "dtype"),
    ],
)
def test_the_house_model_says_where_it_runs(choice, field):
    error = refused(choice)
    assert (error.code, error.field) == (ErrorCode.OUT_OF_RANGE, field)


@pytest.mark.parametrize("told", ["gpu", "cpu:1", "cuda:x", "cuda:99", ""])
def test_a_device_that_is_none_or_not_here_is_refused(told):
    with pytest.raises(RefusedError) as error:
        device_of(told)
    assert (error.value.code, error.value.field) == (ErrorCode.OUT_OF_RANGE, "device")


def test_on_a_processor_fp32_is_chosen_and_what_it_lacks_is_refused(monkeypatch):
    cpu = torch.device("cpu")
    assert dtype_of("auto", cpu) is torch.float32
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True})
    for told in ("bf16", "fp16", "int8"):
        with pytest.raises(RefusedError) as error:
            dtype_of(told, cpu)
        assert (error.value.code, error.value.field) == (ErrorCode.OUT_OF_RANGE, "dtype")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    assert dtype_of("bf16", cpu) is torch.bfloat16


def test_onnx_is_refused_where_a_family_has_none(tiny_acestep):
    error = refused(ModelChoice(str(tiny_acestep), accelerator="onnx"))
    assert (error.code, error.field) == (ErrorCode.OUT_OF_RANGE, "accelerator")


def test_weights_that_a_library_can_make_nothing_of_are_one_sentence(tiny_acestep, monkeypatch):
    checked = check_model(ModelChoice(str(tiny_acestep)))

    def fails(*where):
        raise RuntimeError("size mismatch\nand a long trace")

    monkeypatch.setattr("engine_host.models.acestep.loading.load_acestep", fails)
    with pytest.raises(RefusedError) as error:
        checked.load()
    assert error.value.code is ErrorCode.INTERNAL
    assert "size mismatch" in error.value.message
    assert "long trace" not in error.value.message


def test_the_identity_of_a_model_tells_its_weights_device_and_dtype(tiny_acestep):
    told = check_model(ModelChoice(str(tiny_acestep))).identity()
    assert told.keys() == {"name", "weights_sha256", "device", "dtype"}
    assert (told["device"], told["dtype"]) == ("cpu", "float32")
    assert check_model(ModelChoice()).identity().keys() == {"name", "weights_sha256"}


def test_a_name_is_taken_once_and_has_to_be_one(tiny_acestep):
    add_folder(tiny_acestep, "mine", quiet)
    for name, code in (
        ("mine", ErrorCode.BAD_ORDER),
        ("a/b", ErrorCode.BAD_FIELD),
        ("..", ErrorCode.BAD_FIELD),
        ("house", ErrorCode.BAD_FIELD),
        ("", ErrorCode.BAD_FIELD),
    ):
        with pytest.raises(RefusedError) as error:
            add_folder(tiny_acestep, name, quiet)
        assert error.value.code is code, name


def test_a_record_comes_back_as_it_was_written(tiny_acestep):
    add_folder(tiny_acestep, "mine", quiet)
    record = read_record(models_folder(), "mine")
    write_record(models_folder(), record)
    assert read_record(models_folder(), "mine") == record
    assert len(record.files) > 10
    assert sum(file.size for file in record.files.values()) > 1_000_000


def test_verifying_finds_what_was_changed_and_what_is_gone(tiny_acestep, tmp_path):
    folder = shutil.copytree(tiny_acestep, tmp_path / "copy")
    add_folder(folder, "mine", quiet)
    assert differences(library_place("mine"), quiet) == []
    path = folder / "vae" / "diffusion_pytorch_model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    (folder / "vae" / "config.json").unlink()
    found = " ".join(differences(library_place("mine"), quiet))
    assert "safetensors has been changed" in found
    assert "vae/config.json is missing" in found


def test_a_damaged_record_is_refused_by_its_name(library):
    library.mkdir()
    (library / "mine.json").write_text('{"folder": 3}')
    with pytest.raises(RefusedError, match=r"mine\.json"):
        place_of("mine")
    assert [one.ready for one in listed_models() if one.name == "mine"] == [False]


def test_the_house_model_and_the_help_cost_no_diffusers():
    code = (
        "import sys, engine_host.models.catalogue, engine_host.cli.app\n"
        "from engine_host.models.catalogue import ModelChoice, check_model\n"
        "check_model(ModelChoice(accelerator='auto')).load()\n"
        "sys.exit('diffusers' in sys.modules or 'transformers' in sys.modules)"
    )
    pytest.importorskip("onnxruntime")
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
