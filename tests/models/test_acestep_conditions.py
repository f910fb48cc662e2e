"""What is followed, what is kept, what it sounds like: both halves of the context, and tokens."""

import pytest
import torch
from acestep_helpers import FRAMES, LATENT, folder, given, greatest, latents, stock, tiny
from tiny_acestep import SILENCE_FRAMES

from bridge_protocol.errors import RefusedError
from engine_host.models.acestep.loading import load_acestep
from engine_host.models.acestep.model import AceStepModel
from engine_host.models.acestep.structure import BATCH_PATCHES
from engine_host.models.acestep.timbre import reference_pieces
from engine_host.models.blend import lerp

PATCH = 5


def fresh() -> AceStepModel:
    """One that has kept nothing yet."""
    return load_acestep(folder(), threads=1)


def silence(frames: int = FRAMES) -> torch.Tensor:
    return stock().condition_encoder.silence_latent[0, :frames]


def halves(model: AceStepModel, **told) -> tuple[torch.Tensor, torch.Tensor]:
    context = model.condition(given("a tune", **told)).context
    return context[:, :LATENT], context[:, LATENT:]


def stock_hints(z: torch.Tensor) -> torch.Tensor:
    pipeline = stock()
    with torch.no_grad():
        tokens, _ = pipeline.audio_tokenizer.tokenize(z[None], silence(SILENCE_FRAMES)[None])
        return pipeline.audio_token_detokenizer(tokens)[0, : len(z)]


def instruction(monkeypatch: pytest.MonkeyPatch, model: AceStepModel, **told) -> str:
    """The instruction in what the text encoder read last."""
    read: list[str] = []
    prompts = type(model._parts.prompts)
    ids = prompts._ids
    monkeypatch.setattr(
        prompts, "_ids", lambda self, words, *rest: read.append(words) or ids(self, words, *rest)
    )
    model.condition(given("words that nobody has said yet", **told))
    (words,) = [text for text in read if text.startswith("# Instruction")]
    return words.splitlines()[1]


def test_music_from_text_follows_silence_everywhere() -> None:
    followed, generated = halves(tiny())
    assert torch.equal(followed, silence())
    assert bool((generated == 1).all())


@pytest.mark.parametrize("role", ["source", "structure"])
def test_a_cover_follows_the_semantic_hints(role: str) -> None:
    z = latents()
    followed, generated = halves(tiny(), **{role: z})
    assert greatest(followed - stock_hints(z)) <= 1e-5
    assert greatest(followed - z) > 0.1
    assert bool((generated == 1).all())


def test_a_structure_takes_the_place_of_the_source() -> None:
    z, other = latents(seed=1), latents(seed=2)
    both, _ = halves(tiny(), source=z, structure=other)
    assert torch.equal(both, halves(tiny(), structure=other)[0])


@pytest.mark.parametrize("strength", [0.0, 0.3, 1.0])
def test_structure_strength_goes_from_silence_to_the_hints(strength: float) -> None:
    z = latents()
    followed, _ = halves(tiny(), source=z, structure_strength=strength)
    wanted = lerp(silence(), halves(tiny(), source=z)[0], strength)
    assert greatest(followed - wanted) <= 1e-6


def test_a_window_that_is_no_whole_number_of_patches_is_filled_up_with_silence() -> None:
    z = latents(52)
    followed, _ = halves(tiny(), frames=52, source=z)
    assert greatest(followed - stock_hints(z)) <= 1e-5


def test_a_patch_is_made_once_and_hangs_on_nothing_beside_it() -> None:
    model = fresh()
    structure = model._parts.structure
    assert structure is not None
    z = latents()
    whole = structure.hints(z)
    assert structure.patches_made == FRAMES // PATCH
    changed = z.clone()
    changed[50:55] += 1.0
    again = structure.hints(changed)
    assert structure.patches_made == FRAMES // PATCH + 1
    same = torch.ones(FRAMES, dtype=torch.bool)
    same[50:55] = False
    assert torch.equal(again[same], whole[same])
    assert not torch.equal(again[50:55], whole[50:55])


