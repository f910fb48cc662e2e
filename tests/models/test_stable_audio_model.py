"""Stable Audio 3 through the interface against diffusers' own pipelines, on a tiny checkpoint."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from diffusers import (
    StableAudio3AudioToAudioPipeline,
    StableAudio3InpaintPipeline,
    StableAudio3Pipeline,
)
from diffusers.pipelines.stable_audio_3 import pipeline_stable_audio_3_audio2audio as stock_a2a
from stable_audio_helpers import FRAMES, PROMPT, drawn, same_noise, seconds, stock, told, wanted
from tiny_stable_audio import TinySizes, save_tiny_stable_audio

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.parameters import parameter
from engine_host.diffusion import noise
from engine_host.diffusion.oneshot import generate
from engine_host.models.stable_audio.loading import load_stable_audio
from engine_host.models.stable_audio.model import StableAudioModel

Closeness = dict[str, float]
CLOSE: Closeness = {"rtol": 1e-4, "atol": 2e-5}


@pytest.fixture(scope="module")
def model(tiny_stable_audio: Path) -> StableAudioModel:
    return load_stable_audio(tiny_stable_audio, threads=1)


def _audio(model: StableAudioModel, frames: int = FRAMES, seed: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 0.3 * torch.randn(2, frames * model.geometry.samples_per_frame, generator=generator)


def _latent(model: StableAudioModel, seed: int, frames: int = FRAMES) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(frames, model.geometry.latent_channels, generator=generator)


def test_its_sizes_come_from_the_checkpoint(model: StableAudioModel) -> None:
    geometry = model.geometry
    assert (geometry.sample_rate_hz, geometry.samples_per_frame) == (44_100, 4_096)
    assert geometry.frame_rate_hz == pytest.approx(10.77, abs=0.01)
    assert (geometry.latent_channels, geometry.decode_halo_frames) == (6, 2)
    assert (geometry.frame_multiple, geometry.longest_window_frames) == (1, 645)


def test_the_defaults_are_how_the_pipeline_samples_it(model: StableAudioModel) -> None:
    solver = parameter("solver")
    assert solver.choices[int(model.defaults["solver"])] == "sde"
    assert model.defaults["steps"] == 8
    for name, value in model.defaults.items():
        assert parameter(name).check(value, name) == value


def test_one_forward_is_the_stock_transformers(
    model: StableAudioModel, tiny_stable_audio: Path
) -> None:
    pipeline = stock(StableAudio3Pipeline, tiny_stable_audio)
    x, t = _latent(model, 1)[None], torch.tensor([0.7])
    with torch.no_grad():
        embeds, mask = pipeline.encode_prompt(PROMPT, pipeline.device, 1)
        duration = pipeline.encode_duration(seconds(model), pipeline.device, 1, 1)
        context, mask = pipeline.prepare_cross_attention(embeds, mask, duration)
        there = pipeline.transformer(x.transpose(1, 2), t, context, duration, mask).sample
    assert 5 < int(mask.sum()) < 200  # most places are padding, which is heard too
    here = model.velocity(x, t, [model.condition(told(model))])
    torch.testing.assert_close(here, there.transpose(1, 2), **CLOSE)


def test_another_prompt_and_another_length_are_heard(model: StableAudioModel) -> None:
    x, t = _latent(model, 1)[None], torch.tensor([0.7])
    plain = model.velocity(x, t, [model.condition(told(model))])
    other = model.velocity(x, t, [model.condition(told(model, "a gong"))])
    longer = model.velocity(x, t, [model.condition(told(model, frames=FRAMES + 9))])
    assert (plain - other).abs().max() > 1e-3
    assert (plain - longer).abs().max() > 1e-3


def test_eight_ping_pong_steps_are_the_stock_pipelines(
    model: StableAudioModel, tiny_stable_audio: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draws = same_noise(monkeypatch)
    there = stock(StableAudio3Pipeline, tiny_stable_audio)(
        PROMPT,
        seconds(model),
        latents=drawn(noise.INITIAL_STEP, FRAMES, model.geometry.latent_channels),
        output_type="latent",
    ).audios
    assert draws() == 8
    request = wanted(model, model.condition(told(model)))
    here = generate(model.velocity, request, 1, channels=model.geometry.latent_channels)
    torch.testing.assert_close(here, there[0].T, **CLOSE)


def test_the_base_models_euler_steps_are_the_stock_pipelines(tmp_path: Path) -> None:
    folder = save_tiny_stable_audio(tmp_path, distilled=False)
    model = load_stable_audio(folder, threads=1)
    there = stock(StableAudio3Pipeline, folder)(
        PROMPT,
        seconds(model),
        num_inference_steps=64,
        latents=drawn(noise.INITIAL_STEP, FRAMES, model.geometry.latent_channels),
        output_type="latent",
    ).audios
    assert model.defaults["steps"] == parameter("steps").maximum == 64
    request = wanted(model, model.condition(told(model)))
    here = generate(model.velocity, request, 1, channels=model.geometry.latent_channels)
    torch.testing.assert_close(here, there[0].T, **CLOSE)


def test_inpainting_is_the_stock_pipelines(
    model: StableAudioModel, tiny_stable_audio: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio = _audio(model)
    kept = torch.ones(FRAMES)
    kept[5:11] = 0.0
    same_noise(monkeypatch)
    there = stock(StableAudio3InpaintPipeline, tiny_stable_audio)(
        PROMPT,
        seconds(model),
        audio=audio[None],
        mask=kept[None, None],
        latents=drawn(noise.INITIAL_STEP, FRAMES, model.geometry.latent_channels),
        output_type="latent",
    ).audios
    given = told(model, source=model.encode(audio), mask=1.0 - kept)
    request = wanted(model, model.condition(given))
    here = generate(model.velocity, request, 1, channels=model.geometry.latent_channels)
    torch.testing.assert_close(here, there[0].T, **CLOSE)
    unmasked = wanted(model, model.condition(told(model)))
    other = generate(model.velocity, unmasked, 1, channels=model.geometry.latent_channels)
    assert (here - other).abs().max() > 1e-2


def test_with_the_engines_mask_kept_frames_end_as_the_source_to_the_bit(
    model: StableAudioModel,
) -> None:
    source = model.encode(_audio(model))
    mask = torch.zeros(FRAMES)
    mask[5:11] = 1.0
    condition = model.condition(told(model, source=source, mask=mask))
    request = wanted(model, condition, source=source, mask=mask)
    made = generate(model.velocity, request, 1)
    assert torch.equal(made[:5], source[:5])
    assert torch.equal(made[11:], source[11:])
    assert (made[5:11] - source[5:11]).abs().min(dim=1).values.max() > 1e-3


def test_audio_to_audio_is_the_stock_pipelines_from_where_both_start(
    model: StableAudioModel, tiny_stable_audio: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stock schedule steps up from its start to more noise; ours starts at the higher of the two.

    So the stock pipeline is given our start here, and its own steps from there.
    """
    denoise = 0.6
    start = float(model.schedule(torch.tensor(denoise, dtype=torch.float64).numpy(), 1.0))
    plain = stock_a2a.logsnr_sigma_schedule

    def from_our_start(steps: int, low: float, high: float, sigma_max: float) -> list[float]:
        assert sigma_max == pytest.approx(start)
        return [start, *plain(steps, low, high, denoise)[1:]]

    monkeypatch.setattr(stock_a2a, "logsnr_sigma_schedule", from_our_start)
    same_noise(monkeypatch)
    audio = _audio(model)
    there = stock(StableAudio3AudioToAudioPipeline, tiny_stable_audio)(
        PROMPT,
        seconds(model),
        audio=audio[None],
        init_noise_level=start,
        latents=drawn(noise.INITIAL_STEP, FRAMES, model.geometry.latent_channels),
        output_type="latent",
    ).audios
    source = model.encode(audio)
    condition = model.condition(told(model, source=source))
    here = generate(model.velocity, wanted(model, condition, source=source, denoise=denoise), 1)
    torch.testing.assert_close(here, there[0].T, **CLOSE)


