"""``anacrusis source``: gives a file to a running engine, for a plugin that plays it by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from daw_clients.client.client import Client
from engine_host.files import read_source
from engine_host.server.router import DEFAULT_PORT

SHORTEST_SECONDS = 0.04  # a latent frame at 25 Hz; the engine checks with its model's own


def source(
    file: Annotated[Path, typer.Argument(help="WAV, FLAC, AIFF, OGG or MP3, mono or stereo.")],
    endpoint: Annotated[
        str, typer.Option("--endpoint", help="Where the engine is.")
    ] = f"tcp://127.0.0.1:{DEFAULT_PORT}",
) -> None:
    """Give a file to a running engine and print its name, to be pasted into the plugin's Source.

    The name is the hash of the samples; the engine has the file until it is stopped.
    """
    read = read_source(file, "file", SHORTEST_SECONDS)
    with Client(endpoint) as client:
        name = client.upload(read.audio, read.rate_hz, read.name)
    typer.echo(name)
