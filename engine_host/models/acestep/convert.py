"""An original ACE-Step 1.5 checkpoint, written anew in diffusers' layout.

Tensors are renamed and copied shard by shard, in the number format they have: never more than one
shard is in memory. Shards that an interrupted conversion has finished are kept, and the folder gets
its name only when it is whole.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from json import dumps
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.models.acestep.original_names import (
    CLASSES,
    PARTS,
    SILENCE,
    part_configs,
    renamed,
)
from engine_host.models.acestep.torch_zip import read_torch_tensor
from engine_host.models.catalogue.families import INDEX, read_json
from engine_host.models.catalogue.headers import TensorEntry, read_header
from engine_host.models.catalogue.originals import Original
from engine_host.models.catalogue.records import write_text
from engine_host.models.catalogue.shards import read_weights

MAX_SHARD_BYTES = 1 << 30
STEM = "diffusion_pytorch_model"
SILENCE_FRAMES = 15_000
NOTES = "conversion.json"
KEPT_SUFFIXES = frozenset({".json", ".txt", ".jinja", ".model"})
_BESIDE_TOKENS = frozenset({"config.json", "generation_config.json", "modules.json"})

Progress = Callable[[int, int], None]
"""Bytes written so far, and bytes in all."""


@dataclass(frozen=True)
class Move:
    """A tensor's way: out of ``file``, where it is ``old``, to ``new``; None is the silence."""

    new: str
    old: str
    file: Path | None
    size: int


def convert(
    original: Original, out: Path, progress: Progress, max_shard_bytes: int = MAX_SHARD_BYTES
) -> Path:
    """Writes ``out``, which must not be there, and gives it back.

    RefusedError: FILE_MISSING or FILE_BROKEN as `read_weights` says, BAD_FIELD for a config of
    another version, LIMIT where the disk has too little room, BAD_ORDER where ``out`` is there.
    """
    if out.exists():
        raise RefusedError(
            ErrorCode.BAD_ORDER, "name", f"{out} is there already; remove it, or take another name."
        )
    work = _Conversion(original, out.parent / f".{out.name}.partial", progress, max_shard_bytes)
    work.run()
    (work.folder / NOTES).unlink()
    work.folder.rename(out)
    return out


def silence_of(transformer: Path, channels: int) -> torch.Tensor:
    """The silence latent ``[1, 15000, C]`` beside a transformer: as .safetensors, .npy, or in the
    .pt that its makers give, which is read without unpickling.

    RefusedError FILE_MISSING where there is none, FILE_BROKEN where it is none.
    """
    for suffix, read in (
        (".safetensors", _only_tensor),
        (".npy", lambda path: torch.from_numpy(np.load(path, allow_pickle=False))),
        (".pt", read_torch_tensor),
    ):
        path = transformer / f"{SILENCE}{suffix}"
        if path.is_file():
            return _frames_first(read(path), channels, path)
    raise RefusedError(
        ErrorCode.FILE_MISSING,
        "path",
        f"{transformer / SILENCE}.pt is missing; without it the model plays a drone.",
    )


def _only_tensor(path: Path) -> torch.Tensor:
    tensors = load_file(path)
    return next(iter(tensors.values())) if len(tensors) == 1 else torch.zeros(0)


def _frames_first(tensor: torch.Tensor, channels: int, path: Path) -> torch.Tensor:
    """It is kept channels first; one that is the other way round already stays."""
    plain = tensor.squeeze(0) if tensor.ndim == 3 else tensor
    if plain.shape == (channels, SILENCE_FRAMES):
        plain = plain.T
    if plain.shape != (SILENCE_FRAMES, channels):
        raise RefusedError(
            ErrorCode.FILE_BROKEN,
            "path",
            f"{path} is {[*tensor.shape]}, and silence {[channels, SILENCE_FRAMES]}.",
        )
    return plain[None].contiguous()