def test_a_rows_bits_do_not_hang_on_what_is_beside_it(model: StableAudioModel) -> None:
    mask = torch.ones(FRAMES)
    mask[:9] = 0.0
    plain = model.condition(told(model))
    keeping = model.condition(told(model, source=_latent(model, 9), mask=mask))
    other = model.condition(told(model, "a gong"))
    x = torch.stack([_latent(model, seed) for seed in range(2)])
    junk = torch.stack([x[0], torch.full_like(x[1], 1e3)])
    t = torch.tensor([0.9, 0.2])
    alone = model.velocity(x, t, [plain, other])[0]
    assert torch.equal(alone, model.velocity(x, t, [plain, keeping])[0])
    assert torch.equal(alone, model.velocity(junk, torch.tensor([0.9, 0.7]), [plain, keeping])[0])
    kept = model.velocity(x.flip(0), t.flip(0), [keeping, plain])[0]
    assert torch.equal(kept, model.velocity(x.flip(0), t.flip(0), [keeping, keeping])[0])


def test_a_row_in_a_batch_is_that_row_alone(model: StableAudioModel) -> None:
    conditions = [model.condition(told(model, words)) for words in ("", "a gong", PROMPT)]
    x = torch.stack([_latent(model, seed) for seed in range(3)])
    t = torch.tensor([1.0, 0.5, 0.119])
    together = model.velocity(x, t, conditions)
    for row in range(3):
        alone = model.velocity(x[row : row + 1], t[row : row + 1], conditions[row : row + 1])
        torch.testing.assert_close(together[row : row + 1], alone, rtol=1e-4, atol=5e-6)


