"""``anacrusis lora``: the LoRAs that ``render`` and every client can ask for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bridge_protocol.errors import RefusedError
from bridge_protocol.parameters import parameter
from engine_host.models.lora.file import LoraFile, find_lora
from engine_host.models.lora.library import Card, Entry, LoraLibrary, card_of

_UNSAYING = frozenset({"adapter_model", "pytorch_lora_weights", "model", "lora"})
"""Names that trainers give every file; the folder's says more."""

lora_app = typer.Typer(
    help="The LoRAs that render and every client can ask for by name.",
    no_args_is_help=True,
    add_completion=False,
)

Name = Annotated[str, typer.Argument(help="Its name in the library.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@lora_app.command("list")
def list_loras(as_json: AsJson = False) -> None:
    """Say which LoRAs there are."""
    library = LoraLibrary()
    found = [_told(library, name) for name in library.names()]
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    table = Table("name", "strength", "trigger words", "for", "about", box=None)
    for told in found:
        about = told["broken"] or told["text"]
        words = ", ".join(told["trigger_words"])
        table.add_row(told["name"], f"{told['strength']:g}", words, told["model"], about)
    Console(highlight=False, markup=False).print(table if found else f"none in {library.folder}")


@lora_app.command("add")
def add(
    path: Annotated[Path, typer.Argument(help="A .safetensors file, or the folder of one.")],
    name: Annotated[
        str | None, typer.Option("--name", help="What to call it. [default: as its file or folder]")
    ] = None,
    trigger: Annotated[
        list[str] | None,
        typer.Option(
            "--trigger", help="A word its author says to put into the prompt; repeatable."
        ),
    ] = None,
    strength: Annotated[
        float, typer.Option("--strength", help="The strength its author recommends, 0 to 2.")
    ] = 1.0,
    model: Annotated[
        str, typer.Option("--for", help="The model it is for, as a note to yourself.")
    ] = "",
    text: Annotated[
        str, typer.Option("--text", help="A note: where it is from, its licence.")
    ] = "",
) -> None:
    """Copy a LoRA into the library, after a look at it. Nothing but safetensors is taken.

    PEFT, ComfyUI, kohya and diffusers layouts are read; alpha and rank are applied.
    """
    parameter("lora_1").check(strength, "--strength")
    told = {"trigger_words": trigger or (), "strength": strength, "model": model, "text": text}
    card = card_of(told)
    entry = LoraLibrary().add(path, name or _name_of(path), card, "PATH")
    typer.echo(f"{entry.name}: {_about(entry.look_at('PATH'))}")
    typer.echo(
        f"anacrusis render --lora {entry.name} ... plays it; its strength is the lane lora_1."
    )


@lora_app.command("info")
def info(name: Name, as_json: AsJson = False) -> None:
    """Say what a LoRA is."""
    entry = LoraLibrary().entry(name, "NAME")
    file = entry.look_at("NAME")
    if as_json:
        typer.echo(json.dumps({**_card(entry), **_measures(file)}, indent=1))
        return
    for key, value in {**_card(entry), "is": _about(file), "file": str(file.path)}.items():
        typer.echo(f"{key}: {', '.join(value) if isinstance(value, list) else value}")


@lora_app.command("remove")
def remove(name: Name) -> None:
    """Delete a LoRA from the library."""
    LoraLibrary().remove(name, "NAME")
    typer.echo(f"{name} is removed.")


def _name_of(path: Path) -> str:
    """The folder's or the file's name, the one that says more, made one that can be asked for."""
    file = find_lora(path.expanduser(), "PATH").resolve()
    said = file.parent.name if file.stem in _UNSAYING else file.stem
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "_.-") else "-" for c in said)
    return plain.strip(".-")[:64]


def _told(library: LoraLibrary, name: str) -> dict[str, Any]:
    """A card as `list` prints it; ``broken`` says why it can't be played."""
    entry = Entry(name, library.folder / name, Card())
    try:
        entry = library.entry(name, "NAME")
        return {**_card(entry), **_measures(entry.look_at("NAME")), "broken": ""}
    except RefusedError as error:
        return {**_card(entry), "broken": error.message}


def _card(entry: Entry) -> dict[str, Any]:
    card = entry.card
    return {
        "name": entry.name,
        "trigger_words": list(card.trigger_words),
        "strength": card.strength,
        "model": card.model,
        "text": card.text,
    }


def _measures(file: LoraFile) -> dict[str, Any]:
    return {"layers": len(file.layers), "ranks": list(file.ranks), "widths": _widths(file)}


def _widths(file: LoraFile) -> list[int]:
    return sorted({layer.size.inputs for layer in file.layers.values()})


def _about(file: LoraFile) -> str:
    ranks, widths = (_listed(values) for values in (file.ranks, _widths(file)))
    return f"{len(file.layers)} layers, rank {ranks}, for layers of {widths} values"


def _listed(values: Sequence[int]) -> str:
    return ", ".join(map(str, values))
