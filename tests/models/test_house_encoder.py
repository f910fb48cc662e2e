import numpy as np
import pytest
import torch
from house_helpers import house, made_up_audio, reference

from engine_host.models.house import encoder as encoder_module

FRAME = 1920
REACH = (8192 - FRAME) // 2


def test_latents_equal_the_reference():
    latents = house().encode(made_up_audio()).numpy()
    assert latents.shape == (60, 64)
    np.testing.assert_allclose(latents, reference()["encoded"], atol=2e-4)


def test_encoding_twice_gives_the_same_bits():
    audio = made_up_audio()
    assert torch.equal(house().encode(audio), house().encode(audio.clone()))


def test_a_long_source_is_encoded_in_chunks_that_join(monkeypatch):
    audio = made_up_audio(50)
    whole = house().encode(audio)
    monkeypatch.setattr(encoder_module, "CHUNK_FRAMES", 7)
    torch.testing.assert_close(house().encode(audio), whole, atol=1e-4, rtol=0)


def test_a_frame_hears_its_own_samples_and_3136_to_each_side():
    audio = made_up_audio(20)
    changed = audio.clone()
    changed[:, 10 * FRAME - REACH : 11 * FRAME + REACH] *= 0.2
    far = audio.clone()
    far[:, : 10 * FRAME - REACH] = 0
    far[:, 11 * FRAME + REACH :] = 0
    before, after, cut = (house().encode(a)[10] for a in (audio, changed, far))
    assert float((before - after).abs().max()) > 1e-2
    torch.testing.assert_close(cut, before, atol=1e-5, rtol=0)


def test_silence_has_finite_latents():
    assert torch.isfinite(house().encode(torch.zeros(2, 10 * FRAME))).all()


@pytest.mark.parametrize("shape", [(1, FRAME), (2, FRAME + 1), (2, 0), (FRAME,)])
def test_audio_of_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match="audio must be"):
        house().encode(torch.zeros(shape))
