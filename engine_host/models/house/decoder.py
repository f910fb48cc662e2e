"""The decoder: latents to audio through tones, shaped noise and a learned residual spectrum.

Shapes: ``B`` rows, ``T`` latent frames, ``t = 4 * T`` hops of 10 ms; pairs are mid and side.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from engine_host.models.house.config import DecoderSizes
from engine_host.models.house.noise import PERIOD_HOPS, noise_spectrum
from engine_host.models.house.oscillators import OscillatorBank
from engine_host.models.house.tables import (
    BANDS,
    HOP_SAMPLES,
    HOPS_PER_FRAME,
    MEL_FEATURES,
    MID_BANDS,
    SIDE_BANDS,
    STFT_BINS,
    STFT_SAMPLES,
    STFT_SCALE,
    TONE_WEIGHT,
    mel_matrix,
    spread_matrix,
    tone_centres_hz,
)

_WINDOW_OVERLAP_GAIN = 1.5  # sum of the squared Hann windows at a quarter hop
_FIELDS = {
    "blk": "blocks",
    "dw": "depthwise",
    "n": "norm",
    "a": "widen",
    "b": "narrow",
    "g": "gain",
    "inp": "input",
    "ln": "norm",
    "osc": "amplitudes",
    "env": "envelopes",
    "head": "residual",
}


class ConvNeXtBlock(nn.Module):
    """A depthwise convolution over time and a small network over channels, added to the input."""

    def __init__(self, width: int, kernel: int, expansion: int = 3) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, width * expansion)
        self.narrow = nn.Linear(width * expansion, width)
        self.gain = nn.Parameter(torch.full((width,), 0.1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``[B, width, t]`` -> the same."""
        normed = self.norm(self.depthwise(x).transpose(1, 2))
        change: torch.Tensor = self.gain * self.narrow(functional.gelu(self.widen(normed)))
        return x + change.transpose(1, 2)


