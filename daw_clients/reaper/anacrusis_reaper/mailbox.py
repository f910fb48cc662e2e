"""How one script tells another what to do: REAPER keeps a text that all of them see.

The script that holds the connection writes when it was last awake; the others leave the names of
actions. All run on one thread, so nothing comes between reading and writing.
"""

from __future__ import annotations

import json

from .api import Api

ALIVE, INBOX = "alive", "inbox"
ASLEEP_S = 3.0


def is_connected(api: Api) -> bool:
    """Whether a script holds a connection, and was awake a moment ago."""
    try:
        awake_s = float(api.state(ALIVE))
    except ValueError:
        return False
    return 0.0 <= api.now_s() - awake_s < ASLEEP_S


def awake(api: Api) -> None:
    """The connection's script is there."""
    api.keep_state(ALIVE, repr(api.now_s()))


def asleep(api: Api) -> None:
    """It is no more, and takes nothing with it."""
    api.keep_state(ALIVE, "")
    api.keep_state(INBOX, "")


def post(api: Api, action: str) -> None:
    """Leaves an action for the connection's script."""
    api.keep_state(INBOX, json.dumps([*_letters(api), action]))


def collect(api: Api) -> list[str]:
    """What was left, oldest first."""
    letters = _letters(api)
    if letters:
        api.keep_state(INBOX, "")
    return letters


def _letters(api: Api) -> list[str]:
    text = api.state(INBOX)
    return [str(letter) for letter in json.loads(text)] if text else []
