"""Models to be changed to while another one plays, and a loader that waits to be let."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from dataclasses import dataclass

from toy_model import ToyModel

from bridge_protocol.clock import VirtualClock
from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.models.interface import Geometry
from engine_host.server.model_swap import ModelSwap


@dataclass
class MirrorModel(ToyModel):
    """Plays the prompt's number with its sign turned."""

    name: str = "mirror"

    def velocity(self, x, t, conditions, strengths=None):
        turned = [str(-float(str(condition) or 0)) for condition in conditions]
        return super().velocity(x, t, turned)


OTHER_GEOMETRY = Geometry(48_000, 2, 960, 6, 2, 0, 1_000)


class HandedClock:
    """The loader's own time, for as long as it works; then the engine's."""

    def __init__(self, engine_clock):
        self._clock, self._engine_clock = VirtualClock(), engine_clock

    def now_ns(self):
        return self._clock.now_ns()

    def advance_ns(self, duration_ns):
        self._clock.advance_ns(duration_ns)

    def hand_over(self):
        self._clock = self._engine_clock


class HeldExecutor(Executor):
    """Runs what it was given when it is let, in the caller's thread, and then ``afterwards``."""

    def __init__(self):
        self.held, self.afterwards = [], []

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        self.held.append(lambda: future.set_result(fn(*args, **kwargs)))
        return future

    def let(self):
        held, self.held = self.held, []
        for run in (*held, *self.afterwards):
            run()


class Checked:
    """What a check gives, with a model in its hands."""

    def __init__(self, make):
        self._make = make

    def load(self):
        return self._make()


def swap_to(make, executor, refused=""):
    """For InProcess: every library name is there, and ``make(clock)`` is what is loaded."""

    def swap(engine, engine_clock):
        clock = HandedClock(engine_clock)
        if isinstance(executor, HeldExecutor):
            executor.afterwards.append(clock.hand_over)

        def check(choice, place):
            if refused:
                raise RefusedError(ErrorCode.LIMIT, "model", refused)
            return Checked(lambda: make(clock))

        return ModelSwap(engine, clock, None, executor, check)

    return swap


class BrokenModel(ToyModel):
    def velocity(self, x, t, conditions, strengths=None):
        raise RuntimeError("this model can't run here")


def loading_fails(clock):
    raise RefusedError(ErrorCode.INTERNAL, "model", "its weights are rubbish.")
