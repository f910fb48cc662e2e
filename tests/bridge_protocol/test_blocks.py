from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge_protocol.blocks import (
    bytes_per_sample,
    correlation,
    decode_payload,
    encode_payload,
    fade_gains,
    join,
)
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.schema import PayloadFormat

calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

FORMATS: tuple[PayloadFormat, ...] = get_args(PayloadFormat)
WORST = {"f32": 0.0, "f16": 2**-11, "s16": 0.5 / 32_767 + 1e-7}


def noise(frames: int, channels: int = 2) -> np.ndarray:
    return np.random.default_rng(3).uniform(-1, 1, (frames, channels)).astype(np.float32)


@pytest.mark.parametrize("payload_format", FORMATS)
@pytest.mark.parametrize("channels", [1, 2])
def test_audio_comes_back_to_the_precision_of_its_format(
    payload_format: PayloadFormat, channels: int
) -> None:
    audio = noise(1_000, channels)
    payload = encode_payload(audio, payload_format)
    assert len(payload) == audio.size * bytes_per_sample(payload_format)
    back = decode_payload(payload, 1_000, channels, payload_format)
    assert back.dtype == np.float32
    assert np.abs(back - audio).max() <= WORST[payload_format]


def test_payloads_are_interleaved_and_little_endian() -> None:
    audio = np.array([[0, 1], [-1, 0.5]], np.float32)
    assert encode_payload(audio, "f32").hex() == "000000000000803f000080bf0000003f"
    assert encode_payload(audio, "f16").hex() == "0000003c00bc0038"
    assert encode_payload(audio, "s16").hex() == "0000ff7f01800040"


def test_s16_clips_at_full_scale() -> None:
    audio = np.array([[2.0, -2.0]], np.float32)
    assert decode_payload(encode_payload(audio, "s16"), 1, 2, "s16").tolist() == [[1.0, -1.0]]


def test_a_view_that_is_not_contiguous_is_encoded_in_order() -> None:
    audio = noise(20)
    assert encode_payload(audio[::2], "f32") == encode_payload(audio[::2].copy(), "f32")
    assert encode_payload(audio[:, ::-1], "s16") == encode_payload(audio[:, ::-1].copy(), "s16")


def test_decoded_audio_may_be_written_to() -> None:
    assert decode_payload(bytes(16), 2, 2, "f32").flags.writeable


@calm
@given(
    st.binary(max_size=64),
    st.integers(-8, 8),
    st.integers(-3, 3),
    st.sampled_from(FORMATS),
)
def test_bytes_that_do_not_fit_are_wrong_length_and_nothing_else(
    payload: bytes, frames: int, channels: int, payload_format: PayloadFormat
) -> None:
    try:
        audio = decode_payload(payload, frames, channels, payload_format)
    except RefusedError as error:
        assert (error.code, error.field) == (ErrorCode.WRONG_LENGTH, "payload")
    else:
        assert audio.shape == (frames, channels)
        assert len(payload) == audio.size * bytes_per_sample(payload_format)


@calm
@given(st.integers(0, 500), st.floats(0, 1))
def test_fades_keep_the_power_of_material_that_is_so_alike(length: int, alike: float) -> None:
    out, into = (gain.astype(np.float64) for gain in fade_gains(length, alike))
    assert out.shape == into.shape == (length,)
    np.testing.assert_allclose(out**2 + into**2 + 2 * alike * out * into, 1, atol=1e-5)


def test_the_same_material_is_faded_with_a_constant_sum() -> None:
    out, into = fade_gains(100, 1.0)
    np.testing.assert_allclose(out + into, 1, atol=1e-6)


@pytest.mark.parametrize("alike", [0.0, 0.4, 1.0])
def test_fades_are_mirror_images_and_go_one_way(alike: float) -> None:
    out, into = fade_gains(64, alike)
    np.testing.assert_allclose(out, into[::-1], atol=1e-6)
    assert (np.diff(into) > 0).all()


def test_correlation_is_one_for_the_same_and_nought_for_opposite_or_silent_material() -> None:
    audio = noise(256)
    assert correlation(audio, 2 * audio) == pytest.approx(1.0)
    assert correlation(audio, -audio) == 0.0
    assert correlation(audio, np.zeros_like(audio)) == 0.0


def test_a_join_of_the_same_material_is_that_material() -> None:
    audio = noise(256)
    np.testing.assert_allclose(join(audio, audio), audio, atol=1e-6)


def test_a_join_leaves_no_step() -> None:
    one, other = np.ones((4_800, 2), np.float32), np.full((4_800, 2), -1, np.float32)
    joined = join(one, other)
    assert abs(joined[0, 0] - 1) < 1e-3
    assert abs(joined[-1, 0] + 1) < 1e-3
    assert np.abs(np.diff(joined, axis=0)).max() < 1e-3