class Decoder(nn.Module):
    """Latents -> stereo audio.

    Tones and noise depend only on the absolute frame, and the network hears a few hops, so a window
    with 4 more frames at each side decodes to the same samples as the whole, to float32 rounding.
    """

    mean: torch.Tensor
    from_latent: torch.Tensor
    window: torch.Tensor
    noise: torch.Tensor
    spread_mid: torch.Tensor
    spread_side: torch.Tensor

    def __init__(self, linear: Mapping[str, torch.Tensor], sizes: DecoderSizes) -> None:
        """``linear`` is ``pca.safetensors``: ``mean [605]`` and ``decode [64, 605]`` are used."""
        super().__init__()
        tables = {
            "mean": linear["mean"],
            "from_latent": linear["decode"],
            "window": torch.hann_window(STFT_SAMPLES),
            "noise": noise_spectrum(),
            "spread_mid": spread_matrix(mel_matrix(MID_BANDS)),
            "spread_side": spread_matrix(mel_matrix(SIDE_BANDS)),
        }
        for name, table in tables.items():
            self.register_buffer(name, table, persistent=False)
        self.bank = OscillatorBank()
        width, tones = sizes.width, len(tone_centres_hz())
        self.input = nn.Conv1d(BANDS + tones, width, 5, padding=2)
        blocks = [ConvNeXtBlock(width, sizes.kernel) for _ in range(sizes.blocks)]
        self.blocks = nn.Sequential(*blocks)
        self.norm = nn.LayerNorm(width)
        self.amplitudes = nn.Linear(width, 2 * self.bank.count)
        self.envelopes = nn.Linear(width, 4 * BANDS)
        self.residual = nn.Linear(width, 4 * STFT_BINS)

    def load_file_weights(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Take the tensors of ``voc.safetensors``; every one must fit and none may be missing."""
        self.load_state_dict({_field_name(name): value for name, value in weights.items()})

    def forward(self, latents: torch.Tensor, start_frame: int = 0) -> torch.Tensor:
        """``[B, T, 64]``, the first being absolute frame ``start_frame`` -> ``[B, 2, 1920 * T]``."""
        mel, tone = self._bands(latents)
        hidden = self._hidden(mel, tone)
        first = start_frame * HOPS_PER_FRAME
        hops = np.arange(first, first + mel.shape[1], dtype=np.int64)
        parts = self._tones(hidden, mel, tone, hops)
        textures = self._textures(hidden, mel, hops)
        real, imag = (a + b for a, b in zip(parts, textures, strict=True))
        mid, side = self._to_audio(torch.complex(real, imag)).unbind(1)
        return torch.stack([mid + side, mid - side], 1)

    def _bands(self, latents: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The linear map back to log-mel ``[B, t, 136]`` and, interpolated, log tone bands ``[B, t, 61]``."""
        features = latents @ self.from_latent + self.mean
        mel = features[..., :MEL_FEATURES].reshape(len(latents), -1, BANDS)
        tone = (features[..., MEL_FEATURES:] / TONE_WEIGHT).transpose(1, 2)
        edged = functional.pad(tone, (1, 1), mode="replicate")
        smooth = functional.interpolate(edged, scale_factor=HOPS_PER_FRAME, mode="linear")
        return mel, smooth[..., HOPS_PER_FRAME:-HOPS_PER_FRAME].transpose(1, 2)

    def _hidden(self, mel: torch.Tensor, tone: torch.Tensor) -> torch.Tensor:
        """``[B, t, width]``, about zero mean and unit size at the input."""
        centred = torch.cat([mel, tone], -1) * 0.4 + 1.2
        hidden = self.blocks(self.input(centred.transpose(1, 2)))
        normed: torch.Tensor = self.norm(hidden.transpose(1, 2))
        return normed

    def _tones(
        self,
        hidden: torch.Tensor,
        mel: torch.Tensor,
        tone: torch.Tensor,
        hops: npt.NDArray[np.int64],
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The oscillators' spectrum: amplitudes guessed from the bands, corrected by the network."""
        mid, side = self.bank.guess(mel, tone)
        change = self.amplitudes(hidden).view(*mel.shape[:2], 2, -1).clamp(-8, 3)
        logs = torch.stack([mid + change[:, :, 0], side + change[:, :, 1] - 0.5], 2)
        amplitude = torch.exp(logs.clamp(-9, 4))
        return self.bank.spectrum(amplitude, np.broadcast_to(hops, mel.shape[:2]))

    def _textures(
        self,
        hidden: torch.Tensor,
        mel: torch.Tensor,
        hops: npt.NDArray[np.int64],
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The residual and the noise, each under an envelope of its own."""
        residual_gain, noise_gain = self._gains(hidden, mel)
        residual = self.residual(hidden).view(*mel.shape[:2], 2, STFT_BINS, 2)
        turn = torch.from_numpy(hops % PERIOD_HOPS).to(self.noise.device)
        noise = self.noise[:, :, turn].float().permute(2, 0, 1, 3)  # [t, 2, bins, 2]
        return (
            noise[..., 0] * noise_gain + residual[..., 0] * residual_gain,
            noise[..., 1] * noise_gain + residual[..., 1] * residual_gain,
        )

    def _gains(self, hidden: torch.Tensor, mel: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Envelopes over the bins ``[B, t, 2, bins]`` of the residual and of the noise."""
        learned = self.envelopes(hidden).view(*mel.shape[:2], 2, 2, BANDS)[..., 0, :].clamp(-6, 2)
        bands = torch.exp(learned) * torch.exp(mel.clamp(-7, 5))[:, :, None]
        mid, side = (
            bands[..., :MID_BANDS] @ self.spread_mid,
            bands[..., MID_BANDS:] @ self.spread_side,
        )
        residual, noise = torch.stack([mid, side], 3).unbind(2)
        return residual, noise

    def _to_audio(self, spectrum: torch.Tensor) -> torch.Tensor:
        """``[B, t, 2, bins]`` -> ``[B, 2, 480 * t]`` by overlap and add."""
        rows, hops = spectrum.shape[:2]
        columns = spectrum.permute(0, 2, 3, 1).reshape(rows * 2, STFT_BINS, hops) / STFT_SCALE
        pieces = torch.fft.irfft(columns, n=STFT_SAMPLES, dim=1) * self.window[:, None]
        length = (hops - 1) * HOP_SAMPLES + STFT_SAMPLES
        sound = functional.fold(pieces, (1, length), (1, STFT_SAMPLES), stride=(1, HOP_SAMPLES))[
            :, 0, 0
        ]
        edge = (STFT_SAMPLES - HOP_SAMPLES) // 2
        inner = sound[:, edge : edge + hops * HOP_SAMPLES] / _WINDOW_OVERLAP_GAIN
        return inner.view(rows, 2, -1)


def _field_name(file_name: str) -> str:
    """``blk.0.dw.weight`` -> ``blocks.0.depthwise.weight``."""
    return ".".join(_FIELDS.get(part, part) for part in file_name.split("."))
