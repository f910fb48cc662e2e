"""LoRAs on the built-in model: in PyTorch where one sounds, as ever where none does."""

import pytest
import torch
from house_helpers import given, random_latents
from lora_files import halves, write
from safetensors.torch import load_file

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.models.house.config import WEIGHTS, load_config
from engine_host.models.house.flow import load_flow
from engine_host.models.house.model import load_house_model
from engine_host.models.interface import AdaptableModel
from engine_host.models.lora.adapter import sizes_of
from engine_host.models.lora.library import Card, LoraLibrary

WIDTH = load_config().transformer["hidden_size"]


class Layers(torch.nn.Module):
    """The linear layers of the house model's transformer that these LoRAs change."""

    def __init__(self, width=WIDTH):
        super().__init__()
        self.layers = torch.nn.ModuleList(
            torch.nn.ModuleDict(
                {"self_attn": torch.nn.ModuleDict({"to_q": torch.nn.Linear(width, width)})}
            )
            for _ in range(2)
        )


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    made = LoraLibrary(tmp_path_factory.mktemp("loras"))
    for name, seed in (("one", 0), ("two", 1)):
        folder = tmp_path_factory.mktemp(name)
        write(folder, "peft", halves(Layers(), seed, targets=("to_q",)))
        made.add(folder, name, Card((f"{name}!",), 0.5), "PATH")
    folder = tmp_path_factory.mktemp("wide")
    write(folder, "peft", halves(Layers(2 * WIDTH), targets=("to_q",)))
    made.add(folder, "wide", Card(), "PATH")
    return made


@pytest.fixture(scope="module")
def model(library):
    return load_house_model(accelerator="onnx", loras=library)


def condition(model, *names):
    return model.condition(given(40, "techno", adapters=names))


X, T = random_latents(120).view(3, 40, 64), torch.tensor([0.9, 0.5, 0.2])


def test_it_hears_loras_and_says_which_fit(model):
    assert "lora" in model.capabilities
    assert isinstance(model, AdaptableModel)
    assert [(info.name, info.fits) for info in model.adapters.infos()] == [
        ("one", True),
        ("two", True),
        ("wide", False),
    ]
    with pytest.raises(RefusedError, match=f"{2 * WIDTH} in.*{WIDTH} in") as refused:
        condition(model, "wide")
    assert (refused.value.code, refused.value.field) == (ErrorCode.CANNOT_HEAR, "lora_1")


def test_the_sizes_it_tells_without_pytorch_are_those_of_its_transformer(model):
    weights = {name: w.float() for name, w in load_file(WEIGHTS / "dit.safetensors").items()}
    assert model.adapters.sizes == sizes_of(load_flow(weights, load_config()).transformer)


def test_a_batch_of_loras_and_none_gives_each_row_what_it_has_alone(model):
    rows = [condition(model, "one"), condition(model), condition(model, "", "two")]
    strengths = torch.ones(3, 4, 40) * torch.tensor([0.5, 1.0, 2.0]).view(3, 1, 1)
    mixed = model.velocity(X, T, rows, strengths)
    plain = model.velocity(X, T, [rows[1]] * 3)
    assert torch.equal(mixed[1], plain[1])
    assert float((mixed - plain)[[0, 2]].abs().amax((1, 2)).min()) > 0.01
    for row in (0, 2):
        alone = model.velocity(X, T, [rows[row]] * 3, strengths[[row] * 3])
        assert torch.equal(alone[row], mixed[row])


def test_zero_strength_gives_the_bits_of_a_batch_without_loras(model):
    plain = model.velocity(X, T, [condition(model)] * 3)
    chosen = [condition(model, "one", "two")] * 3
    strengths = torch.zeros(3, 4, 40)
    strengths[:, 2:] = 1.0  # of places in which there is none
    assert torch.equal(model.velocity(X, T, chosen, strengths), plain)
    assert torch.equal(model.velocity(X, T, chosen), plain)


def test_a_strength_that_rises_in_the_second_half_is_heard_there_first(model):
    lora = condition(model, "one")
    strengths = torch.zeros(1, 4, 40)
    strengths[:, 0, 20:] = 1.0
    change = model.velocity(X[:1], T[:1], [lora], strengths) - model.velocity(X[:1], T[:1], [lora])
    by_frame = change[0].abs().mean(-1)
    assert float(by_frame[24:].mean()) > 3 * float(by_frame[:16].mean())


def test_its_words_stay_the_same_for_they_tell_renders_apart(library):
    fresh = load_house_model(accelerator="onnx", loras=library)
    before = fresh.accelerator
    condition(fresh, "one")
    assert fresh.accelerator == before


def test_pytorch_and_onnxruntime_agree_on_a_lora(model, library):
    eager = load_house_model(accelerator="eager", loras=library)
    strengths = torch.full((1, 4, 40), 0.8)
    one, other = (
        m.velocity(X[:1], T[:1], [condition(m, "one")], strengths) for m in (model, eager)
    )
    torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


def test_merged_it_sounds_as_kept_apart_where_pytorch_runs_it(library, model):
    with pytest.raises(RefusedError, match="--accelerator eager") as refused:
        model.merge([("one", 1.0)], "--merge-lora")
    assert (refused.value.code, refused.value.field) == (ErrorCode.CANNOT_HEAR, "--merge-lora")
    eager = load_house_model(accelerator="eager", loras=library)
    rows = [condition(eager, "one")] * 3
    wanted = eager.velocity(X, T, rows, torch.full((3, 1, 40), 0.5))
    eager.merge([("one", 0.5)], "--merge-lora")
    merged = eager.velocity(X, T, [condition(eager)] * 3)
    torch.testing.assert_close(merged, wanted, rtol=1e-4, atol=1e-4)
    eager.merge([], "--merge-lora")
    assert not torch.allclose(eager.velocity(X, T, rows), merged)
