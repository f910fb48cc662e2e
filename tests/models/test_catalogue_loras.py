"""LoRAs that a model is loaded for, against the configs of a folder and before it is loaded."""

import pytest
import torch
from diffusers import AceStepTransformer1DModel
from lora_files import halves, write

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.models.catalogue.checks import check_folder
from engine_host.models.catalogue.choice import ModelChoice
from engine_host.models.catalogue.loading import check_model
from engine_host.models.catalogue.loras import AskedLora, check_loras
from engine_host.models.catalogue.sizes import linear_sizes
from engine_host.models.lora.adapter import sizes_of
from engine_host.models.lora.library import Card, LoraLibrary

FIELD = "--merge-lora"


@pytest.fixture(scope="module")
def transformer(tiny_acestep):
    return AceStepTransformer1DModel.from_pretrained(tiny_acestep / "transformer")


@pytest.fixture(scope="module")
def pairs(transformer):
    return {"queries": halves(transformer, 0), "keys": halves(transformer, 1, targets=["to_k"])}


@pytest.fixture(autouse=True)
def library(tmp_path, monkeypatch, pairs):
    monkeypatch.setenv("ANACRUSIS_LORAS", str(tmp_path / "loras"))
    wide = {name: (down[:, :-1], up) for name, (down, up) in pairs["keys"].items()}
    for name, told in (*pairs.items(), ("wide", wide)):
        write(tmp_path / name, "peft", told)
        LoraLibrary().add(tmp_path / name, name, Card(), "PATH")


def numbers(pairs):
    return sum(down.numel() + up.numel() for down, up in pairs.values())


def test_the_layers_by_the_config_are_those_of_the_loaded_transformer(tiny_acestep, transformer):
    assert linear_sizes(check_folder(tiny_acestep), "transformer") == sizes_of(transformer)


@pytest.mark.parametrize("merged", [False, True])
@pytest.mark.parametrize(
    ("name", "code"),
    [("nowhere", ErrorCode.FILE_MISSING), ("wide", ErrorCode.CANNOT_HEAR)],
)
def test_one_that_is_not_there_or_does_not_fit_is_refused_by_its_field(
    tiny_acestep, name, code, merged
):
    asked = (AskedLora("keys", FIELD), AskedLora(name, FIELD, merged))
    with pytest.raises(RefusedError, match=name) as refused:
        check_model(ModelChoice(str(tiny_acestep)), loras=asked)
    assert (refused.value.code, refused.value.field) == (code, FIELD)


def test_a_family_without_loras_refuses_them(tiny_stable_audio):
    with pytest.raises(RefusedError) as refused:
        check_model(ModelChoice(str(tiny_stable_audio)), loras=(AskedLora("keys", FIELD),))
    assert (refused.value.code, refused.value.field) == (ErrorCode.CANNOT_HEAR, FIELD)


def test_halves_count_once_and_each_layer_that_is_merged_a_second_time(
    tiny_acestep, transformer, pairs
):
    def counted(*asked):
        return check_loras(check_folder(tiny_acestep), "tiny", asked)

    def weights(names):
        return sum(transformer.get_submodule(name).weight.numel() for name in names)

    queries, keys = pairs["queries"], pairs["keys"]
    assert queries.keys() & keys.keys()  # so a layer that both change counts once
    placed, merged = AskedLora("queries", "--lora"), AskedLora("queries", FIELD, merged=True)
    too = AskedLora("keys", FIELD, merged=True)
    assert counted() == 0
    assert counted(placed) == numbers(queries)
    assert counted(placed, merged) == numbers(queries) + weights(queries)
    both = numbers(queries) + numbers(keys) + weights(queries.keys() | keys.keys())
    assert counted(merged, too) == both


def test_they_count_in_the_memory_that_is_needed(tiny_acestep, pairs):
    choice = ModelChoice(str(tiny_acestep))
    asked = (AskedLora("keys", "--lora"),)
    bare, dressed = check_model(choice).plan, check_model(choice, loras=asked).plan
    grown = numbers(pairs["keys"]) * torch.float32.itemsize
    assert dressed.needed - bare.needed == grown
    with pytest.raises(RefusedError) as refused:
        check_model(choice, free=lambda device: bare.needed, loras=asked)
    assert refused.value.code is ErrorCode.LIMIT
