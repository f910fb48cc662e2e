"""Logarithm, sine and cosine whose bits depend on nothing but their argument.

A library's own are vectorised, so that the last bit may depend on where in memory an element
lies, on the number of threads and on the device. These are made of additions, multiplications and
divisions in float64, which IEEE 754 defines to the bit; rounded to float32, the result is the same
in every batch, on every device.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

_LOG_SERIES = [1 / (2 * n + 1) for n in range(6)]
_SIN_SERIES = [(-1) ** n / math.factorial(2 * n + 1) for n in range(7)]
_COS_SERIES = [(-1) ** n / math.factorial(2 * n) for n in range(7)]


def log(u: Tensor) -> Tensor:
    """Natural logarithm of a float64 tensor of positive numbers; relative error below 1e-10."""
    mantissa, exponent = torch.frexp(u)
    small = mantissa < math.sqrt(0.5)
    mantissa = torch.where(small, 2.0 * mantissa, mantissa)
    ratio = (mantissa - 1.0) / (mantissa + 1.0)
    power = (exponent - small.to(exponent.dtype)).to(torch.float64)
    return power * math.log(2.0) + 2.0 * ratio * _polynomial(ratio * ratio, _LOG_SERIES)


def cos_sin_turns(turns: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine and sine of ``turns`` whole turns (float64, in [0, 1)); error below 1e-10."""
    quarter = torch.floor(4.0 * turns + 0.5)
    angle = (turns - 0.25 * quarter) * math.tau
    square = angle * angle
    sine = angle * _polynomial(square, _SIN_SERIES)
    cosine = _polynomial(square, _COS_SERIES)
    return _rotate(cosine, sine, quarter.to(torch.int64) & 3)


def _rotate(cosine: Tensor, sine: Tensor, quarter: Tensor) -> tuple[Tensor, Tensor]:
    """Turn (cosine, sine) by a number of quarter turns."""
    odd = (quarter & 1) == 1
    x = torch.where(odd, sine, cosine)
    y = torch.where(odd, cosine, sine)
    x_down = (quarter == 1) | (quarter == 2)
    y_down = quarter >= 2
    return torch.where(x_down, -x, x), torch.where(y_down, -y, y)


def _polynomial(x: Tensor, coefficients: Sequence[float]) -> Tensor:
    """Horner's rule, the constant term first in ``coefficients``."""
    total = torch.full_like(x, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        total.mul_(x).add_(coefficient)
    return total
