"""The autoencoder in pieces against the whole, and how far a frame is heard."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderSAME

from engine_host.models.stable_audio.codec import Codec, halo_frames

FRAMES = 40


@pytest.fixture(scope="module")
def vae(tiny_stable_audio: Path) -> AutoencoderSAME:
    return AutoencoderSAME.from_pretrained(tiny_stable_audio / "vae").eval()


def _latents(seed: int = 0) -> torch.Tensor:
    return torch.randn(FRAMES, 6, generator=torch.Generator().manual_seed(seed))


def _audio() -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return 0.3 * torch.randn(2, FRAMES * 4_096, generator=generator)


def test_in_pieces_it_encodes_and_decodes_as_the_whole(vae: AutoencoderSAME) -> None:
    codec = Codec(vae, piece_frames=7)
    with torch.no_grad():
        latents = vae.encode(_audio()[None]).latents[0].T
        sound = vae.decode(_latents().T[None]).sample[0]
    torch.testing.assert_close(codec.encode(_audio()), latents, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(codec.decode(_latents()), sound.clamp(-1, 1), rtol=1e-4, atol=1e-5)
    assert sound.std() > 1e-2
    assert latents.std() > 1e-2


def test_a_frame_is_heard_a_halo_away_and_no_further(vae: AutoencoderSAME) -> None:
    codec, edited = Codec(vae), _latents()
    edited[20] += 1.0
    moved = (codec.decode(edited) - codec.decode(_latents())).abs()
    by_frame = moved.reshape(2, FRAMES, -1).amax(dim=(0, 2))
    heard = by_frame.nonzero().flatten().tolist()
    assert codec.halo_frames == 2
    assert (min(heard), max(heard)) == (18, 21)  # a latent leads its segment: one less behind it


@pytest.mark.parametrize(
    ("depths", "strides", "window", "halo"),
    [((6,), (16,), 1, 6), ((12,), (16,), 1, 12), ((2, 3), (4, 4), 1, 4), ((3,), (16,), 2, 6)],
)
def test_the_halo_is_what_all_layers_reach_together(
    depths: tuple[int, ...], strides: tuple[int, ...], window: int, halo: int
) -> None:
    made = AutoencoderSAME(
        patch_size=4,
        encoder_channels=8,
        encoder_c_mults=(1,) * len(depths),
        encoder_strides=strides,
        encoder_transformer_depths=depths,
        latent_dim=4,
        dim_heads=8,
        sliding_window=window,
    )
    assert halo_frames(made) == halo


@pytest.mark.parametrize("shape", [(2, 4_095), (1, 4_096), (2, 0), (4_096,)])
def test_sound_of_another_shape_is_refused(vae: AutoencoderSAME, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="audio must be"):
        Codec(vae).encode(torch.zeros(shape))


@pytest.mark.parametrize("shape", [(0, 6), (5, 7), (6,)])
def test_latents_of_another_shape_are_refused(vae: AutoencoderSAME, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="latents must be"):
        Codec(vae).decode(torch.zeros(shape))
