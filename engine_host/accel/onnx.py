"""Velocities by ONNX Runtime: about twice as fast as PyTorch on a CPU, and steadier on busy cores."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.accel.runner import thread_words

if TYPE_CHECKING:
    import onnxruntime

INPUTS = ("x", "t", "tokens", "context")
OUTPUT = "velocity"


def onnxruntime_installed() -> bool:
    """Whether `OnnxRunner` can be built here."""
    return importlib.util.find_spec("onnxruntime") is not None


class OnnxRunner:
    """A graph with the inputs `INPUTS` and one output; a `VelocityRunner`.

    The threads are ONNX Runtime's own and sleep between calls, so that they do not take the cores
    from the decoder. Raises `RefusedError` (NOT_INSTALLED) without onnxruntime.
    """

    def __init__(self, graph: Path, threads: int) -> None:
        if not onnxruntime_installed():
            raise RefusedError(
                ErrorCode.NOT_INSTALLED,
                "accelerator",
                "onnxruntime is not installed: pip install onnxruntime, or choose 'eager'",
            )
        self._threads = threads
        self._session = _open_session(graph, threads)

    @property
    def words(self) -> str:
        """``onnxruntime cpu, n threads``."""
        return f"onnxruntime cpu, {thread_words(self._threads)}"

    def __call__(
        self, x: torch.Tensor, t: torch.Tensor, tokens: torch.Tensor, context: torch.Tensor
    ) -> torch.Tensor:
        """See `VelocityRunner`."""
        given = (x, t, tokens, context)
        feeds = {
            name: tensor.detach().contiguous().numpy()
            for name, tensor in zip(INPUTS, given, strict=True)
        }
        return torch.from_numpy(self._session.run([OUTPUT], feeds)[0])


def _open_session(graph: Path, threads: int) -> onnxruntime.InferenceSession:
    import onnxruntime  # noqa: PLC0415  (an optional dependency)

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(
        str(graph.resolve()), options, providers=["CPUExecutionProvider"]
    )
