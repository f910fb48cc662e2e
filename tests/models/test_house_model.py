import numpy as np
import pytest
import torch
from house_helpers import (
    euler,
    given,
    house,
    made_up_audio,
    made_up_noise,
    random_latents,
    reference,
    steady_grid,
)

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.models.house import context as layout
from engine_host.models.house.context import build_context
from engine_host.models.house.model import HouseCondition, load_house_model
from engine_host.models.interface import ConditionInput, FrameNote

PROMPT = "jazz piano with a drum kit in Eb major"


def _reference_condition(kind: str) -> HouseCondition:
    tokens = torch.from_numpy(reference()["tokens"])
    if kind == "cover":
        return HouseCondition(tokens, torch.from_numpy(reference()["context_cover"]))
    roll = reference()["roll_jazz"][:60]
    return HouseCondition(tokens, build_context(steady_grid(60, 133.0), roll=roll, level_db=0.0))


@pytest.mark.parametrize("accelerator", ["onnx", "eager"])
@pytest.mark.parametrize(("kind", "t"), [("plan", 0.7), ("cover", 0.35)])
def test_a_velocity_equals_the_reference(accelerator, kind, t):
    velocity = house(accelerator).velocity(
        made_up_noise()[None], torch.tensor([t]), [_reference_condition(kind)]
    )
    np.testing.assert_allclose(velocity[0].numpy(), reference()[f"velocity_{kind}"], atol=1e-4)


def test_a_row_does_not_hear_the_other_rows():
    mine = house().condition(given(prompt="techno"))
    others = [house().condition(given(prompt=p)) for p in ("jazz", "ambient", "rock")]
    x, t = random_latents(240).view(4, 60, 64), torch.tensor([0.9, 0.6, 0.3, 0.1])
    junk, junk_t = x.clone(), t.clone()
    junk[1:], junk_t[1:] = 37.0, 0.99
    a = house().velocity(x, t, [mine, *others])[0]
    b = house().velocity(junk, junk_t, [mine, *reversed(others)])[0]
    alone = house().velocity(x[:1], t[:1], [mine])[0]
    assert torch.equal(a, b)
    torch.testing.assert_close(alone, a, atol=1e-4, rtol=0)


def test_a_changed_batch_of_conditions_is_noticed():
    techno, jazz = (house().condition(given(prompt=p)) for p in ("techno", "jazz"))
    x, t = random_latents(60)[None], torch.tensor([0.8])
    first, second, again = (house().velocity(x, t, [c]) for c in (techno, jazz, techno))
    assert float((first - second).abs().max()) > 0.05
    assert torch.equal(first, again)


def test_conditioning_twice_gives_the_same_bits():
    for notes in (None, (FrameNote(0.0, 9.0, 48, 1.0, "bass"),)):
        one, two = (house().condition(given(prompt=PROMPT, notes=notes)) for _ in range(2))
        assert torch.equal(one.tokens, two.tokens)
        assert torch.equal(one.context, two.context)


def test_the_tempo_token_is_the_hosts_and_not_the_texts():
    slow, fast = (house().condition(given(prompt="house 90 bpm", bpm=bpm)) for bpm in (80.0, 160.0))
    plain = house().condition(given(prompt="house", bpm=80.0))
    assert torch.equal(slow.tokens, plain.tokens)
    assert not torch.equal(slow.tokens[-1], fast.tokens[-1])


def test_without_notes_or_source_a_plan_stands_in():
    context = house().condition(given(200, "house")).context
    assert (context[:, layout.ROLL_PRESENT] == 1).all()
    assert int((context[:, layout.ROLL.start + 36] > 0.4).sum()) == 16  # kicks in 8 s at 120 bpm


def test_the_hosts_notes_replace_the_plan():
    notes = (FrameNote(10.0, 20.0, 41, 0.8, "bass"),)
    roll = house().condition(given(60, "house", notes=notes)).context[:, layout.ROLL]
    assert torch.nonzero(roll.sum(0)).flatten().tolist() == [5]
    silent = house().condition(given(60, "house", notes=())).context
    assert silent[:, layout.ROLL].abs().sum() == 0
    assert (silent[:, layout.ROLL_PRESENT] == 1).all()