def test_a_blend_goes_from_prompt_to_prompt(model: StableAudioModel) -> None:
    def context(blend: float) -> torch.Tensor:
        given = told(model, "a gong", prompt_b=PROMPT, blend=blend, blend_law="lerp")
        return model.condition(given).context

    ends = [model.condition(told(model, words)).context for words in ("a gong", PROMPT)]
    assert torch.equal(context(0.0), ends[0])
    assert torch.equal(context(1.0), ends[1])
    torch.testing.assert_close(context(0.25), 0.75 * ends[0] + 0.25 * ends[1])


def test_a_prompt_beyond_the_encoders_length_is_refused_at_the_door(
    model: StableAudioModel,
) -> None:
    assert model.read_prompt("a" * 200).heard == ("a" * 200,)
    with pytest.raises(RefusedError, match="reads 256") as refused:
        model.read_prompt("z" * 300)
    assert (refused.value.code, refused.value.field) == (ErrorCode.LIMIT, "text")


def test_a_condition_of_another_model_is_refused(model: StableAudioModel) -> None:
    with pytest.raises(TypeError, match="not made by"):
        model.velocity(_latent(model, 1)[None], torch.tensor([0.5]), ["words"])


def test_a_mask_without_its_source_is_refused(model: StableAudioModel) -> None:
    with pytest.raises(ValueError, match="source"):
        model.condition(told(model, mask=torch.zeros(FRAMES)))


def test_parts_of_two_models_are_refused_by_name(tmp_path: Path) -> None:
    one = save_tiny_stable_audio(tmp_path / "one")
    other = save_tiny_stable_audio(tmp_path / "other", TinySizes(latent=9))
    for file in (other / "vae").iterdir():
        (one / "vae" / file.name).write_bytes(file.read_bytes())
    with pytest.raises(RefusedError, match="channels of the vae must be 6, not 9") as refused:
        load_stable_audio(one, threads=1)
    assert refused.value.code is ErrorCode.FILE_BROKEN


def test_in_half_precision_it_still_tells_times_apart(tiny_stable_audio: Path) -> None:
    half = load_stable_audio(tiny_stable_audio, dtype=torch.bfloat16, threads=1)
    conditions = [half.condition(told(half))]
    x = _latent(half, 1)[None]
    near = [half.velocity(x, torch.tensor([t]), conditions) for t in (0.9536, 0.9541)]
    assert near[0].dtype == torch.float32
    assert not torch.equal(near[0], near[1])  # one number in bfloat16


def test_a_transformer_that_hears_patches_sets_the_multiple_of_frames(tmp_path: Path) -> None:
    sizes = dataclasses.replace(TinySizes(), patch=2)
    model = load_stable_audio(save_tiny_stable_audio(tmp_path, sizes), threads=1)
    assert model.geometry.frame_multiple == 2
    mask = torch.zeros(FRAMES)
    condition = model.condition(told(model, source=_latent(model, 2), mask=mask))
    v = model.velocity(_latent(model, 1)[None], torch.tensor([0.5]), [condition])
    assert v.shape == (1, FRAMES, 6)
