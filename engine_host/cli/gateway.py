"""``anacrusis gateway``: the way in for hosts without ZeroMQ, beside an engine that runs elsewhere."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from typing import Annotated

import typer

from bridge_protocol.clock import MonotonicClock
from bridge_protocol.gateway_frames import DEFAULT_GATEWAY_PORT
from engine_host.server.gateway import Gateway
from engine_host.server.gateway_token import gateway_token
from engine_host.server.router import DEFAULT_PORT

DEFAULT_ENGINE = f"tcp://127.0.0.1:{DEFAULT_PORT}"


def gateway(
    engine: Annotated[
        str, typer.Option("--engine", help="The engine's ZeroMQ endpoint.")
    ] = DEFAULT_ENGINE,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")
    ] = DEFAULT_GATEWAY_PORT,
    show_token: Annotated[
        bool,
        typer.Option("--show-token", help="Print the token that clients sign in with, and end."),
    ] = False,
) -> None:
    """Let scripts without ZeroMQ (REAPER, Bitwig, Max) talk to a running engine, until Ctrl-C.

    The same protocol over TCP, with MessagePack or JSON; `anacrusis serve` has it built in. Clients
    sign in with the token of a file that only you can read; ANACRUSIS_GATEWAY_TOKEN overrides it.
    """
    token = gateway_token(os.environ)
    if show_token:
        typer.echo(token.secret)
        return
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    made = Gateway(token, engine, MonotonicClock(), port=port)
    typer.echo(f"{listening(made, token.where)}, for the engine at {engine}")
    asyncio.run(_until_told(made))


def listening(made: Gateway, where: str) -> str:
    """What a command says when a gateway is there; the token itself is never said."""
    return f"anacrusis: gateway listening on {made.endpoint}, token {where}"


async def _until_told(made: Gateway) -> None:
    running = asyncio.create_task(made.run())
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, running.cancel)
    await asyncio.gather(running, return_exceptions=True)
