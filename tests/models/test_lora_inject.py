import pytest
import torch
from lora_files import ALPHA, RANK, SCALE, halves, inputs, part, transformer, velocity, write

from engine_host.models.lora.adapter import Adapter, LowRank
from engine_host.models.lora.inject import LoraInjection
from engine_host.models.lora.merged import MergedLoras

FRAMES = 24


def made(name, seed, model=None, scale=1.0, **options):
    pairs = halves(model or transformer(), seed, **options)
    return Adapter(name, {layer: LowRank(down, scale * up) for layer, (down, up) in pairs.items()})


ONE, TWO = made("one", 0), made("two", 1)


@pytest.fixture
def injection():
    return LoraInjection(transformer(), patch_frames=2)


def play(injection, given, rows, strengths):
    """``strengths [B][P]``: numbers, or ``[FRAMES]`` tensors."""
    curves = [[torch.as_tensor(s).expand(FRAMES) for s in row] for row in strengths]
    with injection.sounding(rows, torch.stack([torch.stack(row) for row in curves]).float()):
        return velocity(given)


def test_zero_strength_gives_the_bits_of_no_lora(injection):
    given = inputs(3)
    zero = play(injection, given, [(ONE,), (None,), (TWO,)], [[0.0], [1.0], [0.0]])
    assert torch.equal(zero, velocity(given))


def test_after_a_forward_nothing_of_the_lora_is_left(injection):
    given = inputs()
    before = velocity(given)
    loud = play(injection, given, [(ONE,)], [[1.0]])
    assert float((loud - before).abs().max()) > 0.05
    assert torch.equal(velocity(given), before)
    assert not any(layer._forward_hooks for layer in transformer().modules())


def test_a_forward_that_raises_leaves_nothing_either(injection):
    with (
        pytest.raises(RuntimeError, match="stop"),
        injection.sounding([(ONE,)], torch.ones(1, 1, 8)),
    ):
        raise RuntimeError("stop")
    assert not any(layer._forward_hooks for layer in transformer().modules())


def test_rows_of_one_batch_with_their_own_strengths_equal_each_alone(injection):
    given = inputs(4)
    rows = [(ONE, TWO), (TWO, None), (None, ONE), ()]
    strengths = [[0.7, 1.3], [2.0, 0.5], [0.9, 0.4], [1.0, 1.0]]
    together = play(injection, given, rows, strengths)
    for row in range(4):
        alone = play(injection, part(given, slice(row, row + 1)), [rows[row]], [strengths[row]])
        torch.testing.assert_close(together[row], alone[0], atol=1e-5, rtol=1e-5)
    assert float((together - velocity(given))[:3].abs().amax((1, 2)).min()) > 0.02
    assert torch.equal(together[3], velocity(given)[3])


def test_a_row_hears_nothing_of_the_other_rows_loras(injection):
    given, junk = inputs(3), inputs(3, seed=9)
    for tensor, other in zip(given.values(), junk.values(), strict=True):
        other[0] = tensor[0]
    a = play(injection, given, [(TWO, ONE), (ONE, TWO), ()], [[0.7, 0.4], [1.0, 1.0], [0.0, 0.0]])
    b = play(injection, junk, [(TWO, ONE), (), (TWO, None)], [[0.7, 0.4], [0.0, 0.0], [2.0, 1.0]])
    assert torch.equal(a[0], b[0])


def test_a_lora_that_overflows_spoils_no_row_but_its_own(injection):
    given, huge = inputs(2), made("huge", 4, size=1e25)
    both = play(injection, given, [(huge,), (ONE, huge)], [[1.0, 0.0], [1.0, 0.0]])
    calm = play(injection, given, [(), (ONE,)], [[1.0], [1.0]])
    assert not both[0].isfinite().all()
    assert torch.equal(both[1], calm[1])


def test_one_lora_in_two_places_adds_up(injection):
    given = inputs()
    twice = play(injection, given, [(ONE, ONE)], [[0.25, 0.5]])
    once = play(injection, given, [(ONE,)], [[0.75]])
    torch.testing.assert_close(twice, once, atol=1e-6, rtol=1e-6)


def test_a_changed_cast_is_noticed(injection):
    given = inputs()
    first = play(injection, given, [(ONE,)], [[1.0]])
    other = play(injection, given, [(TWO,)], [[1.0]])
    assert float((first - other).abs().max()) > 0.02
    assert torch.equal(play(injection, given, [(ONE,)], [[1.0]]), first)


