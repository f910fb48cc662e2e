"""Re-make ``weights/dit.onnx``: ``python -m engine_host.models.house.export_onnx`` (needs the extra "dev").

The graph holds no large weight of its own. Each is external data that points into
``dit.safetensors`` (float16) and is widened by a Cast, which ONNX Runtime works out once when a
session opens. So the weights are shipped once, and the graph is small.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import load_file

from engine_host.accel.onnx import INPUTS, OUTPUT
from engine_host.models.house.config import WEIGHTS, load_config
from engine_host.models.house.flow import Flow, load_flow

WEIGHTS_FILE = "dit.safetensors"
GRAPH_FILE = "dit.onnx"
SMALLEST_SHARED_BYTES = 512  # a float32 initializer below this stays inside the graph


@dataclass(frozen=True)
class StoredTensor:
    """Where a float16 tensor lies in a safetensors file."""

    name: str
    shape: tuple[int, ...]
    offset: int  # bytes from the start of the file
    values: npt.NDArray[np.float16]


@dataclass(frozen=True)
class Match:
    """An initializer's values are those of ``stored``, with its axes ordered by ``axes``."""

    stored: StoredTensor
    axes: tuple[int, ...] | None


def export(folder: Path = WEIGHTS) -> Path:
    """Write ``dit.onnx`` into ``folder`` from the other files there; returns its path."""
    weights = {name: w.float() for name, w in load_file(folder / WEIGHTS_FILE).items()}
    graph = trace(load_flow(weights, load_config(folder)))
    share_weights(graph, stored_tensors(folder / WEIGHTS_FILE))
    strip_notes(graph)
    path = folder / GRAPH_FILE
    path.write_bytes(graph.SerializeToString())
    return path


def trace(flow: Flow) -> onnx.ModelProto:
    """The exporter's graph: any batch, any even number of frames, any number of tokens."""
    frames, slots, hidden = 200, 12, 256
    example = {
        "x": torch.randn(2, frames, 64),
        "t": torch.tensor([0.7, 0.2]),
        "tokens": torch.randn(2, slots, hidden),
        "context": torch.randn(2, frames, 128),
    }
    batch, pairs = (
        torch.export.Dim("batch", min=1, max=64),
        torch.export.Dim("pairs", min=2, max=4096),
    )
    tokens = torch.export.Dim("token_count", min=2, max=512)
    program = torch.onnx.export(
        flow,
        kwargs=example,
        input_names=list(INPUTS),
        output_names=[OUTPUT],
        dynamic_shapes={
            "x": {0: batch, 1: 2 * pairs},
            "t": {0: batch},
            "tokens": {0: batch, 1: tokens},
            "context": {0: batch, 1: 2 * pairs},
        },
        dynamo=True,
    )
    assert program is not None
    return program.model_proto


def stored_tensors(path: Path) -> list[StoredTensor]:
    """Every tensor of a safetensors file with its place in it."""
    data = path.read_bytes()
    header_bytes = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + header_bytes])
    header.pop("__metadata__", None)
    return [_stored(name, entry, data, 8 + header_bytes) for name, entry in header.items()]


def _stored(name: str, entry: Mapping[str, list[int]], data: bytes, base: int) -> StoredTensor:
    first, stop = (base + offset for offset in entry["data_offsets"])
    shape = tuple(entry["shape"])
    values = np.frombuffer(data[first:stop], np.float16).reshape(shape)
    return StoredTensor(name, shape, first, values)


def share_weights(model: onnx.ModelProto, stored: list[StoredTensor]) -> None:
    """Replace the large initializers of ``model`` by casts of tensors in the weights file."""
    nodes: list[onnx.NodeProto] = []
    shared: dict[str, onnx.TensorProto] = {}
    for initializer in list(model.graph.initializer):
        match = _match(initializer, stored)
        if match is None:
            continue
        model.graph.initializer.remove(initializer)
        shared.setdefault(match.stored.name, _external(match.stored))
        nodes += _widening(match, initializer.name)
    model.graph.initializer.extend(shared.values())
    _put_first(model.graph, nodes)


def _match(initializer: onnx.TensorProto, stored: list[StoredTensor]) -> Match | None:
    values = numpy_helper.to_array(initializer)
    if values.dtype != np.float32 or values.nbytes < SMALLEST_SHARED_BYTES:
        return None
    for tensor in stored:
        if tensor.values.size != values.size:
            continue
        for axes in (None, tuple(reversed(range(len(tensor.shape))))):
            turned = tensor.values if axes is None else tensor.values.transpose(axes)
            if turned.shape == values.shape and np.array_equal(turned.astype(np.float32), values):
                return Match(tensor, axes)
    return None


def _external(tensor: StoredTensor) -> onnx.TensorProto:
    entry = TensorProto(
        name=tensor.name,
        data_type=TensorProto.FLOAT16,
        dims=tensor.shape,
        data_location=TensorProto.EXTERNAL,
    )
    place = {"location": WEIGHTS_FILE, "offset": tensor.offset, "length": tensor.values.nbytes}
    for key, value in place.items():
        entry.external_data.add(key=key, value=str(value))
    return entry


def _widening(match: Match, result: str) -> list[onnx.NodeProto]:
    """Nodes from the stored float16 tensor to the float32 tensor ``result``."""
    name = match.stored.name
    if match.axes is None:
        return [helper.make_node("Cast", [name], [result], to=TensorProto.FLOAT)]
    wide = f"{result}.wide"
    return [
        helper.make_node("Cast", [name], [wide], to=TensorProto.FLOAT),
        helper.make_node("Transpose", [wide], [result], perm=match.axes),
    ]


def _put_first(graph: onnx.GraphProto, nodes: list[onnx.NodeProto]) -> None:
    """Nodes must stand before those that read them."""
    rest = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *rest])


def strip_notes(model: onnx.ModelProto) -> None:
    """Drop the exporter's stack traces and inferred shapes: nothing that runs reads them."""
    del model.graph.value_info[:]
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    for part in (*model.graph.node, *model.graph.input, *model.graph.output):
        part.doc_string = ""
        del part.metadata_props[:]
    for initializer in model.graph.initializer:
        del initializer.metadata_props[:]


if __name__ == "__main__":
    export()
