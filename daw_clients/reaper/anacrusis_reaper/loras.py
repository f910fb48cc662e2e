"""The LoRAs of the engine's library that a project plays: as the user writes them, and as told.

How strongly one is heard is no matter of this file: that is a lane or a value, ``lora_1`` to
``lora_4``.
"""

from __future__ import annotations

import re
from typing import Callable, Sequence

from .refusal import RefusedError
from .session import Session
from .tasks import Part

CAPTION = "LoRAs"
PLACES = 4
NO_LORAS = ("",) * PLACES
_NAME = re.compile(r"[0-9a-zA-Z_.-]{0,64}")


def lora_names(text: str) -> tuple[str, ...]:
    """A name for each place, empty where there is none: ``, tape`` is one in place 2.

    RefusedError ``LIMIT`` beyond four, ``BAD_NOTATION`` for what is no name.
    """
    names = [name.strip() for name in text.split(",")]
    while names and not names[-1]:
        names.pop()
    if len(names) > PLACES:
        words = f"{CAPTION}: there are {PLACES} places, and {len(names)} are named."
        raise RefusedError("LIMIT", CAPTION, words)
    for name in names:
        if not _NAME.fullmatch(name):
            words = "{}: {!r} won't do; give names of `anacrusis lora list`, between commas."
            raise RefusedError("BAD_NOTATION", CAPTION, words.format(CAPTION, name))
    return (*names, *NO_LORAS[len(names) :])


class LoraPlaces:
    """What is in the places of one session; ``say`` prints a line."""

    def __init__(self, session: Session, say: Callable[[str], None]) -> None:
        self._session, self._say = session, say
        self._told = list(NO_LORAS)

    def tell(self, names: Sequence[str]) -> Part:
        """Sends the places that changed and waits for the replies; returns what was sent, by name.

        Says what the engine recommends for each. RefusedError with all refusals, after the last
        place; a place that was refused is asked for again next time.
        """
        sent: list[str] = []
        refused: list[RefusedError] = []
        for index, name in enumerate(names):
            if name == self._told[index]:
                continue
            try:
                yield from self._put(index, name)
                sent.append(f"lora {index + 1}")
            except RefusedError as error:
                if error.code == "NO_ENGINE":
                    raise
                refused.append(error)
        if refused:
            words = " ".join(dict.fromkeys(error.message for error in refused))
            raise RefusedError(refused[0].code, CAPTION, words)
        return sent

    def _put(self, index: int, name: str) -> Part:
        request = {"type": "lora_use", "place": index + 1, "name": name}
        reply = yield self._session.ask(request)
        self._told[index] = name
        if reply.get("text"):
            self._say(f"LoRA {name}: {reply['text']}")
