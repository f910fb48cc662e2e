"""What tells a model's weights apart without reading all of them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from engine_host.hashing import sha256_of
from engine_host.models.catalogue.checks import Checked
from engine_host.models.catalogue.headers import samples

SAMPLED_BYTES = 4096
_HOUSE_FILES = ("*.safetensors", "*.onnx", "config.json")


def fingerprint(checked: Checked) -> str:
    """One hash of a checked folder: every JSON file whole, and of every tensor its name, place,
    shape and first 4 KiB. Other weights give another one; takes well under a second."""
    hasher = hashlib.sha256()
    for path in sorted(checked.folder.rglob("*.json")):
        relative = path.relative_to(checked.folder)
        if not relative.parts[0].startswith("."):
            hasher.update(f"{relative.as_posix()} {sha256_of(path)}\n".encode())
    for part in sorted(checked.weights):
        for path, header in sorted(checked.weights[part].files.items()):
            hasher.update(f"{part}/{path.name} {path.stat().st_size}\n".encode())
            for name, data in samples(path, header, SAMPLED_BYTES):
                hasher.update(f"{name} {header[name]}\n".encode() + data)
    return hasher.hexdigest()


def house_fingerprint(folder: Path) -> str:
    """One hash of every file that the house model's sound hangs on, whole, by name."""
    hasher = hashlib.sha256()
    for path in sorted(path for pattern in _HOUSE_FILES for path in folder.glob(pattern)):
        hasher.update(f"{path.name} {sha256_of(path)}\n".encode())
    return hasher.hexdigest()
