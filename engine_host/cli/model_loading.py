"""A checked model, loaded with a word on what takes so long."""

from __future__ import annotations

import typer

from engine_host.models.catalogue.loading import CheckedModel
from engine_host.models.interface import Model


def loaded_aloud(checked: CheckedModel) -> Model:
    """Loads it; of what takes seconds to minutes, says so on standard error first."""
    words = checked.words()
    if words:
        typer.echo(f"loading {words} ...", err=True)
    return checked.load()