class _Conversion:
    """One conversion on its way, in its working folder."""

    def __init__(
        self, original: Original, folder: Path, progress: Progress, max_shard_bytes: int
    ) -> None:
        self.folder = folder
        self._original, self._progress = original, progress
        self._config = read_json(original.transformer / "config.json", "path")
        self._configs = part_configs(self._config)
        self._silence = silence_of(original.transformer, int(self._config["timbre_hidden_dim"]))
        self._weights = read_weights(original.transformer)
        self._copies = list(_copies(original))
        self._shards = {
            part: _split(moves, max_shard_bytes) for part, moves in self._moves().items()
        }
        self._total = sum(
            move.size for shards in self._shards.values() for m in shards for move in m
        )
        self._total += sum(source.stat().st_size for source, _ in self._copies)
        self._done = 0

    def run(self) -> None:
        self._begin()
        for part, shards in self._shards.items():
            self._write_part(part, shards)
        for source, place in self._copies:
            self._copy(source, self.folder / place)
        self._write_scheduler()
        write_text(self.folder / INDEX, dumps(self._index(), indent=2) + "\n")

    def _moves(self) -> dict[str, list[Move]]:
        """What goes to each part; refused where a part gets nothing."""
        found: dict[str, list[Move]] = {part: [] for part in CLASSES}
        for file, header in self._weights.files.items():
            for old, entry in header.items():
                place = renamed(old)
                if place is not None:
                    found[place[0]].append(Move(place[1], old, file, _size(entry)))
        for part, moves in found.items():
            if not moves:
                prefix = next(key for key, value in PARTS.items() if value == part)
                raise RefusedError(
                    ErrorCode.FILE_BROKEN,
                    "path",
                    f"{self._original.transformer} has no tensors of its {prefix}.",
                )
        silence = Move(SILENCE, "", None, self._silence.nbytes)
        found[PARTS["encoder"]].append(silence)
        return {part: sorted(moves, key=lambda move: move.new) for part, moves in found.items()}

    def _begin(self) -> None:
        """Takes up what is kept of the same conversion, or begins anew."""
        notes = self._notes()
        path = self.folder / NOTES
        if not path.is_file() or path.read_text(encoding="utf-8") != notes:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            self._check_room()
            write_text(path, notes)

    def _notes(self) -> str:
        files = [*self._weights.files, *(source for source, _ in self._copies)]
        told = {str(path): [path.stat().st_size, path.stat().st_mtime_ns] for path in files}
        shards = {part: [len(moves) for moves in kept] for part, kept in self._shards.items()}
        return dumps({"from": told, "shards": shards}, indent=1) + "\n"

    def _check_room(self) -> None:
        free = shutil.disk_usage(self.folder).free
        if free < self._total:
            raise RefusedError(
                ErrorCode.LIMIT,
                "path",
                f"The conversion takes {self._total / 1e9:.1f} GB, and {self.folder.parent} has "
                f"{free / 1e9:.1f} GB free.",
            )

    def _write_part(self, part: str, shards: list[list[Move]]) -> None:
        folder = self.folder / part
        folder.mkdir(exist_ok=True)
        names = [_shard_name(number, len(shards)) for number in range(len(shards))]
        for name, moves in zip(names, shards, strict=True):
            if not _is_written(folder / name, moves):
                self._write_shard(folder / name, moves)
            self._advance(sum(move.size for move in moves))
        if len(shards) > 1:
            write_text(folder / f"{STEM}.safetensors.index.json", _shard_index(names, shards))
        write_text(folder / "config.json", dumps(self._configs[part], indent=2) + "\n")

    def _write_shard(self, path: Path, moves: list[Move]) -> None:
        with ExitStack() as stack:
            files = {move.file for move in moves if move.file is not None}
            opened = {file: stack.enter_context(safe_open(file, framework="pt")) for file in files}
            tensors = {
                move.new: self._silence
                if move.file is None
                else opened[move.file].get_tensor(move.old)
                for move in moves
            }
            partial = path.with_suffix(".partial")
            save_file(tensors, partial, metadata={"format": "pt"})
        partial.replace(path)

    def _copy(self, source: Path, place: Path) -> None:
        place.parent.mkdir(exist_ok=True)
        if not place.is_file() or place.stat().st_size != source.stat().st_size:
            partial = place.with_suffix(".partial")
            shutil.copyfile(source, partial)
            partial.replace(place)
        self._advance(source.stat().st_size)

    def _write_scheduler(self) -> None:
        told = {
            "_class_name": "FlowMatchEulerDiscreteScheduler",
            "num_train_timesteps": 1,
            "shift": 1.0,
        }
        write_text(
            self.folder / "scheduler" / "scheduler_config.json", dumps(told, indent=2) + "\n"
        )

    def _index(self) -> dict[str, object]:
        told = read_json(self._original.text_encoder / "tokenizer_config.json", "path")
        return {
            "_class_name": "AceStepPipeline",
            **{part: ["diffusers", name] for part, name in CLASSES.items()},
            "vae": ["diffusers", "AutoencoderOobleck"],
            "text_encoder": ["transformers", "Qwen3Model"],
            "tokenizer": ["transformers", told.get("tokenizer_class", "Qwen2Tokenizer")],
            "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
        }

    def _advance(self, count: int) -> None:
        self._done += count
        self._progress(self._done, self._total)


def _copies(original: Original) -> Iterator[tuple[Path, Path]]:
    """The files that are taken as they are: codec, text encoder, and its tokenizer's."""
    for path in sorted(original.codec.iterdir()):
        if path.suffix == ".safetensors" or path.name == "config.json":
            yield path, Path("vae") / path.name
    weights = read_weights(original.text_encoder)
    kept = {*weights.files, original.text_encoder / "config.json"}
    kept |= set(original.text_encoder.glob("*.index.json"))
    for path in sorted(kept):
        yield path, Path("text_encoder") / path.name
    for path in sorted(original.text_encoder.iterdir()):
        if path.suffix in KEPT_SUFFIXES and path not in kept and path.name not in _BESIDE_TOKENS:
            yield path, Path("tokenizer") / path.name


def _split(moves: list[Move], most_bytes: int) -> list[list[Move]]:
    shards: list[list[Move]] = [[]]
    for move in moves:
        if shards[-1] and sum(kept.size for kept in shards[-1]) + move.size > most_bytes:
            shards.append([])
        shards[-1].append(move)
    return shards


def _size(entry: TensorEntry) -> int:
    return entry.end - entry.start


def _shard_name(number: int, count: int) -> str:
    if count == 1:
        return f"{STEM}.safetensors"
    return f"{STEM}-{number + 1:05d}-of-{count:05d}.safetensors"


def _shard_index(names: list[str], shards: list[list[Move]]) -> str:
    total = sum(move.size for moves in shards for move in moves)
    places = {move.new: name for name, moves in zip(names, shards, strict=True) for move in moves}
    return dumps({"metadata": {"total_size": total}, "weight_map": places}, indent=2) + "\n"


def _is_written(path: Path, moves: list[Move]) -> bool:
    """A shard gets its name only when it is whole, so its header is enough to know it by."""
    return path.is_file() and set(read_header(path)) == {move.new for move in moves}
