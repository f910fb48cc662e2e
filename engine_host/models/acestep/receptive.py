"""How far the convolutions of `AutoencoderOobleck` reach, from its strides alone.

Its kernels are fixed by the class: 7 wide at both ends of the decoder and at the encoder's
beginning, 3 at the encoder's end; residual units 7 wide, dilated by 1, 3 and 9; resampling kernels
twice as wide as their stride ``s``, padded by ``ceil(s / 2)``.
"""

from __future__ import annotations

from collections.abc import Sequence

_END_REACH = 3  # half of a kernel of 7
_RESIDUAL_REACH = 3 * (1 + 3 + 9)
_ENCODER_LAST_REACH = 1


def decode_halo_frames(ratios: Sequence[int]) -> int:
    """Latent frames on either side that the sound of one frame depends on; beyond, nothing at all.

    ``ratios`` in the config's order, the stride next to the sound first.
    """
    low, high = 0, _product(ratios) - 1
    low, high = low - _END_REACH, high + _END_REACH
    for stride in ratios:
        low, high = low - _RESIDUAL_REACH, high + _RESIDUAL_REACH
        padding = -(-stride // 2)
        low = -(-(low + padding - 2 * stride + 1) // stride)
        high = (high + padding) // stride
    return max(-low, high) + _END_REACH


def encode_halo_frames(ratios: Sequence[int]) -> int:
    """Whole latent frames on either side, some of whose samples one latent depends on."""
    low, high = -_ENCODER_LAST_REACH, _ENCODER_LAST_REACH
    for stride in reversed(ratios):
        padding = -(-stride // 2)
        low, high = low * stride - padding, high * stride - padding + 2 * stride - 1
        low, high = low - _RESIDUAL_REACH, high + _RESIDUAL_REACH
    low, high = low - _END_REACH, high + _END_REACH
    per_frame = _product(ratios)
    before, after = -(low // per_frame), high // per_frame
    return max(before, after)


def _product(ratios: Sequence[int]) -> int:
    whole = 1
    for ratio in ratios:
        whole *= ratio
    return whole
