"""Another model while the old one plays: checked, loaded and measured where nothing waits for it.

The engine's thread goes on with the old model throughout; it takes the new one over between two
ticks, once that is ready. What goes wrong before leaves the old one playing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import Protocol

from bridge_protocol.clock import Clock
from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.models.catalogue import HOUSE, ModelChoice, check_model
from engine_host.models.catalogue.loading import CheckedModel
from engine_host.models.catalogue.places import Place, library_place
from engine_host.models.interface import Model
from engine_host.stream.engine import Engine, InlineExecutor
from engine_host.stream.warming import measure_costs

logger = logging.getLogger("anacrusis")

Check = Callable[[ModelChoice, Place], CheckedModel]


class Asked(Protocol):
    """What the one who asked for a model is told; see `ModelSwap.begin`. Any thread."""

    def accepted(self) -> None:
        """It is there, whole, and fits beside the one that plays; it is being loaded."""
        ...

    def refused(self, error: RefusedError) -> None:
        """It is not; nothing was loaded."""
        ...

    def failed(self, words: str, code: ErrorCode) -> None:
        """It was accepted, and could not be loaded after all."""
        ...

    def changed(self, old: Model, new: Model) -> None:
        """It plays. The engine's thread, under its lock."""
        ...


class ModelSwap:
    """See the module. ``choice`` is how the engine was started: the device, dtype, threads and
    accelerator that the next model gets too, where its family has them."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        choice: ModelChoice | None = None,
        loader: Executor | None = None,
        check: Check = lambda choice, place: check_model(choice, place=place),
    ) -> None:
        self._engine, self._clock, self._choice = engine, clock, choice or ModelChoice()
        self._loader = loader or InlineExecutor()
        self._check = check
        self._busy = threading.Lock()

    def begin(self, name: str, asked: Asked) -> None:
        """Begins to load a model of the library; everything else comes through ``asked``.

        RefusedError FILE_MISSING where the library has no such model, BAD_ORDER while another one
        is being loaded. Any thread.
        """
        place = library_place(name)
        if place is None:
            raise RefusedError(
                ErrorCode.FILE_MISSING,
                "name",
                f"The engine's library has no model {name!r}; list_library says what there is.",
            )
        if not self._busy.acquire(blocking=False):
            raise RefusedError(
                ErrorCode.BAD_ORDER, "name", "Another model is being loaded; ask again after it."
            )
        loading = self._loader.submit(self._load, place, asked)
        loading.add_done_callback(lambda ended: self._broke(ended, place, asked))

    def _load(self, place: Place, asked: Asked) -> None:
        """On the loader's thread; whatever happens, the next model can be asked for afterwards."""
        try:
            checked = self._check(self._choice_of(place), place)
        except RefusedError as error:
            self._busy.release()
            asked.refused(RefusedError(error.code, "name", error.message))
            return
        asked.accepted()
        try:
            model = checked.load()
            costs = measure_costs(model, self._clock, self._engine.rows)
        except RefusedError as error:
            self._fail(place, error.message, error.code, asked)
        except (RuntimeError, ValueError) as error:  # what a model raises that can't run here
            words = f"{type(error).__name__}: {error}"
            self._fail(place, words, ErrorCode.INTERNAL, asked)
        else:
            old = self._engine.model
            self._engine.swap_model(model, costs, lambda new: self._took_over(old, new, asked))

    def _broke(self, ended: Future[None], place: Place, asked: Asked) -> None:
        """What nobody foresaw costs that one model, and no later one."""
        error = None if ended.cancelled() else ended.exception()
        if error is not None:
            self._fail(place, f"{type(error).__name__}: {error}.", ErrorCode.INTERNAL, asked)

    def _took_over(self, old: Model, new: Model, asked: Asked) -> None:
        self._busy.release()
        asked.changed(old, new)

    def _fail(self, place: Place, words: str, code: ErrorCode, asked: Asked) -> None:
        self._busy.release()
        logger.error("the model %s could not be loaded: %s", place.name, words)
        asked.failed(f"{place.name}: {words} The model that played plays on.", code)

    def _choice_of(self, place: Place) -> ModelChoice:
        choice = replace(self._choice, model=place.name, depth=self._engine.rows)
        if place.name == HOUSE:
            return replace(choice, device="auto", dtype="auto")
        return choice if choice.accelerator == "eager" else replace(choice, accelerator="auto")