def test_a_patch_has_the_same_bits_however_many_are_made_with_it() -> None:
    z = latents(BATCH_PATCHES * PATCH + 35)
    together, alone = fresh()._parts.structure, fresh()._parts.structure
    assert together is not None
    assert alone is not None
    one_by_one = torch.cat([alone.hints(patch) for patch in z.split(PATCH)])
    assert torch.equal(together.hints(z), one_by_one)


def test_equal_patches_are_made_once() -> None:
    structure = fresh()._parts.structure
    assert structure is not None
    hints = structure.hints(latents(PATCH).repeat(6, 1))
    assert structure.patches_made == 1
    assert all(torch.equal(hints[:PATCH], part) for part in hints.split(PATCH))


def test_where_the_mask_keeps_the_source_is_told_and_elsewhere_silence() -> None:
    z, mask = latents(), torch.zeros(FRAMES)
    mask[20:60] = 1.0
    followed, generated = halves(tiny(), source=z, mask=mask)
    assert torch.equal(followed[20:60], silence()[20:60])
    assert torch.equal(followed[:20], z[:20])
    assert torch.equal(followed[60:], z[60:])
    assert torch.equal(generated, mask[:, None].expand(-1, LATENT))


def test_a_frame_is_kept_where_less_than_half_of_it_is_to_be_generated() -> None:
    mask = torch.full((FRAMES,), 0.49)
    mask[::2] = 0.5
    _, generated = halves(tiny(), source=latents(), mask=mask)
    assert torch.equal(generated[:, 0], (mask == 0.5).float())


def test_a_repainted_place_follows_a_structure_that_is_given() -> None:
    z, other, mask = latents(seed=1), latents(seed=2), torch.zeros(FRAMES)
    mask[20:60] = 1.0
    followed, _ = halves(tiny(), source=z, structure=other, mask=mask)
    assert greatest(followed[20:60] - stock_hints(other)[20:60]) <= 1e-5
    assert torch.equal(followed[:20], z[:20])


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({}, "Fill the audio semantic mask based on the given conditions:"),
        ({"source": latents()}, "Generate audio semantic tokens based on the given conditions:"),
        ({"source": latents(), "structure_strength": 0.0}, "Fill the audio semantic mask based on the given conditions:"),
        ({"source": latents(), "mask": torch.zeros(FRAMES)}, "Repaint the mask area based on the given conditions:"),
    ],
)  # fmt: skip
def test_the_instruction_is_that_of_the_task(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, object], words: str
) -> None:
    assert instruction(monkeypatch, fresh(), **told) == words


def test_without_the_audio_tokenizer_a_source_is_heard_by_the_ring_alone() -> None:
    followed, generated = halves(tiny("textonly"), source=latents())
    assert torch.equal(followed, stock("textonly").condition_encoder.silence_latent[0, :FRAMES])
    assert bool((generated == 1).all())


def timbre_token(model: AceStepModel, **told) -> torch.Tensor:
    """The one token that two conditions of different timbre differ in."""
    plain = model.condition(given("a tune")).tokens
    heard = model.condition(given("a tune", **told)).tokens
    differs = (plain != heard).any(-1).nonzero().flatten().tolist()
    assert len(differs) == 1
    return heard[differs[0]]


def test_a_timbre_reference_is_one_token_by_the_stock_encoder() -> None:
    reference = latents(900)
    wanted_input = torch.cat([reference[:250], reference[300:550], reference[-250:]])
    with torch.no_grad():
        wanted, _ = stock().condition_encoder.timbre_encoder(
            wanted_input[None], torch.zeros(1, dtype=torch.long)
        )
    assert greatest(timbre_token(tiny(), timbre=reference) - wanted[0, 0]) <= 1e-6


def test_a_short_reference_is_repeated_to_thirty_seconds() -> None:
    reference = latents(100)
    repeated = reference.repeat(8, 1)
    wanted = torch.cat([repeated[:250], repeated[266:516], repeated[-250:]])
    assert torch.equal(reference_pieces(reference, 750), wanted)
    assert reference_pieces(reference, 7).shape == (7, LATENT)


