"""``anacrusis serve``: the engine, for any number of DAW clients on this machine."""

from __future__ import annotations

import asyncio
import logging
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import typer

from bridge_protocol.clock import MonotonicClock
from engine_host.cli import options
from engine_host.models.house.model import load_house_model
from engine_host.server.router import DEFAULT_PORT, Server
from engine_host.stream.engine import DEFAULT_DEPTH, Engine


def serve(
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")
    ] = DEFAULT_PORT,
    depth: options.Depth = DEFAULT_DEPTH,
    threads: options.Threads = 2,
    accelerator: options.Accelerator = "auto",
) -> None:
    """Start the engine and serve DAW clients on this machine until Ctrl-C.

    Prints its endpoint when it is ready, e.g. tcp://127.0.0.1:5317.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    clock = MonotonicClock()
    model = load_house_model(accelerator=accelerator, threads=threads)
    encoder = ThreadPoolExecutor(1, thread_name_prefix="anacrusis-encode")
    listener = ThreadPoolExecutor(1, thread_name_prefix="anacrusis-listen")
    engine = Engine(model, clock, depth=depth, encoder=encoder, listener=listener)
    server = Server(engine, clock, port=port)
    engine.on_failure = server.failed
    engine.on_pace = server.hub.paced
    engine.warm_up()
    typer.echo(f"anacrusis: {model.name} ({model.accelerator}) listening on {server.endpoint}")
    asyncio.run(_until_told(server))


async def _until_told(server: Server) -> None:
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, server.stop)
    await server.run()
