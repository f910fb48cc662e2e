"""How strong a LoRA is by itself: ``alpha / rank``, from wherever its trainer wrote it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from bridge_protocol.errors import ErrorCode, RefusedError

CONFIG_FILE = "adapter_config.json"
HEADER_KEY = "lora_adapter_metadata"  # where diffusers writes it into a safetensors header
MAX_CONFIG_BYTES = 1 << 20
_PLAIN = re.compile(r"[\w.-]+")
_T = TypeVar("_T", int, float)


class _PeftConfig(msgspec.Struct):
    r: int | None = None
    lora_alpha: float | None = None
    rank_pattern: dict[str, int] | None = None
    alpha_pattern: dict[str, float] | None = None
    use_rslora: bool = False
    use_dora: bool = False
    peft_type: str | None = "LORA"


@dataclass(frozen=True)
class Scaling:
    """``rank`` and ``alpha`` as told, None where nothing is; patterns are ends of layers' names."""

    rank: int | None = None
    alpha: float | None = None
    ranks: Mapping[str, int] = field(default_factory=dict)
    alphas: Mapping[str, float] = field(default_factory=dict)
    by_root: bool = False  # rank-stabilised: alpha / sqrt(rank)

    def rank_of(self, layer: str) -> int | None:
        """What the configuration says of a layer as the file calls it."""
        return _by_end(layer, self.ranks, self.rank)

    def scale(self, layer: str, rank: int, own_alpha: float | None) -> float:
        """The factor of a layer of ``rank``; ``own_alpha`` (the file's) goes first; told nothing, 1."""
        alpha = own_alpha if own_alpha is not None else _by_end(layer, self.alphas, self.alpha)
        if alpha is None:
            return 1.0
        return alpha / (math.sqrt(rank) if self.by_root else rank)


def _by_end(layer: str, patterns: Mapping[str, _T], otherwise: _T | None) -> _T | None:
    for end, value in patterns.items():
        if layer == end or layer.endswith(f".{end}"):
            return value
    return otherwise


def read_scaling(folder: Path, header: Mapping[str, str], what: str, name: str) -> Scaling:
    """From ``adapter_config.json`` in ``folder``, else from a file's ``header``, else nothing.

    `RefusedError` about ``name``: FILE_BROKEN for what can't be read, CANNOT_HEAR for DoRA and for
    adapters of another kind.
    """
    path = folder / CONFIG_FILE
    if path.is_file():
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise RefusedError(ErrorCode.LIMIT, name, f"{path.name} of {what} is too large.")
        return _scaling(path.read_bytes(), f"{CONFIG_FILE} of {what}", name)
    if HEADER_KEY in header:
        return _scaling(_without_prefix(header[HEADER_KEY]), f"the header of {what}", name)
    return Scaling()


def _without_prefix(text: str) -> bytes:
    """diffusers writes ``transformer.lora_alpha`` for ``lora_alpha``."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return text.encode()
    if isinstance(told, dict):
        told = {key.removeprefix("transformer."): value for key, value in told.items()}
    return json.dumps(told).encode()


def _scaling(raw: bytes, what: str, name: str) -> Scaling:
    try:
        config = msgspec.json.decode(raw, type=_PeftConfig)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        text = f"{what} can't be read ({error}); take it from where the LoRA came from."
        raise RefusedError(ErrorCode.FILE_BROKEN, name, text) from None
    if config.use_dora or config.peft_type not in (None, "LORA"):
        kind = "DoRA" if config.use_dora else str(config.peft_type)[:40]
        text = f"{what} says {kind}, which can't be played; only plain LoRAs can."
        raise RefusedError(ErrorCode.CANNOT_HEAR, name, text)
    return Scaling(
        config.r,
        config.lora_alpha,
        {_end(p, what, name): rank for p, rank in (config.rank_pattern or {}).items()},
        {_end(p, what, name): alpha for p, alpha in (config.alpha_pattern or {}).items()},
        config.use_rslora,
    )


def _end(pattern: str, what: str, name: str) -> str:
    """A pattern as a plain end of a name; a downloaded file runs no regular expression here."""
    plain = pattern.removeprefix("^").removesuffix("$").replace("\\.", ".")
    if not _PLAIN.fullmatch(plain):
        text = f"{what} has the pattern {pattern[:40]!r}; only names of layers can be read."
        raise RefusedError(ErrorCode.CANNOT_HEAR, name, text)
    return plain
