"""Sound to latents and back by the SAME autoencoder, in pieces that join exactly.

Its attention is a band, so that what a frame hears ends some frames away; but its mask is a square
over the whole, so that a minute at once would take gigabytes.
"""

from __future__ import annotations

import math

import torch
from diffusers import AutoencoderSAME
from torch import Tensor

from engine_host.models.pieces import Make, joined

PIECE_FRAMES = 64  # about six seconds


def halo_frames(vae: AutoencoderSAME) -> int:
    """How many latent frames away a frame's sound is still heard, in either direction.

    Every layer of a level reaches ``sliding_window`` of that level's segments further.
    """
    config = vae.config
    depths, strides = config.encoder_transformer_depths, config.encoder_strides
    reach = 0.0
    for level, depth in enumerate(depths):
        segments_per_frame = math.prod(strides[level + 1 :])
        reach += config.sliding_window * depth / segments_per_frame
    return math.ceil(reach)


class Codec:
    """The autoencoder on its device. Deterministic; the mean is all it has. One thread at a time."""

    def __init__(self, vae: AutoencoderSAME, piece_frames: int = PIECE_FRAMES) -> None:
        self._vae = vae.eval()
        self._piece_frames = piece_frames
        self.halo_frames = halo_frames(vae)
        self.sample_rate_hz = int(vae.config.sampling_rate)
        self.audio_channels = int(vae.config.audio_channels)
        self.latent_channels = int(vae.config.latent_dim)
        self.samples_per_frame = int(vae.downsampling_ratio)

    @torch.no_grad()
    def encode(self, audio: Tensor) -> Tensor:
        """``[A, T * samples_per_frame]`` -> ``[T, C]``, float32 on the CPU, T > 0."""
        per_frame = self.samples_per_frame
        if audio.ndim != 2 or len(audio) != self.audio_channels or audio.shape[1] < per_frame:
            raise ValueError(f"audio must be [{self.audio_channels}, N], not {list(audio.shape)}")
        if audio.shape[1] % per_frame:
            raise ValueError(f"audio must be whole frames of {per_frame}, not {audio.shape[1]}")

        def latents(low: int, high: int) -> Tensor:
            piece = self._placed(audio[:, low * per_frame : high * per_frame])
            made: Tensor = self._vae.encode(piece, return_dict=False)[0]
            return made[0].T

        return self._joined(latents, audio.shape[1] // per_frame, 1)

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """``[T, C]`` -> ``[A, T * samples_per_frame]`` in [-1, 1], float32 on the CPU, T > 0."""
        if latents.ndim != 2 or latents.shape[1] != self.latent_channels or not len(latents):
            want = ["T", self.latent_channels]
            raise ValueError(f"latents must be {want}, not {list(latents.shape)}")

        def sound(low: int, high: int) -> Tensor:
            piece = self._placed(latents[low:high].T)
            made: Tensor = self._vae.decode(piece, return_dict=False)[0]
            return made[0].T

        whole = self._joined(sound, len(latents), self.samples_per_frame)
        return whole.T.clamp(-1.0, 1.0).contiguous()

    def _joined(self, make: Make, frames: int, rate: int) -> Tensor:
        return joined(make, frames, self._piece_frames, self.halo_frames, rate)

    def _placed(self, values: Tensor) -> Tensor:
        """``[1, ...]`` where the autoencoder is and in its numbers."""
        return values[None].to(self._vae.device, self._vae.dtype)
