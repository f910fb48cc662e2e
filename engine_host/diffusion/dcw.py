"""DCW: correction of the step in the wavelet domain (arXiv 2604.16044).

After each step, the bands of ``x+`` are moved away from those of the clean estimate
``y = x - t v``: the low band by ``t s``, the high band by ``(1 - t) s``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from engine_host.diffusion.wavelet import WAVELETS, dwt, idwt, resample

DcwMode = Literal["low", "high", "double", "pix"]
DcwKind = tuple[DcwMode, str]
"""Mode and wavelet: rows of one kind are corrected together."""


@dataclass(frozen=True, eq=False)
class Dcw:
    """Settings of the correction; scales are numbers or curves ``[T]``.

    ``scale`` is ``s``; ``high_scale`` is the high band's own in mode ``double``. The faders are
    numbers in [0, 1], and all 0 is exactly the plain correction: ``soft_threshold`` shrinks the
    difference of the bands by so much, ``multiplicative`` scales the band by the sign of the
    difference in place of adding it, ``magnitude_phase`` moves envelope and phase of the analytic
    signal in place of the values. ``pix`` knows no faders. Raises ValueError on an unknown wavelet.
    """

    mode: DcwMode = "double"
    wavelet: str = "haar"
    scale: float | Tensor = 0.05
    high_scale: float | Tensor = 0.02
    soft_threshold: float = 0.0
    multiplicative: float = 0.0
    magnitude_phase: float = 0.0

    def __post_init__(self) -> None:
        if self.wavelet not in WAVELETS:
            raise ValueError(f"wavelet: want one of {', '.join(WAVELETS)}, got {self.wavelet}")

    @property
    def kind(self) -> DcwKind:
        """What rows must have in common to be corrected together."""
        return self.mode, self.wavelet

    @property
    def faders(self) -> tuple[float, float, float]:
        """Soft threshold, multiplicative, magnitude and phase."""
        return self.soft_threshold, self.multiplicative, self.magnitude_phase


@dataclass(frozen=True, eq=False, slots=True)
class Faders:
    """The advanced faders, ``[B, 1, 1]`` each."""

    soft_threshold: Tensor
    multiplicative: Tensor
    magnitude_phase: Tensor


@dataclass(frozen=True, eq=False, slots=True)
class DcwInputs:
    """What one kind's correction needs: scales ``[B, T, 1]``, faders None where all are 0."""

    kind: DcwKind
    scale: Tensor
    high_scale: Tensor
    faders: Faders | None = None


def correct(x_next: Tensor, y: Tensor, t: Tensor, dcw: DcwInputs) -> Tensor:
    """``x_next`` corrected; all ``[B, T, C]``, ``t [B, 1, 1]`` the time before the step."""
    mode, wavelet = dcw.kind
    if mode == "pix":
        return x_next + dcw.scale * (x_next - y)
    low, high = dwt(x_next, wavelet)
    low_y, high_y = dwt(y, wavelet)
    if mode != "high":
        low = _move(low, low_y, t * resample(dcw.scale, low.shape[1]), dcw.faders)
    if mode != "low":
        own = dcw.high_scale if mode == "double" else dcw.scale
        high = _move(high, high_y, (1.0 - t) * resample(own, high.shape[1]), dcw.faders)
    return idwt(low, high, wavelet, x_next.shape[1])


def _move(band: Tensor, other: Tensor, amount: Tensor, faders: Faders | None) -> Tensor:
    """Move ``band`` away from ``other``."""
    apart = band - other
    if faders is None:
        return band + amount * apart
    added = torch.sign(apart) * (apart.abs() - faders.soft_threshold).clamp(min=0.0)
    scaled = band * torch.sign(apart)
    m, p = faders.multiplicative, faders.magnitude_phase
    plain = (1.0 - p) * amount * ((1.0 - m) * added + m * scaled)
    return band + plain + p * (_polar(band, other, amount) - band)


def _polar(band: Tensor, other: Tensor, amount: Tensor) -> Tensor:
    """Move envelope and phase of the analytic signal (along time) apart, each by ``amount``."""
    a, b = analytic(band), analytic(other)
    envelope = a.abs() + amount * (a.abs() - b.abs())
    turn = torch.angle(a * b.conj())
    moved: Tensor = envelope * torch.cos(torch.angle(a) + amount * turn)
    return moved


def analytic(x: Tensor) -> Tensor:
    """The analytic signal of ``x [B, K, C]`` along dimension 1, complex: no negative frequencies."""
    length = x.shape[1]
    weights = torch.zeros(length, device=x.device)
    weights[0] = 1.0
    weights[1 : (length + 1) // 2] = 2.0
    if length % 2 == 0:
        weights[length // 2] = 1.0
    spectrum: Tensor = torch.fft.fft(x, dim=1) * weights.view(1, -1, 1)
    signal: Tensor = torch.fft.ifft(spectrum, dim=1)
    return signal
