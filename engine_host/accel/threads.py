"""The one place that sets how many threads PyTorch uses."""

from __future__ import annotations

import torch


def fix_threads(count: int) -> None:
    """Use ``count`` threads in every PyTorch operation of this process from now on.

    The count is part of the settings that make results repeat bit for bit: another count may add
    numbers up in another order.
    """
    if torch.get_num_threads() != count:
        torch.set_num_threads(count)