def test_the_strength_of_a_frame_is_heard_in_its_own_token():
    """A network of one linear layer has no attention that could spread it."""
    layer = torch.nn.Sequential(torch.nn.Linear(3, 3))
    adapter = made("only", 0, layer, rank=2, targets=("0",))
    injection = LoraInjection(layer, patch_frames=2, off_time=())
    x = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(2))
    strengths = torch.tensor([[[0.0, 0, 1, 1, 0, 1, 2, 0]], [[1.0, 1, 0, 0, 0, 0, 0, 0]]])
    with torch.no_grad(), injection.sounding([(adapter,), (adapter,)], strengths):
        heard = layer(x)
    with torch.no_grad():
        plain = layer(x)
    pair = adapter.layers["0"]
    full = x @ (pair.up @ pair.down).T
    means = torch.tensor([[0.0, 1, 0.5, 1], [1, 0, 0, 0]])
    torch.testing.assert_close(heard - plain, means.unsqueeze(-1) * full, atol=1e-6, rtol=1e-5)


def test_a_last_patch_that_is_not_full_is_the_mean_of_what_it_has():
    layer = torch.nn.Sequential(torch.nn.Linear(3, 3, bias=False))
    adapter = made("only", 0, layer, rank=2, targets=("0",))
    injection = LoraInjection(layer, patch_frames=2, off_time=())
    x = torch.ones(1, 2, 3)
    with torch.no_grad(), injection.sounding([(adapter,)], torch.tensor([[[0.0, 0.0, 0.5]]])):
        heard = layer(x) - x @ layer[0].weight.T
    assert torch.equal(heard[0, 0], torch.zeros(3))
    pair = adapter.layers["0"]
    torch.testing.assert_close(heard[0, 1], 0.5 * pair.up @ pair.down @ torch.ones(3))


def test_layers_that_work_on_the_condition_take_the_mean_of_the_window(injection):
    cross = made("cross", 3, targets=("cross_attn.to_k", "cross_attn.to_v"))
    ramp = torch.linspace(0, 1.5, FRAMES)
    given = inputs()
    moving = play(injection, given, [(cross,)], [[ramp]])
    still = play(injection, given, [(cross,)], [[float(ramp.mean())]])
    torch.testing.assert_close(moving, still, atol=1e-6, rtol=1e-6)
    assert float((moving - velocity(given)).abs().max()) > 0.01


def test_layers_of_the_time_embedding_can_be_changed_too(injection):
    time = made("time", 3, targets=("time_embed.linear_1", "condition_embedder"))
    given = inputs(2)
    heard = play(injection, given, [(time,), ()], [[1.0], [1.0]])
    assert float((heard - velocity(given))[0].abs().max()) > 0.01
    assert torch.equal(heard[1], velocity(given)[1])


@pytest.mark.parametrize("strength", [0.4, 1.7])
def test_merged_weights_sound_as_the_parts_kept_apart(injection, strength):
    given = inputs()
    apart = play(injection, given, [(ONE, TWO)], [[strength, 0.5]])
    model = type(transformer()).from_config(transformer().config)
    model.load_state_dict(transformer().state_dict())
    MergedLoras(model).merge([(ONE, strength), (TWO, 0.5)])
    torch.testing.assert_close(velocity(given, model.eval()), apart, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_merging_and_restoring_leaves_every_bit_as_it_was(dtype):
    model = type(transformer()).from_config(transformer().config)
    model.load_state_dict(transformer().state_dict())
    model.to(dtype)
    before = {name: w.clone() for name, w in model.state_dict().items()}
    merged = MergedLoras(model)
    for cycle in range(5):
        merged.merge([(ONE, 0.3 + cycle), (TWO, 1.1)])
        merged.merge([(TWO, 0.7)])
    changed = [name for name, w in model.state_dict().items() if not torch.equal(w, before[name])]
    assert sorted(changed) == sorted(f"{layer}.weight" for layer in TWO.layers)
    once = {name: w.clone() for name, w in model.state_dict().items()}
    merged.merge([])
    assert all(torch.equal(w, before[name]) for name, w in model.state_dict().items())
    merged.merge([(TWO, 0.7)])
    assert all(torch.equal(w, once[name]) for name, w in model.state_dict().items())


def test_what_peft_and_diffusers_load_sounds_the_same_with_alpha_over_rank_as_its_weight(tmp_path):
    """diffusers' own loader ignores alpha, so its weight is given as alpha / rank."""
    pytest.importorskip("peft")
    model = type(transformer()).from_config(transformer().config)
    model.load_state_dict(transformer().state_dict())
    write(tmp_path, "diffusers", halves(transformer()), alpha=None)
    model.load_lora_adapter(
        str(tmp_path),
        weight_name="adapter_model.safetensors",
        adapter_name="a",
        prefix="transformer",
    )
    model.set_adapters(["a"], [1.5 * ALPHA / RANK])
    given = inputs(2)
    theirs = velocity(given, model.eval())
    ours = play(
        LoraInjection(transformer(), patch_frames=2),
        given,
        [(made("a", 0, scale=SCALE),)] * 2,
        [[1.5]] * 2,
    )
    torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=1e-4)
    assert float((theirs - velocity(given)).abs().max()) > 0.05
