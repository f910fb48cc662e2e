"""ACE-Step 1.5 in its makers' own layout: the transformer's folder, with the codec and the text
encoder beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from bridge_protocol.errors import ErrorCode, RefusedError

CONFIG = "config.json"
TEXT_ENCODER, CODEC = "Qwen3-Embedding-0.6B", "vae"
_TOLD_BY = ("num_lyric_encoder_hidden_layers", "audio_acoustic_hidden_dim", "hidden_size")


@dataclass(frozen=True)
class Original:
    """The three folders of an original checkpoint."""

    transformer: Path
    codec: Path
    text_encoder: Path


def original_folders(folder: Path) -> list[Path]:
    """The transformers' folders in or at ``folder``, in the order of their names."""
    if _is_transformer(folder):
        return [folder]
    return [path for path in sorted(folder.iterdir()) if path.is_dir() and _is_transformer(path)]


def original_at(folder: Path) -> Original:
    """The original checkpoint at a folder: the transformer's own, or one that holds a single one.

    RefusedError BAD_FIELD where there is none or several, FILE_MISSING where the codec or the text
    encoder is neither in it nor beside it.
    """
    found = original_folders(folder)
    if len(found) != 1:
        names = ", ".join(path.name for path in found)
        words = f"several models ({names}); name one of its folders" if found else "no model"
        raise RefusedError(ErrorCode.BAD_FIELD, "path", f"{folder} holds {words}.")
    return Original(found[0], _beside(found[0], CODEC), _beside(found[0], TEXT_ENCODER))


def _beside(transformer: Path, name: str) -> Path:
    for folder in (transformer / name, transformer.parent / name):
        if (folder / CONFIG).is_file():
            return folder
    raise RefusedError(
        ErrorCode.FILE_MISSING,
        "path",
        f"{transformer} is an ACE-Step transformer, but {name} is neither in it nor beside it; "
        "put that folder of ACE-Step/Ace-Step1.5 there.",
    )


def _is_transformer(folder: Path) -> bool:
    try:
        told = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(told, dict) and all(key in told for key in _TOLD_BY)
