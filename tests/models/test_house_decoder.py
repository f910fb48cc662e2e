import numpy as np
import pytest
import torch
from house_helpers import house, made_up_audio, random_latents, reference

from engine_host.models.house.tables import mel_matrix

FRAME = 1920
HALO = 4


def _window(latents: torch.Tensor, first: int, count: int, origin: int) -> torch.Tensor:
    """Frames first..first+count, decoded with the halo and cut."""
    begin, end = max(0, first - HALO), min(len(latents), first + count + HALO)
    audio = house().decode(latents[begin:end], origin + begin)
    return audio[:, (first - begin) * FRAME : (first - begin + count) * FRAME]


def _frames_that_differ(a: torch.Tensor, b: torch.Tensor, bound: float) -> list[int]:
    worst = (a - b).abs().view(2, -1, FRAME).amax((0, 2))
    return torch.nonzero(worst > bound).flatten().tolist()


def test_audio_equals_the_reference():
    latents = torch.from_numpy(reference()["encoded"][:10])
    audio = house().decode(latents, int(reference()["decode_start"]))
    np.testing.assert_allclose(audio.numpy(), reference()["decoded"], atol=1e-4)


def test_decoding_twice_gives_the_same_bits():
    latents = random_latents(20)
    assert torch.equal(house().decode(latents, 5), house().decode(latents.clone(), 5))


@pytest.mark.parametrize("origin", [0, 250, 1000, 1_000_000])
@pytest.mark.parametrize(("first", "count"), [(0, 20), (37, 1), (50, 30), (80, 20)])
def test_a_window_with_its_halo_is_the_same_slice_of_the_whole(first, count, origin):
    latents = random_latents(100)
    whole = house().decode(latents, origin)[:, first * FRAME : (first + count) * FRAME]
    torch.testing.assert_close(_window(latents, first, count, origin), whole, atol=1e-5, rtol=0)


def test_one_changed_frame_is_heard_no_further_than_the_halo():
    latents = random_latents(40)
    changed = latents.clone()
    changed[20] = random_latents(1, seed=9)[0]
    differ = _frames_that_differ(house().decode(latents, 0), house().decode(changed, 0), 1e-6)
    assert 20 in differ
    assert min(differ) >= 20 - HALO
    assert max(differ) <= 20 + HALO
    assert house().geometry.decode_halo_frames == HALO


def test_one_halo_frame_less_is_not_exact():
    latents = random_latents(40)
    whole = house().decode(latents, 0)[:, 20 * FRAME : 21 * FRAME]
    short = house().decode(latents[18:23], 18)[:, 2 * FRAME : 3 * FRAME]
    assert float((short - whole).abs().max()) > 1e-4


def test_the_absolute_frame_matters():
    latents = random_latents(12)
    audio = house().decode(latents, 0)
    assert float((house().decode(latents, 7) - audio).abs().max()) > 1e-2


def test_the_codec_keeps_the_spectrum():
    audio = made_up_audio()
    decoded = house().decode(house().encode(audio), 0)
    assert float((_log_mel(decoded) - _log_mel(audio)).abs().mean()) < 0.6  # nats


def _log_mel(audio: torch.Tensor) -> torch.Tensor:
    window = torch.hann_window(2048)
    spectrum = torch.stft(audio, 2048, 512, window=window, return_complex=True).abs()
    return torch.log(mel_matrix(80, 2048) @ spectrum / 45 + 1e-3)
