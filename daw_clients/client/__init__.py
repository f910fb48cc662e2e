"""The Python client: blocking and asyncio faces over one core, and a simulated DAW."""

from daw_clients.client.aio import AsyncClient
from daw_clients.client.client import Client
from daw_clients.client.core import AudioBlock, TooLateError
from daw_clients.client.gateway_link import GatewayLink
from daw_clients.client.link import Link, ZmqLink
from daw_clients.client.simulated_daw import SimulatedDaw

__all__ = [
    "AsyncClient",
    "AudioBlock",
    "Client",
    "GatewayLink",
    "Link",
    "SimulatedDaw",
    "TooLateError",
    "ZmqLink",
]
