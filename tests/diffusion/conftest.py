from __future__ import annotations

import pytest
import torch
from diffusion_helpers import ClosedForm


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def closed_form() -> ClosedForm:
    return ClosedForm()
