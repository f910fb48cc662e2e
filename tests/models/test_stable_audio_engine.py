"""Stable Audio 3 in the engine: its own frame rate through the ordinary render and a live stream."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from engine_in_process import InProcess
from live_setup import Setup
from stream_helpers import lane, prompt, put, source

from bridge_protocol.clock import VirtualClock
from bridge_protocol.notation import parse_lane, parse_meter, parse_tempo
from engine_host.diffusion.oneshot import generate
from engine_host.models.stable_audio.loading import load_stable_audio
from engine_host.models.stable_audio.model import StableAudioModel
from engine_host.render import OfflineRender
from engine_host.session.song import Song
from engine_host.stream.engine import Engine
from engine_host.stream.plan import make_plan
from engine_host.stream.prepare import prepare
from engine_host.stream.rendering import soft_limited
from engine_host.stream.settings import set_value
from engine_host.stream.windows import frames_of, window_of

WORDS = "soft strings"
MODEL_RATE = 44_100


@pytest.fixture(scope="module")
def model(tiny_stable_audio: Path) -> StableAudioModel:
    return load_stable_audio(tiny_stable_audio, threads=1)


def _song(model: StableAudioModel, tempo: str, rate_hz: int, meter: str = "1:4/4") -> Song:
    made = Song(rate_hz, model.geometry, model.defaults)
    meters = parse_meter(meter)
    made.set_map(parse_tempo(tempo, meters), meters)
    prompt(made, WORDS)
    return made


def _rendered(model: StableAudioModel, made: Song, first: int, last: int) -> np.ndarray:
    return OfflineRender(Engine(model, VirtualClock()), made).bars(first, last)


def test_four_bars_at_120_last_eight_seconds_to_the_sample_and_repeat_to_the_bit(
    model: StableAudioModel,
) -> None:
    for rate_hz in (44_100, 48_000):
        made = _song(model, "1:120", rate_hz)
        heard = _rendered(model, made, 1, 4)
        assert heard.shape == (8 * rate_hz, 2)
        assert heard.std() > 1e-3
        assert np.array_equal(heard, _rendered(model, made, 1, 4))


def test_at_the_models_own_rate_a_render_is_the_models_own_sound(model: StableAudioModel) -> None:
    """What is heard is the decoded latents of one plain generation, from the window's first sample."""
    made = _song(model, "1:120", MODEL_RATE)
    frames = frames_of(window_of(0, 4, made.grid, 0, model.geometry), made.grid, model.geometry)
    request = prepare(make_plan(frames, made.base), model)
    assert (request.solver, request.steps, request.shift) == ("sde", 8, 1.0)
    assert request.schedule is model.schedule
    latents = generate(model.velocity, request, 1, channels=model.geometry.latent_channels)
    sound = model.decode(latents, 0).numpy().T[frames.context * model.geometry.samples_per_frame :]
    heard = _rendered(model, made, 1, 4)
    np.testing.assert_allclose(heard, soft_limited(sound[: len(heard)]), atol=1e-5)


def test_at_another_rate_it_is_the_same_sound_resampled(model: StableAudioModel) -> None:
    soxr = pytest.importorskip("soxr")
    own = _rendered(model, _song(model, "1:120", MODEL_RATE), 1, 2)
    other = _rendered(model, _song(model, "1:120", 48_000), 1, 2)
    resampled = soxr.resample(own, MODEL_RATE, 48_000, quality="VHQ")
    inside = slice(4_800, -4_800)
    np.testing.assert_allclose(other[inside], resampled[inside], atol=2e-3)


def test_live_is_the_offline_render_bit_for_bit(model: StableAudioModel) -> None:
    tempo, meter, curve = "1:140, 2:140>160/beats, 4:160", "1:3/4, 3:4/4", "1:0.3, 4:0.9"
    audio = np.random.default_rng(2).normal(0, 0.1, (8 * 48_000, 2)).astype(np.float32)
    made = _song(model, tempo, 48_000, meter)
    lane(made, "denoise", curve)
    source(made, audio)
    offline = _rendered(model, made, 1, 5)

    setup = Setup(tempo, meter, host=InProcess(model=model))
    setup.client.prompt(WORDS)
    setup.client.lane("denoise", parse_lane(curve, setup.daw.grid.meter))
    setup.client.use_source(setup.client.upload(audio, 48_000))
    setup.start()
    setup.until_bar(4)
    setup.assert_exact()
    live = setup.played()
    assert len(live) > 3 * 48_000
    assert np.array_equal(live, offline[: len(live)])


def test_a_bar_that_is_kept_sounds_as_the_coded_source(model: StableAudioModel) -> None:
    audio = np.random.default_rng(5).normal(0, 0.1, (8 * MODEL_RATE, 2)).astype(np.float32)
    made = _song(model, "1:120", MODEL_RATE)
    source(made, audio, MODEL_RATE)
    put(made, "denoise", set_value("denoise", 1.0))
    lane(made, "mask", "1:0/hold, 3:1")
    heard = _rendered(model, made, 1, 4)
    kept = slice(0, 3 * MODEL_RATE)
    per_frame = model.geometry.samples_per_frame
    frames = frames_of(window_of(0, 4, made.grid, 0, model.geometry), made.grid, model.geometry)
    padded = np.zeros((2, frames.count * per_frame), dtype=np.float32)
    padded[:, frames.context * per_frame :][:, : len(audio)] = audio.T
    coded = model.decode(model.encode(torch.from_numpy(padded)), 0).numpy().T
    coded = soft_limited(coded[frames.context * per_frame :])
    np.testing.assert_allclose(heard[kept], coded[kept], atol=1e-4)
    beyond = slice(5 * MODEL_RATE, 7 * MODEL_RATE)
    assert np.abs(heard[beyond] - coded[beyond]).max() > 1e-2


def test_a_windows_noise_is_drawn_by_the_frames_of_the_song(
    model: StableAudioModel,
) -> None:
    made = _song(model, "1:120", MODEL_RATE)
    first, second = (
        frames_of(window_of(bar, 4, made.grid, 0, model.geometry), made.grid, model.geometry)
        for bar in (0, 4)
    )
    rate = model.geometry.frame_rate_hz
    for frames in (first, second):
        ((place, count),) = frames.places()
        assert count == frames.count
        assert place == round(frames.start_seconds * rate) - frames.context
