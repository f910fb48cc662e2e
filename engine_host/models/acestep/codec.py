"""Sound to latents and back through the variational autoencoder, piece by piece, without a seam.

Every latent is the mean of its distribution, so that the same sound always has the same latents.
Nothing is brought to a level of its own clip: a window's loudness would jump against its
neighbours'. The autoencoder gives a source back at its own level, so the gain is fixed at `GAIN`;
peaks are the stream's soft limiter's.
"""

from __future__ import annotations

from typing import Final

import torch
from diffusers import AutoencoderOobleck
from torch import Tensor

from engine_host.models.acestep.receptive import decode_halo_frames, encode_halo_frames
from engine_host.models.pieces import joined

GAIN: Final = 1.0
"""Of decoded sound, the same for every window: a source that is encoded and decoded keeps its
level."""

PIECE_FRAMES: Final = 250  # 10 s: what bounds the memory of a long window


class Codec:
    """The autoencoder on its device. Deterministic. `encode` and `decode` each on one thread."""

    def __init__(self, vae: AutoencoderOobleck, piece_frames: int = PIECE_FRAMES) -> None:
        self._vae = vae.eval()
        ratios = [int(ratio) for ratio in vae.config.downsampling_ratios]
        self.decode_halo_frames = decode_halo_frames(ratios)
        self._encode_halo_frames = encode_halo_frames(ratios)
        self._audio_channels = int(vae.config.audio_channels)
        self._latent_channels = int(vae.config.decoder_input_channels)
        self._samples_per_frame = int(vae.hop_length)
        self._piece_frames = piece_frames

    @torch.no_grad()
    def encode(self, audio: Tensor) -> Tensor:
        """``[A, T * samples_per_frame]`` -> ``[T, C]`` float32 on the CPU, T > 0."""
        per_frame = self._samples_per_frame
        frames, rest = divmod(audio.shape[-1], per_frame)
        if audio.ndim != 2 or len(audio) != self._audio_channels or rest or not frames:
            want = [self._audio_channels, f"n * {per_frame}"]
            raise ValueError(f"audio must be {want}, not {list(audio.shape)}")

        def latents(low: int, high: int) -> Tensor:
            piece = self._placed(audio[:, low * per_frame : high * per_frame])
            mean: Tensor = self._vae.encode(piece, return_dict=False)[0].mode()
            return mean[0].T

        return joined(latents, frames, self._piece_frames, self._encode_halo_frames, 1)

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """``[T, C]`` -> ``[A, T * samples_per_frame]`` float32 on the CPU, not limited, T > 0."""
        if latents.ndim != 2 or latents.shape[1] != self._latent_channels or not len(latents):
            want = ["T", self._latent_channels]
            raise ValueError(f"latents must be {want}, not {list(latents.shape)}")

        def sound(low: int, high: int) -> Tensor:
            piece = self._placed(latents[low:high].T)
            decoded: Tensor = self._vae.decode(piece, return_dict=False)[0]
            return decoded[0].T

        per_frame = self._samples_per_frame
        whole = joined(sound, len(latents), self._piece_frames, self.decode_halo_frames, per_frame)
        return whole.T.contiguous() * GAIN

    def _placed(self, values: Tensor) -> Tensor:
        """``[1, ...]`` where the autoencoder is and in its numbers."""
        return values[None].to(self._vae.device, self._vae.dtype)
