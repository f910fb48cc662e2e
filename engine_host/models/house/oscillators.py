"""The decoder's tones: a bank of sines on a fixed grid of pitches, written straight into the spectrum.

A sine of frequency f under the analysis window is a fixed shape over the bins, turned by its phase.
The phase is that of an oscillator which has run since absolute frame 0, so two windows of one
stream agree without passing any state.

Shapes: ``B`` rows, ``t`` hops, ``n`` oscillators; pairs are mid and side.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from engine_host.models.house.tables import (
    HOP_SAMPLES,
    MID_BANDS,
    SAMPLE_RATE_HZ,
    SIDE_BANDS,
    STFT_BINS,
    STFT_SAMPLES,
    STFT_SCALE,
    hash01,
    mel_matrix,
    spread_matrix,
    tone_centres_hz,
)

_LOWEST_HZ = 32.703  # the C of the lowest octave
_HIGHEST_HZ = 8_000
_PER_OCTAVE = 24
_PHASE_SEED = 0x10000000  # where in the hash's sequence the starting phases are taken
_SPECTRUM_GAIN = 1 / 8


def oscillator_hz() -> npt.NDArray[np.float64]:
    """``[n]`` frequencies, half a semitone apart."""
    grid = _LOWEST_HZ * 2 ** (np.arange(8 * _PER_OCTAVE) / _PER_OCTAVE)
    return np.asarray(grid[grid < _HIGHEST_HZ])


class OscillatorBank(nn.Module):
    """Amplitudes per oscillator and hop -> complex spectrum; and a first guess at the amplitudes."""

    shape_real: torch.Tensor
    shape_imag: torch.Tensor
    from_tone: torch.Tensor
    from_mid: torch.Tensor
    from_side: torch.Tensor
    uses_tone: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self._hz = oscillator_hz()
        self.count = len(self._hz)
        self._first_phase = hash01(np.arange(2 * self.count) + _PHASE_SEED).reshape(2, -1)
        shapes = _spectral_shapes(self._hz)
        nearest_bin = np.clip(np.round(self._hz / 25).astype(int), 1, STFT_BINS - 1)
        tables = {
            "shape_real": _float32(shapes.real),
            "shape_imag": _float32(shapes.imag),
            "from_tone": _float32(_tone_weights(self._hz)),
            "from_mid": spread_matrix(mel_matrix(MID_BANDS))[:, nearest_bin].clone(),
            "from_side": spread_matrix(mel_matrix(SIDE_BANDS))[:, nearest_bin].clone(),
            "uses_tone": _float32(self._hz <= tone_centres_hz()[-1]),
        }
        for name, table in tables.items():
            self.register_buffer(name, table, persistent=False)

    def guess(self, mel: torch.Tensor, tone: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Log-mel ``[B, t, 136]`` and log tone bands ``[B, t, 61]`` -> log amplitudes of mid and side ``[B, t, n]``."""
        mid, side = mel[..., :MID_BANDS] @ self.from_mid, mel[..., MID_BANDS:] @ self.from_side
        low = (tone @ self.from_tone.T) * self.uses_tone
        return low + mid * (1 - self.uses_tone), side

    def spectrum(
        self, amplitude: torch.Tensor, hops: npt.NDArray[np.int64]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """``[B, t, 2, n]`` at the absolute ``hops [B, t]`` -> real and imaginary part ``[B, t, 2, bins]``."""
        phase = self._phases(hops).to(amplitude.device)
        real, imag = amplitude * torch.cos(phase), amplitude * torch.sin(phase)
        return (
            (real @ self.shape_real - imag @ self.shape_imag) * _SPECTRUM_GAIN,
            (real @ self.shape_imag + imag @ self.shape_real) * _SPECTRUM_GAIN,
        )

    def _phases(self, hops: npt.NDArray[np.int64]) -> torch.Tensor:
        """``[B, t, 2, n]`` in radians; exact to float32 for days of absolute time."""
        samples = hops[:, :, None].astype(np.float64) * HOP_SAMPLES
        turns = np.mod(samples * (self._hz / SAMPLE_RATE_HZ), 1.0)
        radians = 2 * np.pi * (turns[:, :, None] + self._first_phase)
        return _float32(np.mod(radians, 2 * np.pi))


def _spectral_shapes(hz: npt.NDArray[np.float64]) -> npt.NDArray[np.complex128]:
    """``[n, bins]``: the windowed transform of each sine, with what is under a thousandth cut off."""
    samples = np.arange(STFT_SAMPLES) - STFT_SAMPLES / 2
    sines = np.exp(2j * np.pi * hz[:, None] * samples / SAMPLE_RATE_HZ)
    window = np.hanning(STFT_SAMPLES + 1)[:-1]
    shapes = np.fft.fft(sines * window, axis=1)[:, :STFT_BINS] * STFT_SCALE
    shapes[np.abs(shapes) < 1e-3 * np.abs(shapes).max()] = 0
    return np.asarray(shapes)


def _tone_weights(hz: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """``[n, 61]``: each oscillator reads the two nearest tone bands, the nearer one more."""
    centres = tone_centres_hz()
    weights = np.zeros((len(hz), len(centres)))
    for row, pitch in zip(weights, hz, strict=True):
        if pitch > centres[-1]:
            break
        semitones = np.abs(np.log2(centres / pitch) * 12)
        nearest = np.argsort(semitones)[:2]
        closeness = 1 / (semitones[nearest] + 0.1)
        row[nearest] = closeness / closeness.sum()
    return weights


def _float32(values: npt.NDArray[np.generic]) -> torch.Tensor:
    return torch.from_numpy(np.asarray(values, dtype=np.float32))
