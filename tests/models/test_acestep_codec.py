"""Sound in and out of latents: exact in pieces, and the same every time."""

import pytest
import torch
from acestep_helpers import audio, greatest, latents, stock, tiny

from engine_host.models.acestep.codec import Codec

SAMPLES = 1920


@pytest.mark.parametrize("lead", [9, 12])
def test_a_frame_decoded_with_its_halo_is_exact(lead: int) -> None:
    model, z = tiny(), latents(60)
    whole = model.decode(z, 0)
    part = model.decode(z[30 - lead : 34 + lead], 30 - lead)
    kept = part[:, lead * SAMPLES : (lead + 4) * SAMPLES]
    assert greatest(kept - whole[:, 30 * SAMPLES : 34 * SAMPLES]) <= 2e-6 * greatest(whole)


def test_a_frame_decoded_with_less_than_its_halo_is_not() -> None:
    vae = stock().vae.double()
    try:
        z = latents(60).double()
        with torch.no_grad():
            whole, part = (vae.decode(x.T[None]).sample[0] for x in (z, z[30 - 8 : 34 + 8]))
            enough = vae.decode(z[30 - 9 : 34 + 9].T[None]).sample[0]
    finally:
        vae.float()
    wanted = whole[:, 30 * SAMPLES : 34 * SAMPLES]
    short = greatest(part[:, 8 * SAMPLES : 12 * SAMPLES] - wanted)
    exact = greatest(enough[:, 9 * SAMPLES : 13 * SAMPLES] - wanted)
    assert exact < 1e-13 < short


def test_decoding_is_the_stock_autoencoders_without_a_level_of_its_own() -> None:
    z = latents(20)
    with torch.no_grad():
        wanted = stock().vae.decode(z.T[None]).sample[0]
    assert greatest(tiny().decode(z, 0) - wanted) <= 1e-6
    quiet = 0.01 * z  # a quiet window stays quiet
    with torch.no_grad():
        wanted = stock().vae.decode(quiet.T[None]).sample[0]
    assert greatest(tiny().decode(quiet, 0) - wanted) <= 1e-6


def test_where_in_the_song_it_is_changes_nothing() -> None:
    z = latents(12)
    assert torch.equal(tiny().decode(z, 0), tiny().decode(z, 4711))


def test_pieces_decode_and_encode_as_the_whole_does() -> None:
    vae = stock().vae
    pieces, whole = Codec(vae, piece_frames=7), Codec(vae, piece_frames=1000)
    z, sound = latents(40), audio(40)
    assert greatest(pieces.decode(z) - whole.decode(z)) <= 2e-6 * greatest(whole.decode(z))
    assert greatest(pieces.encode(sound) - whole.encode(sound)) <= 2e-6 * greatest(
        whole.encode(sound)
    )


def test_encoding_is_the_mean_and_the_same_every_time() -> None:
    sound = audio(10)
    torch.manual_seed(1)
    first = tiny().encode(sound)
    torch.manual_seed(2)
    assert torch.equal(tiny().encode(sound), first)
    with torch.no_grad():
        wanted = stock().vae.encode(sound[None]).latent_dist.mode()[0].T
    assert first.shape == (10, 8)
    assert greatest(first - wanted) <= 1e-6


@pytest.mark.parametrize("shape", [(2, 0), (2, 1919), (1, 1920), (1920,), (1, 2, 1920)])
def test_audio_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="audio must be"):
        tiny().encode(torch.zeros(shape))


@pytest.mark.parametrize("shape", [(0, 8), (4, 7), (8,)])
def test_latents_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="latents must be"):
        tiny().decode(torch.zeros(shape), 0)
