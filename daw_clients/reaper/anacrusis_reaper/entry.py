"""What the scripts in REAPER's action list call: one function each, by the action's name."""

from __future__ import annotations

import sys
from typing import Callable

from . import mailbox
from .api import Api
from .connection import Connection
from .deferred import at_exit, later
from .gateway_link import DEFAULT_PORT, GatewayLink
from .refusal import RefusedError
from .self_test import self_test
from .settings import CAPTIONS, KEY, settings_from, settings_of
from .token_file import token_here

PORT_KEY = "port"


def perform(action: str) -> None:
    """Runs an action: ``connect``, ``settings``, ``self test``, or one of the connection's."""
    api = Api.here()
    own: dict[str, Callable[[Api], None]] = {
        "connect": _connect,
        "settings": _settings,
        "self test": lambda api: say(api, self_test(api)),
    }
    try:
        if action in own:
            own[action](api)
        elif mailbox.is_connected(api):
            mailbox.post(api, action)
        else:
            say(api, "Not connected: run the action Anacrusis: Connect first.")
    except RefusedError as error:
        say(api, error.message)


def say(api: Api, words: str) -> None:
    """One line in REAPER's console."""
    api.say("Anacrusis: " + words)


class Loop:
    """The defer loop of the script that holds the connection."""

    def __init__(self, api: Api) -> None:
        self._api = api
        token = token_here(sys.platform)
        link = GatewayLink(port_of(api))
        self.connection: Connection | None = Connection(
            api, link, token, lambda words: say(api, words)
        )

    def tick(self) -> None:
        """One turn, and the next one is asked for unless it is over."""
        connection = self.connection
        if connection is None:
            return
        mailbox.awake(self._api)
        for action in mailbox.collect(self._api):
            connection.act(action)
        connection.tick()
        if connection.is_over:
            self.connection = None
            mailbox.asleep(self._api)
        else:
            later(self._api, self.tick)

    def end(self) -> None:
        """The script ends, or REAPER ends it."""
        if self.connection is not None:
            self.connection.close("")
            self.connection = None
            mailbox.asleep(self._api)


def port_of(api: Api) -> int:
    """The gateway's, as it was last set for this machine."""
    text = api.state(PORT_KEY)
    return int(text) if text.isdigit() else DEFAULT_PORT


def _connect(api: Api) -> None:
    if mailbox.is_connected(api):
        mailbox.post(api, "disconnect")
        return
    loop = Loop(api)
    at_exit(api, loop.end)
    loop.tick()


def _settings(api: Api) -> None:
    project = api.project()
    kept = settings_of(api.project_state(project, KEY))
    fields = [*kept.fields(), str(port_of(api))]
    typed = api.ask_user("Anacrusis", [*CAPTIONS, "Port of the gateway"], fields)
    if not typed:
        return
    port = typed.pop().strip()
    if not port.isdigit() or not 1 <= int(port) <= 65_535:
        raise RefusedError("OUT_OF_RANGE", "port", "The port is a number from 1 to 65535.")
    api.keep_project_state(project, KEY, settings_from(typed).text())
    api.keep_state(PORT_KEY, port, for_good=True)
    say(api, "Settings kept in the project.")
    if mailbox.is_connected(api):
        mailbox.post(api, "send project")
