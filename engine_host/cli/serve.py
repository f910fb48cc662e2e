"""``anacrusis serve``: the engine, for any number of DAW clients on this machine."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import typer

from bridge_protocol.clock import Clock, MonotonicClock
from bridge_protocol.errors import RefusedError
from bridge_protocol.gateway_frames import DEFAULT_GATEWAY_PORT
from engine_host.cli import options
from engine_host.cli.gateway import listening
from engine_host.cli.model_loading import loaded_aloud
from engine_host.cli.render_parts.loras import asked_to_merge, merge_loras
from engine_host.models.catalogue import HOUSE, ModelChoice, check_model
from engine_host.server.gateway import Gateway
from engine_host.server.gateway_token import gateway_token
from engine_host.server.library import LibraryReader
from engine_host.server.model_swap import ModelSwap
from engine_host.server.router import DEFAULT_PORT, Server
from engine_host.stream.engine import DEFAULT_DEPTH, Engine


def serve(
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")
    ] = DEFAULT_PORT,
    depth: options.Depth = DEFAULT_DEPTH,
    threads: options.Threads = 2,
    accelerator: options.Accelerator = "auto",
    model_name: options.Model = HOUSE,
    device: options.Device = "auto",
    dtype: options.Dtype = "auto",
    merge_lora: options.MergeLora = None,
    with_gateway: Annotated[
        bool,
        typer.Option("--gateway/--no-gateway", help="Also serve scripts that have no ZeroMQ."),
    ] = True,
    gateway_port: Annotated[
        int,
        typer.Option(
            "--gateway-port", min=0, max=65535, help="Port of the gateway; 0 takes a free one."
        ),
    ] = DEFAULT_GATEWAY_PORT,
) -> None:
    """Start the engine and serve DAW clients on this machine until Ctrl-C.

    Prints its endpoint when it is ready, e.g. tcp://127.0.0.1:5317, then the gateway's (see
    `anacrusis gateway`) and where its token is.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    clock = MonotonicClock()
    choice = ModelChoice(model_name, device, dtype, accelerator, threads, depth)
    merged = tuple(merge_lora or ())
    checked = check_model(choice, loras=asked_to_merge(merged, options.MERGE_LORA))
    model = loaded_aloud(checked)
    merge_loras(model, merged, options.MERGE_LORA)
    encoder = ThreadPoolExecutor(1, thread_name_prefix="anacrusis-encode")
    listener = ThreadPoolExecutor(1, thread_name_prefix="anacrusis-listen")
    loader = ThreadPoolExecutor(1, thread_name_prefix="anacrusis-load")
    reader = ThreadPoolExecutor(1, thread_name_prefix="anacrusis-library")
    engine = Engine(model, clock, depth=depth, encoder=encoder, listener=listener)
    swap = ModelSwap(engine, clock, choice, loader)
    server = Server(engine, clock, port=port, swap=swap, library=LibraryReader(reader))
    engine.on_failure = server.failed
    engine.on_pace = server.hub.paced
    engine.warm_up()
    typer.echo(f"anacrusis: {model.name} ({model.accelerator}) listening on {server.endpoint}")
    gateway = _gateway(server, clock, gateway_port) if with_gateway else None
    asyncio.run(_until_told(server, gateway))


def _gateway(server: Server, clock: Clock, port: int) -> Gateway | None:
    """The gateway to this engine; where it can't be, ZeroMQ clients are served all the same."""
    try:
        token = gateway_token(os.environ)
        gateway = Gateway(token, server.endpoint, clock, port=port)
    except RefusedError as error:
        typer.echo(f"note gateway: it is left out. {error.message}", err=True)
        return None
    typer.echo(listening(gateway, token.where))
    return gateway


async def _until_told(server: Server, gateway: Gateway | None) -> None:
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, server.stop)
    beside = [asyncio.create_task(gateway.run())] if gateway else []
    try:
        await server.run()
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
