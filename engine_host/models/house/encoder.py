"""The encoder: audio to latents by two transforms and one matrix. No layer of it was trained.

Shapes: ``B`` rows, ``T`` latent frames, audio ``[B, 2, 1920 * T]`` in -1..1, latents ``[B, T, 64]``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import torch
from torch import nn
from torch.nn import functional

from engine_host.models.house.tables import (
    BANDS,
    FRAME_SAMPLES,
    HOP_SAMPLES,
    HOPS_PER_FRAME,
    LOG_FLOOR,
    MEL_FEATURES,
    MID_BANDS,
    SIDE_BANDS,
    STFT_SAMPLES,
    STFT_SCALE,
    TONE_STFT_BINS,
    TONE_STFT_SAMPLES,
    TONE_STFT_SCALE,
    TONE_WEIGHT,
    mel_matrix,
    tone_matrix,
)

CHUNK_FRAMES: Final = 750  # analysed at a time, so that a long source needs little memory
_REACH = (TONE_STFT_SAMPLES - FRAME_SAMPLES) // 2  # samples a frame hears beyond its own edges
_MEL_REACH = (STFT_SAMPLES - HOP_SAMPLES) // 2


class Encoder(nn.Module):
    """Log-mel and tone bands, then a linear map that gives the training material unit variance.

    A frame hears its own 1920 samples and 3136 to each side; beyond the ends there is silence.
    """

    mean: torch.Tensor
    to_latent: torch.Tensor
    mel_mid: torch.Tensor
    mel_side: torch.Tensor
    tone: torch.Tensor
    window: torch.Tensor
    tone_window: torch.Tensor

    def __init__(self, linear: Mapping[str, torch.Tensor]) -> None:
        """``linear`` is ``pca.safetensors``: ``mean [605]`` and ``encode [605, 64]`` are used."""
        super().__init__()
        tables = {
            "mean": linear["mean"],
            "to_latent": linear["encode"],
            "mel_mid": mel_matrix(MID_BANDS),
            "mel_side": mel_matrix(SIDE_BANDS),
            "tone": tone_matrix(),
            "window": torch.hann_window(STFT_SAMPLES),
            "tone_window": torch.hann_window(TONE_STFT_SAMPLES),
        }
        for name, table in tables.items():
            self.register_buffer(name, table, persistent=False)

    def forward(self, audio: torch.Tensor) -> torch.Tensor:
        """``[B, 2, 1920 * T]`` -> ``[B, T, 64]``; the same audio gives the same latents."""
        left, right = audio[:, 0], audio[:, 1]
        mid_side = torch.stack([(left + right) / 2, (left - right) / 2], 1)
        padded = functional.pad(mid_side, (_REACH, _REACH))
        frames = audio.shape[-1] // FRAME_SAMPLES
        chunks = [
            self._features(_chunk(padded, first, min(frames, first + CHUNK_FRAMES)))
            for first in range(0, frames, CHUNK_FRAMES)
        ]
        return (torch.cat(chunks, 1) - self.mean) @ self.to_latent

    def _features(self, padded: torch.Tensor) -> torch.Tensor:
        """Mid and side with `_REACH` samples more at each end -> ``[B, T, 605]``."""
        return torch.cat([self._mel_features(padded), self._tone_features(padded)], -1)

    def _mel_features(self, padded: torch.Tensor) -> torch.Tensor:
        """``[B, T, 4 * 136]``: the log-mel bands of a frame's four hops, hop by hop."""
        rows = padded.shape[0]
        cut = _REACH - _MEL_REACH
        near = padded[..., cut:-cut].reshape(rows * 2, -1)
        magnitude = _magnitude(near, self.window, HOP_SAMPLES) * STFT_SCALE
        mid, side = magnitude.view(rows, 2, *magnitude.shape[1:]).unbind(1)
        bands = torch.cat([self.mel_mid @ mid, self.mel_side @ side], 1)
        logs = torch.log(bands + LOG_FLOOR)
        frames = logs.shape[-1] // HOPS_PER_FRAME
        by_frame = logs.view(rows, BANDS, frames, HOPS_PER_FRAME).permute(0, 2, 3, 1)
        return by_frame.reshape(rows, frames, MEL_FEATURES)

    def _tone_features(self, padded: torch.Tensor) -> torch.Tensor:
        """``[B, T, 61]``: narrow bands of the mid signal, one long transform per frame."""
        magnitude = _magnitude(padded[:, 0], self.tone_window, FRAME_SAMPLES)
        low = magnitude[:, :TONE_STFT_BINS] * TONE_STFT_SCALE
        return torch.log(self.tone @ low + LOG_FLOOR).transpose(1, 2) * TONE_WEIGHT


def _chunk(padded: torch.Tensor, first: int, stop: int) -> torch.Tensor:
    return padded[..., first * FRAME_SAMPLES : stop * FRAME_SAMPLES + 2 * _REACH]


def _magnitude(signal: torch.Tensor, window: torch.Tensor, hop: int) -> torch.Tensor:
    """``[B, n]`` -> ``[B, bins, t]``: only whole windows, none centred beyond the ends."""
    size = len(window)
    return torch.stft(signal, size, hop, window=window, center=False, return_complex=True).abs()