def test_timbre_strength_goes_from_silence_to_the_reference() -> None:
    reference = latents(900)
    nothing = tiny().condition(given("a tune", timbre=reference, timbre_strength=0.0))
    assert torch.equal(nothing.tokens, tiny().condition(given("a tune")).tokens)
    whole = timbre_token(tiny(), timbre=reference)
    half = timbre_token(tiny(), timbre=reference, timbre_strength=0.5)
    place = (tiny().condition(given("a tune", timbre=reference)).tokens == whole).all(-1)
    silent = tiny().condition(given("a tune")).tokens[place][0]
    assert greatest(half - (silent + whole) / 2) <= 1e-6


A, B = "a slow tune", "fast and bright, with a longer caption than the other"


@pytest.mark.parametrize("law", ["slerp", "lerp"])
@pytest.mark.parametrize(("amount", "words"), [(0.0, A), (1.0, B)])
def test_a_blend_ends_in_either_prompt_bit_for_bit(law: str, amount: float, words: str) -> None:
    blend = tiny().condition(given(A, prompt_b=B, blend=amount, blend_law=law))
    one = tiny().condition(given(words))
    assert torch.equal(blend.tokens, one.tokens)
    assert torch.equal(blend.weights, one.weights)


@pytest.mark.parametrize("law", ["slerp", "lerp"])
def test_a_blend_comes_close_to_either_prompt_without_a_jump(law: str) -> None:
    model, x, t = tiny(), latents()[None], torch.tensor([0.8])

    def velocity(amount: float) -> torch.Tensor:
        condition = model.condition(given(A, prompt_b=B, blend=amount, blend_law=law))
        return model.velocity(x, t, [condition])

    distance = greatest(velocity(0.0) - velocity(1.0))
    assert distance > 1e-3
    assert greatest(velocity(0.0) - velocity(1e-4)) < 0.01 * distance
    assert greatest(velocity(1.0) - velocity(1 - 1e-4)) < 0.01 * distance
    assert greatest(velocity(0.5) - velocity(0.0)) > 0.1 * distance


def test_a_straight_blend_is_half_of_each_where_both_have_tokens() -> None:
    half = tiny().condition(given(A, prompt_b=B, blend=0.5, blend_law="lerp"))
    a, b = (tiny().condition(given(words)).tokens for words in (A, B))
    assert len(a) < len(b) == len(half.tokens)
    assert greatest(half.tokens[: len(a)] - (a + b[: len(a)]) / 2) <= 1e-6
    assert torch.equal(half.tokens[len(a) :], b[len(a) :])
    assert half.weights.tolist() == [1.0] * len(a) + [0.5] * (len(b) - len(a))


def test_an_empty_negative_is_the_null_condition() -> None:
    null = tiny().condition(given("  ", negative=True))
    assert torch.equal(null.tokens, stock().condition_encoder.null_condition_emb[0])
    worded = tiny().condition(given("noise", negative=True))
    assert torch.equal(worded.tokens, tiny().condition(given("noise")).tokens)


def test_a_condition_is_the_same_every_time() -> None:
    told = {"source": latents(), "timbre": latents(300, seed=4), "prompt_b": B, "blend": 0.3}
    first, second = (model.condition(given(A, **told)) for model in (fresh(), fresh()))
    assert torch.equal(first.tokens, second.tokens)
    assert torch.equal(first.context, second.context)


def test_the_longest_window_is_taken_and_a_longer_one_refused() -> None:
    assert len(tiny().condition(given("a", frames=SILENCE_FRAMES)).context) == SILENCE_FRAMES
    with pytest.raises(RefusedError) as caught:
        tiny().condition(given("a", frames=SILENCE_FRAMES + 2))
    assert (caught.value.code, caught.value.field) == ("LIMIT", "window_bars")
    assert "600 s" in caught.value.message


@pytest.mark.parametrize("role", ["source", "structure"])
def test_latents_of_another_length_are_refused(role: str) -> None:
    with pytest.raises(ValueError, match=role):
        tiny().condition(given("a", **{role: latents(FRAMES + 2)}))
