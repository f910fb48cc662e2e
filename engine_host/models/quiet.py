"""Weights loaded without the libraries' own bars and remarks: telling is the engine's."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging

_LIBRARIES = (diffusers_logging, transformers_logging)


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """No progress bars of diffusers and transformers, and no word on how diffusers uses PyTorch.

    They are switched for the process, and back as they were at the end. One thread at a time.
    """
    shown = [lib for lib in _LIBRARIES if lib.is_progress_bar_enabled()]
    for library in shown:
        library.disable_progress_bar()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning, module="torch.nn.utils")
        try:
            yield
        finally:
            for library in shown:
                library.enable_progress_bar()
