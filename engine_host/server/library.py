"""What the engine's library has, as the wire tells it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Executor, Future

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.schema import Library, LibraryModel, Message
from engine_host.models.catalogue.choice import HOUSE
from engine_host.models.catalogue.listing import ListedModel, listed_models, size_words
from engine_host.models.interface import Model
from engine_host.session.loras import library_loras
from engine_host.session.refusals import refusal

logger = logging.getLogger(__name__)

Answer = Callable[[Message], None]


class LibraryReader:
    """Reads the library on ``executor``: hundreds of LoRAs take seconds, for which no block may
    wait."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._asked: set[bytes] = set()

    def begin(self, identity: bytes, model: Model, answer: Answer) -> None:
        """``answer`` gets the library, or INTERNAL, on the executor's thread. The server's thread.

        RefusedError BAD_ORDER where this client waits for an answer already.
        """
        if identity in self._asked:
            words = "The library is being read for you already; wait for that answer."
            raise RefusedError(ErrorCode.BAD_ORDER, "type", words)
        self._asked.add(identity)
        reading = self._executor.submit(library_of, model)
        reading.add_done_callback(lambda ended: self._end(identity, ended, answer))

    def _end(self, identity: bytes, ended: Future[Library], answer: Answer) -> None:
        self._asked.discard(identity)
        error = ended.exception()
        if error is None:
            answer(ended.result())
            return
        words = f"The engine's library could not be read ({type(error).__name__}: {error})."
        logger.error(words)
        answer(refusal(RefusedError(ErrorCode.INTERNAL, "type", words[:500]), None))


def library_of(model: Model) -> Library:
    """Every model that can be named, and every LoRA with whether ``model`` can play it."""
    try:
        loras = library_loras(model)
    except RefusedError:  # this model was loaded without a library of them
        loras = []
    return Library(models=[_told(listed) for listed in listed_models()], loras=loras)


def _told(listed: ListedModel) -> LibraryModel:
    size = f", {size_words(listed.file_bytes)}" if listed.file_bytes else ""
    state = "" if listed.ready or listed.name == HOUSE else f"; {listed.state}"
    text = f"{listed.words}{size}{state}"
    return LibraryModel(name=listed.name, ready=listed.ready, text=text[:500])
