"""The batched forward: the stock transformer's, whatever stands in the other rows."""

import pytest
import torch
from acestep_helpers import FRAMES, folder, given, greatest, latents, stock, tiny
from diffusers import AceStepTransformer1DModel

from engine_host.models.acestep.conditions import AceStepCondition
from engine_host.models.acestep.velocity import SHORTEST, Velocity

TIMES = [1.0, 0.9545454545, 0.5, 0.3]
EXACT = 2e-6
LONG = "pop\nlyrics:\n" + "la la la, a line of words\n" * 20


def noise_rows(count: int) -> torch.Tensor:
    return torch.stack([latents(seed=row) for row in range(count)])


def conditions(kind: str = "turbo") -> list[AceStepCondition]:
    """Of four prompts of quite different lengths, none with lyrics."""
    words = ("a", "a slow tune", "warm analogue synths over a broken beat, " * 2, "")
    return [tiny(kind).condition(given(prompt)) for prompt in words]


def alone(
    transformer: AceStepTransformer1DModel, x: torch.Tensor, t: float, condition: AceStepCondition
) -> torch.Tensor:
    """[T, C] by a stock transformer with nothing filled up, in its own dtype."""
    at = torch.tensor([t]).to(transformer.dtype)
    with torch.no_grad():
        (v,) = transformer(
            hidden_states=x[None].to(transformer.dtype),
            timestep=at,
            timestep_r=at,
            encoder_hidden_states=condition.tokens[None],
            context_latents=condition.context[None],
            return_dict=False,
        )
    return v[0].float()


@pytest.mark.parametrize("kind", ["turbo", "xl"])
def test_rows_of_a_batch_are_the_stock_transformers_one_by_one(kind: str) -> None:
    x, heard = noise_rows(4), conditions(kind)
    assert len({len(condition.tokens) for condition in heard}) == 4
    v = tiny(kind).velocity(x, torch.tensor(TIMES), heard)
    assert (v.shape, v.dtype) == (x.shape, torch.float32)
    for row, t in enumerate(TIMES):
        wanted = alone(stock(kind).transformer, x[row], t, heard[row])
        assert greatest(v[row] - wanted) <= EXACT * max(1.0, greatest(wanted))


def test_without_the_mask_the_padding_would_be_heard() -> None:
    condition = conditions()[0]
    filled = torch.zeros(SHORTEST, condition.tokens.shape[1])
    filled[: len(condition.tokens)] = condition.tokens
    padded = AceStepCondition(filled, torch.ones(SHORTEST), condition.context)
    x = latents()
    short, long = (
        alone(stock().transformer, x, 0.5, condition),
        alone(stock().transformer, x, 0.5, padded),
    )
    assert greatest(short - long) > 100 * EXACT


def test_junk_in_tokens_that_are_not_heard_changes_nothing() -> None:
    condition = conditions()[1]
    junk = 100 * torch.randn(40, condition.tokens.shape[1], generator=torch.Generator().manual_seed(3))  # fmt: skip
    with_junk = AceStepCondition(
        torch.cat([condition.tokens, junk]),
        torch.cat([condition.weights, torch.zeros(40)]),
        condition.context,
    )
    x, t = noise_rows(1), torch.tensor([0.7])
    plain, polluted = (tiny().velocity(x, t, [c]) for c in (condition, with_junk))
    assert torch.equal(plain, polluted)


def test_a_token_heard_by_half_stands_between_all_and_nothing() -> None:
    condition = conditions()[2]
    x, t = noise_rows(1), torch.tensor([0.7])

    def heard_by(share: float) -> torch.Tensor:
        weights = condition.weights.clone()
        weights[-20:] = share
        weighed = AceStepCondition(condition.tokens, weights, condition.context)
        return tiny().velocity(x, t, [weighed])

    nothing, half, whole = heard_by(0.0), heard_by(0.5), heard_by(1.0)
    assert greatest(whole - nothing) > 10 * EXACT
    assert greatest(half - whole) < greatest(nothing - whole)
    assert greatest(heard_by(1e-6) - nothing) < 1e-4 * greatest(whole - nothing)


@pytest.mark.parametrize("beside", [["x"] * 3, ["much longer words " * 8] * 3, [LONG] * 3, ["x", LONG, ""]])  # fmt: skip
def test_no_bit_of_a_row_hangs_on_the_rows_beside_it(beside: list[str]) -> None:
    model, mine = tiny(), conditions()[1]
    x, t = noise_rows(4), torch.tensor(TIMES)
    among_itself = model.velocity(x, t, [mine] * 4)
    others = [model.condition(given(prompt)) for prompt in beside]
    x_beside, t_beside = x.clone(), t.clone()
    x_beside[[0, 1, 3]], t_beside[[0, 1, 3]] = 50.0, 0.123
    v = model.velocity(x_beside, t_beside, [others[0], others[1], mine, others[2]])
    assert torch.equal(v[2], among_itself[2])


def test_lyrics_beside_none_are_heard_as_alone() -> None:
    model = tiny()
    heard = [model.condition(given(LONG)), conditions()[0], model.condition(given(LONG))]
    assert len(heard[0].tokens) > SHORTEST > len(heard[1].tokens)
    x, t = noise_rows(3), torch.tensor(TIMES[:3])
    v = model.velocity(x, t, heard)
    for row, condition in enumerate(heard):
        wanted = alone(stock().transformer, x[row], TIMES[row], condition)
        assert greatest(v[row] - wanted) <= EXACT * max(1.0, greatest(wanted))


def test_in_half_precision_the_time_is_rounded_as_the_stock_pipeline_rounds_it() -> None:
    model = tiny("turbo", torch.bfloat16)
    seen: list[torch.Tensor] = []
    transformer = model._parts.velocity._transformer
    hook = transformer.time_embed.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    condition = model.condition(given("a tune"))
    try:
        v = model.velocity(noise_rows(1), torch.tensor([0.954545]), [condition])
    finally:
        hook.remove()
    assert (seen[0].dtype, float(seen[0])) == (torch.bfloat16, 0.953125)
    assert (v.dtype, condition.context.dtype) == (torch.float32, torch.bfloat16)
    assert bool(v.isfinite().all())


def test_half_precision_rows_are_the_stock_transformers_in_half_precision() -> None:
    model, x, t = tiny("turbo", torch.bfloat16), latents(), 0.954545
    condition = model.condition(given("a tune"))
    half = AceStepTransformer1DModel.from_pretrained(
        folder() / "transformer", torch_dtype=torch.bfloat16
    )
    wanted = alone(half, x, t, condition)
    exact = alone(stock().transformer, x, t, tiny().condition(given("a tune")))
    v = model.velocity(x[None], torch.tensor([t]), [condition])
    assert greatest(v[0] - wanted) <= 0.25 * greatest(wanted - exact)


def test_an_odd_number_of_frames_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of 2"):
        tiny().velocity(torch.zeros(1, FRAMES - 1, 8), torch.ones(1), [conditions()[0]])


def test_a_condition_of_another_model_is_refused() -> None:
    with pytest.raises(TypeError, match="not made by an ACE-Step model"):
        tiny().velocity(noise_rows(1), torch.ones(1), ["words"])


def test_a_forward_leaves_nothing_behind_for_the_next() -> None:
    model, first, second = tiny(), conditions()[1], conditions()[2]
    x, t = noise_rows(1), torch.tensor([0.5])
    before = model.velocity(x, t, [first])
    model.velocity(x, t, [second])
    assert torch.equal(model.velocity(x, t, [first]), before)
    assert isinstance(model._parts.velocity, Velocity)
    assert model._parts.velocity._attention._bias is None
