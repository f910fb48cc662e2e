"""``anacrusis doctor``: what is installed, which model plays, on what, and which ports are free."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import socket
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bridge_protocol.gateway_frames import DEFAULT_GATEWAY_PORT
from engine_host.cli import options
from engine_host.cli.model_loading import loaded_aloud
from engine_host.models.catalogue import HOUSE, ModelChoice, check_model
from engine_host.server.router import DEFAULT_PORT

_PACKAGES = {
    "core": ("pyzmq", "msgspec", "msgpack", "numpy"),
    "engine": ("torch", "diffusers", "safetensors", "onnxruntime", "soundfile", "soxr"),
    "midi": ("mido", "python-rtmidi"),
    "tensorrt": ("tensorrt-rtx-cu12",),
}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    port: Annotated[
        int, typer.Option("--port", min=1, max=65535, help="The engine's port to look at.")
    ] = DEFAULT_PORT,
    gateway_port: Annotated[
        int, typer.Option("--gateway-port", min=1, max=65535, help="The gateway's port to look at.")
    ] = DEFAULT_GATEWAY_PORT,
    model: options.Model = HOUSE,
    device: options.Device = "auto",
    dtype: options.Dtype = "auto",
    accelerator: options.Accelerator = "auto",
) -> None:
    """Say what is installed, which model and accelerator would play, and which ports are free."""
    findings: dict[str, object] = {
        "anacrusis": _version("anacrusis"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "devices": _devices(),
        "packages": {extra: {n: _version(n) for n in names} for extra, names in _PACKAGES.items()},
        "model": _model(ModelChoice(model, device, dtype, accelerator)),
        "port": {"number": port, "state": _port_state(port, "an engine")},
        "gateway_port": {"number": gateway_port, "state": _port_state(gateway_port, "a gateway")},
    }
    if as_json:
        typer.echo(json.dumps(findings, indent=1))
    else:
        Console().print(_table(findings))


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _devices() -> list[str]:
    import torch  # noqa: PLC0415 - seconds that the other commands need not spend

    found = ["cpu"]
    if torch.cuda.is_available():
        found += [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append("mps")
    return found


def _model(choice: ModelChoice) -> dict[str, object]:
    checked = check_model(choice)
    model = loaded_aloud(checked)
    memory = {} if checked.plan is None else {"memory": f"needs {checked.plan.words()}"}
    return {
        "name": model.name,
        "accelerator": model.accelerator,
        "hears": sorted(model.capabilities),
        "sample_rate": model.geometry.sample_rate_hz,
        **memory,
    }


def _port_state(port: int, whose: str) -> str:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return f"in use ({error.strerror}): {whose} may be running"
    return "free"


def _table(findings: dict[str, object]) -> Table:
    table = Table("what", "found", box=None, show_header=False)
    for key, value in findings.items():
        if key == "packages" and isinstance(value, dict):
            for extra, packages in value.items():
                words = [f"{n} {v or '[red]missing[/]'}" for n, v in packages.items()]
                table.add_row(f"packages ({extra})", ", ".join(words))
        elif isinstance(value, dict):
            table.add_row(key.replace("_", " "), ", ".join(f"{k}: {v}" for k, v in value.items()))
        else:
            table.add_row(key, ", ".join(value) if isinstance(value, list) else str(value))
    return table
