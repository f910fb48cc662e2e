"""LoRAs on ACE-Step: against diffusers' own pipeline with PEFT, and row by row in one batch."""

from dataclasses import replace

import pytest
import torch
from acestep_helpers import FRAMES, folder, given, greatest, latents, ring, stock_latents
from diffusers import AceStepPipeline, AceStepTransformer1DModel
from lora_files import SCALE, halves, write

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.diffusion.request import StepCell, StepState
from engine_host.models.acestep.loading import load_acestep
from engine_host.models.interface import AdaptableModel
from engine_host.models.lora.library import Card, LoraLibrary

ROUNDING = 2e-5
PROMPT = "slow trip hop, in C minor"
STOCK = {"prompt": PROMPT, "keyscale": "C minor"}


def transformer(kind):
    return AceStepTransformer1DModel.from_pretrained(folder(kind) / "transformer")


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    made = LoraLibrary(tmp_path_factory.mktemp("loras"))
    for name, kind, seed in (("one", "turbo", 0), ("two", "turbo", 1), ("wide", "xl", 0)):
        place = tmp_path_factory.mktemp(name)
        write(place, "peft", halves(transformer(kind), seed, size=0.1))
        made.add(place, name, Card(), "PATH")
    return made


@pytest.fixture(scope="module")
def model(library):
    return load_acestep(folder(), loras=library)


def strengths(*rows):
    curves = [[torch.as_tensor(s).float().expand(FRAMES) for s in row] for row in rows]
    return torch.stack([torch.stack(row) for row in curves])


def test_it_hears_loras_and_says_which_fit(model):
    assert isinstance(model, AdaptableModel)
    assert "lora" in model.capabilities
    assert [(i.name, i.fits) for i in model.adapters.infos()] == [
        ("one", True),
        ("two", True),
        ("wide", False),
    ]
    with pytest.raises(RefusedError, match=r"96 in.*64 in") as refused:
        model.condition(given(PROMPT, adapters=("", "wide")))
    assert (refused.value.code, refused.value.field) == (ErrorCode.CANNOT_HEAR, "lora_2")


def test_eight_steps_with_a_lora_are_the_stock_pipelines_with_alpha_over_rank_as_its_weight(
    model, library, monkeypatch
):
    pytest.importorskip("peft")
    pipeline = AceStepPipeline.from_pretrained(folder(), local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.load_lora_weights(
        str(library.folder / "one"), weight_name="one.safetensors", adapter_name="one"
    )
    pipeline.set_adapters(["one"], [0.8 * SCALE])
    state = replace(StepState.plain(FRAMES), adapters=strengths([0.8])[0])
    condition = model.condition(given(PROMPT, adapters=("one",)))
    ours, started = ring(model, condition, step_cell=StepCell(state))
    plain = stock_latents("turbo", started, **STOCK)
    monkeypatch.setattr("acestep_helpers.stock", lambda kind: pipeline)
    wanted = stock_latents("turbo", started, **STOCK)
    assert greatest(ours - wanted) <= ROUNDING * greatest(wanted)
    assert greatest(plain - wanted) > 1000 * ROUNDING * greatest(wanted)


def test_rows_of_any_prompt_length_have_their_own_loras_and_strengths(model):
    """With lyrics and without: two forwards, and in each the rows' own."""
    long = "pop\nlyrics:\n" + "la la la, a line of words\n" * 20
    rows = [("a", "one"), (long, "one", "two"), (long,), ("b",)]
    heard = [model.condition(given(prompt, adapters=names)) for prompt, *names in rows]
    ramp = torch.linspace(0, 2, FRAMES)
    own = strengths([0.5, 0], [ramp, 1.5], [1, 1], [1, 1])
    x = torch.stack([latents(seed=row) for row in range(4)])
    t = torch.tensor([0.9, 0.6, 0.5, 0.2])
    together = model.velocity(x, t, heard, own)
    plain = model.velocity(x, t, heard)
    for row in range(4):
        four = [row] * 4
        alone = model.velocity(x[four], t[four], [heard[row]] * 4, own[four])[0]
        assert torch.equal(alone, together[row])
    assert torch.equal(together[2:], plain[2:])
    assert min(greatest(together[row] - plain[row]) for row in (0, 1)) > 1e-3
    assert torch.equal(model.velocity(x, t, heard, torch.zeros_like(own)), plain)


def test_its_loras_are_in_its_own_numbers(library):
    half = load_acestep(folder(), dtype=torch.bfloat16, loras=library)
    condition = half.condition(given("a", adapters=("one",)))
    part = next(iter(condition.loras[0].layers.values()))
    assert part.up.dtype == part.down.dtype == torch.bfloat16
    x, t = latents()[None], torch.tensor([0.5])
    loud, quiet = (half.velocity(x, t, [condition], strengths([s])) for s in (1.0, 0.0))
    assert loud.dtype == torch.float32
    assert greatest(loud - quiet) > 1e-3
    assert torch.equal(quiet, half.velocity(x, t, [condition]))


def test_merged_it_sounds_as_kept_apart_and_taken_out_again_it_has_its_old_bits(library):
    model = load_acestep(folder(), loras=library)
    apart = model.condition(given("a", adapters=("one", "two")))
    plain = model.condition(given("a"))
    x, t = latents()[None], torch.tensor([0.5])
    before = model.velocity(x, t, [plain])
    wanted = model.velocity(x, t, [apart], strengths([0.5, 1.5]))
    model.merge([("one", 0.5), ("two", 1.5)], "--merge-lora")
    merged = model.velocity(x, t, [plain])
    assert greatest(merged - wanted) <= ROUNDING * greatest(wanted)
    assert greatest(merged - before) > 1e-3
    with pytest.raises(RefusedError) as refused:
        model.merge([("wide", 1.0)], "--merge-lora")
    assert (refused.value.code, refused.value.field) == (ErrorCode.CANNOT_HEAR, "--merge-lora")
    model.merge([], "--merge-lora")
    assert torch.equal(model.velocity(x, t, [plain]), before)
