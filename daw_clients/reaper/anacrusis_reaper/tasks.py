"""Work that goes over many ticks, written as if it waited.

A task is a generator. It yields a :class:`Pending` to go on with its reply, or None to go on at
the next tick; a refusal is raised where it yielded. Nothing here blocks. Main thread.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Callable, Generator, Optional

from .frames import Message
from .refusal import RefusedError


class Pending:
    """A request on its way; settled by its one reply, or failed."""

    def __init__(self, deadline_s: float) -> None:
        self.deadline_s = deadline_s
        self.reply: Message | None = None
        self.error: RefusedError | None = None

    @property
    def done(self) -> bool:
        """Whether it is settled or failed."""
        return self.reply is not None or self.error is not None


Task = Generator[Optional[Pending], Any, None]
Part = Generator[Optional[Pending], Any, Any]
"""A stretch of a task, with a result: ``result = yield from part``."""


class Runner:
    """Runs tasks one after the other, each as far as it can. ``refused`` is told of those that end
    in a refusal; the next one goes on."""

    def __init__(self, refused: Callable[[RefusedError], None]) -> None:
        self._refused = refused
        self._queue: deque[Task] = deque()
        self._waits_for: Pending | None = None

    @property
    def busy(self) -> bool:
        """Whether any task is under way or waits."""
        return bool(self._queue)

    def add(self, task: Task) -> None:
        """Behind all others."""
        self._queue.append(task)

    def step(self) -> None:
        """One tick: goes on until something must be waited for."""
        while self._queue:
            waited = self._waits_for
            if waited is not None and not waited.done:
                return
            self._waits_for = None
            try:
                self._waits_for = self._resumed(self._queue[0], waited)
            except StopIteration:
                self._queue.popleft()
                continue
            except RefusedError as error:
                self._queue.popleft()
                self._refused(error)
                continue
            if self._waits_for is None:
                return

    def drop(self) -> None:
        """Ends all without a word; each may still put away what it holds."""
        while self._queue:
            self._queue.popleft().close()
        self._waits_for = None

    @staticmethod
    def _resumed(task: Task, waited: Pending | None) -> Pending | None:
        if waited is None:
            return next(task)
        if waited.error is not None:
            return task.throw(waited.error)
        return task.send(waited.reply)