def test_a_source_asks_for_a_cover_and_needs_no_plan():
    source = random_latents(60)
    context = house().condition(given(60, "jazz", source=source, source_level_db=-15.4)).context
    assert (context[:, layout.MASK] == 0.5).all()
    assert torch.equal(context[:, layout.SOURCE], source)
    assert (context[:, layout.ROLL_PRESENT] == 0).all()
    torch.testing.assert_close(context[:, layout.LEVEL], torch.full((60,), 0.5))


def test_a_source_of_unknown_level_claims_none():
    with_source = house().condition(given(60, "jazz", source=random_latents(60))).context
    assert (with_source[:, layout.LEVEL_PRESENT] == 0).all()
    assert (house().condition(given(60, "jazz")).context[:, layout.LEVEL_PRESENT] == 1).all()


def test_no_bass_in_the_text_is_no_bass_in_the_plan():
    roll = house().condition(given(60, "house without bass")).context[:, layout.ROLL]
    assert roll[:, :12].sum() == 0
    assert roll[:, 12:24].sum() > 0


def test_generation_is_the_same_bits_each_time_and_sounds_at_a_sane_level():
    condition, noise = house().condition(given(200, "house")), random_latents(200, seed=5)
    one, two = (euler(house(), condition, noise) for _ in range(2))
    assert torch.equal(one, two)
    rms = float(house().decode(one, 0).pow(2).mean().sqrt())
    assert 0.02 < rms < 0.6


def test_a_plan_is_heard_in_the_sound():
    """Onsets of the drums are where the plan put them, more than half a beat away from there."""
    notes = tuple(FrameNote(i * 12.5, i * 12.5 + 1, 36, 1.0, "drums") for i in range(16))
    condition = house().condition(given(200, "techno drums", notes=notes))
    audio = house().decode(euler(house(), condition, random_latents(200, seed=5)), 0)
    energy = audio.mean(0).view(200, 1920).pow(2).mean(1).add(1e-6).log()
    rise = (energy[1:] - energy[:-1]).clamp(min=0)
    kicks = [int(i * 12.5) for i in range(1, 15)]
    on = np.mean([float(rise[k - 2 : k + 2].max()) for k in kicks])
    off = np.mean([float(rise[k + 4 : k + 8].max()) for k in kicks])
    assert on > 1.5 * off


def test_denoise_moves_away_from_the_source_step_by_step():
    source = house().encode(made_up_audio())
    condition = house().condition(given(60, "jazz piano with a drum kit", notes=()))
    noise = random_latents(60, seed=1)
    distances = [
        float((euler(house(), condition, noise, source=source, denoise=d) - source).pow(2).mean())
        for d in (0.2, 0.4, 0.6, 0.8, 1.0)
    ]
    assert distances == sorted(distances)
    assert distances[-1] > 4 * distances[0]


def test_a_cover_stays_nearer_to_its_source_than_a_free_generation():
    house_music = euler(house(), house().condition(given(200, "house")), random_latents(200))
    source = house().encode(house().decode(house_music, 0))
    noise = random_latents(200, seed=1)
    cover = house().condition(given(200, "jazz", source=source, source_level_db=-18.4))
    free = house().condition(given(200, "jazz"))
    near, far = (float((euler(house(), c, noise) - source).pow(2).mean()) for c in (cover, free))
    assert near < 0.85 * far


def test_what_the_model_says_of_itself():
    geometry = house().geometry
    assert house().name == "house-1"
    assert geometry.frame_rate_hz == 25
    assert (geometry.latent_channels, geometry.frame_multiple) == (64, 2)
    hears = {"text", "grid", "notes", "source", "structure", "inpaint", "lora"}
    assert house().capabilities == hears
    assert house().read_prompt("dark techno with zither").ignored == ("zither",)


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match="even"):
        house().velocity(
            torch.zeros(1, 61, 64), torch.tensor([0.5]), [_reference_condition("plan")]
        )
    with pytest.raises(ValueError, match="source must be"):
        house().condition(given(60, "", source=torch.zeros(59, 64)))
    with pytest.raises(TypeError, match="house model"):
        house().velocity(torch.zeros(1, 60, 64), torch.tensor([0.5]), [object()])


def test_an_unknown_accelerator_is_refused():
    with pytest.raises(RefusedError) as refused:
        load_house_model(accelerator="warp drive")
    assert refused.value.code is ErrorCode.OUT_OF_RANGE


def test_a_grid_alone_is_enough():
    for prompt in ("", "no drums", "7/8 nonsense"):
        asked = ConditionInput(prompt=prompt, grid=steady_grid(2), seed=1)
        assert house().condition(asked).context.shape == (2, 128)
