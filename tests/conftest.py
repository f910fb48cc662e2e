import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # stream_helpers, toy_model, engine_in_process
sys.path.insert(1, str(HERE / "models"))  # tiny_acestep, tiny_stable_audio


@pytest.fixture(scope="session")
def tiny_acestep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small turbo checkpoint in diffusers' layout; don't write to it."""
    from tiny_acestep import save_tiny_acestep  # noqa: PLC0415 - diffusers takes seconds

    return save_tiny_acestep(tmp_path_factory.mktemp("acestep") / "tiny-turbo")


@pytest.fixture(scope="session")
def tiny_stable_audio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small distilled checkpoint in diffusers' layout; don't write to it."""
    from tiny_stable_audio import save_tiny_stable_audio  # noqa: PLC0415 - diffusers takes seconds

    return save_tiny_stable_audio(tmp_path_factory.mktemp("stable_audio") / "tiny-medium")
