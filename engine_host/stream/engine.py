"""The engine: one model, one ring, any number of streams.

One thread calls :meth:`Engine.round` over and over; it owns the model's ticks and decodes. Other
threads hold :attr:`Engine.lock` for as long as it takes to read or change a stream's plans, which
is never as long as a tick.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace

import numpy as np
import torch

from bridge_protocol.clock import Clock
from engine_host.diffusion.request import Request, StepCell
from engine_host.diffusion.ring import Failed, Finished, Ring
from engine_host.models.interface import Model
from engine_host.stream.beats import Beats
from engine_host.stream.costs import MARGIN, PREPARE_NS, ROUND_NS, RunningCost
from engine_host.stream.encodes import Encodes
from engine_host.stream.pace import every_window, must_begin
from engine_host.stream.plan import Plan
from engine_host.stream.prepare import prepare
from engine_host.stream.rendering import Rendering, Unit, decode_unit
from engine_host.stream.sources import Placement, Source
from engine_host.stream.stream import Cost, Stream
from engine_host.stream.warming import MeasuredCosts, measure_costs
from engine_host.stream.windows import Window

DEFAULT_DEPTH = 1
"""On a CPU a forward costs nearly its rows, so a deeper ring mostly adds latency (docs/engine.md)."""
NOMINAL_STEPS = 8
PREPARED_KEPT = 32

GUESSED_NS = 50_000_000  # of a tick or a decode, until one was measured
NEAR_WINDOWS = 2
RECENT_PREPARES = 32  # of a change to a window whose sources are encoded already, mostly
RECENT_TICKS = 32  # the pace follows these: a slower machine is met within a generation or two
FailureReport = Callable[[Stream, str], None]
PaceReport = Callable[[Stream, int], None]


@dataclass(frozen=True, eq=False)
class Want:
    """A plan ahead with no rendering. ``near``: of the window that sounds or the next one;
    ``refines``: there is a rendering that will do, made while a knob moved."""

    stream: Stream
    plan: Plan
    x: int
    near: bool
    refines: bool


@dataclass(eq=False)
class Flight:
    """A generation in the ring."""

    stream: Stream
    plan: Plan
    cell: StepCell
    step: bytes
    x: int  # where on the stream's path its settings begin
    needed_x: int  # where it is heard first
    born_tick: int
    refines: bool
    clean: bool = True


@dataclass(frozen=True, eq=False)
class NextModel:
    """A model that is to take over; ``then`` is told, under the lock, in the moment it does."""

    model: Model
    costs: MeasuredCosts | None
    then: Callable[[Model], None]


class InlineExecutor(Executor):
    """Runs what it is given at once, in the caller's thread: for renders and tests."""

    def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]
        """See :class:`concurrent.futures.Executor`."""
        future: Future[object] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - an executor hands every error to its future
            future.set_exception(error)
        return future


class Engine:
    """See the module. ``depth`` slots in flight; every forward runs at ``rows`` rows.

    ``encoder`` prepares requests; ``listener`` finds tempi (the encoder, where there is none).
    """

    def __init__(
        self,
        model: Model,
        clock: Clock,
        *,
        depth: int = DEFAULT_DEPTH,
        rows: int | None = None,
        encoder: Executor | None = None,
        listener: Executor | None = None,
        on_failure: FailureReport = lambda stream, words: None,
    ) -> None:
        self.model = model
        self.lock = threading.RLock()
        self.tick_cost = RunningCost(GUESSED_NS)
        self.decode_cost = RunningCost(GUESSED_NS)
        self.prepare_cost = RunningCost(PREPARE_NS)
        self._encodes = Encodes(model)
        self.ticks = 0
        self.generations = 0
        self.busy_ns = 0
        self._decode_factor = 0.0
        self._clock = clock
        self._depth, self._rows = depth, rows or depth
        self._encoder = encoder or InlineExecutor()
        self._listener = listener or self._encoder
        self.on_failure = on_failure
        self.on_pace: PaceReport = lambda stream, every: None
        self.refine = True  # spare ticks make the next window ready and clean; else they rest
        self._streams: list[Stream] = []
        self._flights: list[Flight] = []
        self._prepared: OrderedDict[tuple[int, bytes], Future[Request]] = OrderedDict()
        self._failed: set[tuple[int, bytes]] = set()
        self._wants: dict[int, tuple[int, list[Want]]] = {}
        self._steered: dict[int, int] = {}
        self._next_model: NextModel | None = None
        self._ring = self._new_ring()

    def _new_ring(self) -> Ring:
        return Ring(
            self.model.velocity,
            self._take,
            channels=self.model.geometry.latent_channels,
            depth=self._depth,
            rows=self._rows,
            nominal_steps=NOMINAL_STEPS,
        )

    # ------------------------------------------------------------ streams (under the lock)

    def add(self, stream: Stream) -> None:
        """Begins to serve a stream."""
        with self.lock:
            self._streams.append(stream)

    def remove(self, stream: Stream) -> None:
        """Forgets a stream; its slots in flight are dropped before the next tick."""
        with self.lock:
            if stream in self._streams:
                self._streams.remove(stream)
            self._flights = [flight for flight in self._flights if flight.stream is not stream]
            for key in [key for key in self._prepared if key[0] == id(stream)]:
                del self._prepared[key]
            self._failed = {key for key in self._failed if key[0] != id(stream)}
            self._wants.pop(id(stream), None)
            self._steered.pop(id(stream), None)

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The streams served."""
        return tuple(self._streams)

    def warm(self, source: Source, host_rate_hz: int) -> None:
        """Resamples a source where nobody waits for it, before it is first heard."""
        for rate_hz in {host_rate_hz, self.model.geometry.sample_rate_hz}:
            self._encoder.submit(source.stereo_at, rate_hz)

    def listen(self, source: Source) -> Future[Beats]:
        """Finds a source's tempo where nothing waits for it: the first time takes many seconds."""
        return self._listener.submit(source.beats)

    def set_depth(self, depth: int) -> None:
        """Another number of slots from the next tick on; what is in flight finishes all the same."""
        with self.lock:
            self._depth = depth

    def swap_model(
        self,
        model: Model,
        costs: MeasuredCosts | None = None,
        then: Callable[[Model], None] = lambda model: None,
    ) -> None:
        """``model`` takes over before the next tick, or once the offline renders under way have
        ended: those are one model's throughout. Any thread; ``then`` is called on the engine's,
        under the lock."""
        with self.lock:
            self._next_model = NextModel(model, costs, then)

    @property
    def rows(self) -> int:
        """Rows of every forward."""
        return self._rows

    @property
    def working(self) -> bool:
        """Whether generations are in flight."""
        return bool(self._flights)

    @property
    def decode_realtime_factor(self) -> float:
        """Seconds of decoding for a second of sound, as measured at the start."""
        return self._decode_factor

    def cost(self, steps: int = NOMINAL_STEPS) -> Cost:
        """What a request of so many steps, submitted now, will take until it is sound: the slow end
        of what was measured."""
        with self.lock:
            base = self._cost(steps)
            queue = self._queued(base) * base.between_births_ns
        return replace(base, request_to_sound_ns=base.request_to_sound_ns + queue)

    def _queued(self, base: Cost) -> int:
        """How many other generations have to be born before one that is asked for now."""
        now = self._clock.now_ns()
        needed = [want for want in self._wanted() if not want.refines and not want.stream.offline]
        slacks = [want.stream.slack_seconds(want.x, now) for want in needed]
        return sum(slack * 1e9 <= 2 * base.request_to_sound_ns for slack in slacks)

    def _cost(self, steps: int) -> Cost:
        between_births = -(-steps // self._depth)
        busy = not all(self._can_wait(flight) for flight in self._flights)
        ticks = steps + (between_births if busy else 0)
        tick = self.tick_cost.quantile_ns(0.99)
        return Cost(self._work_ns(ticks), between_births * tick, self.ticks)

    def _work_ns(self, ticks: int) -> int:
        work = ticks * self.tick_cost.quantile_ns(0.99) + self.decode_cost.quantile_ns(0.99)
        prepare_ns = max(PREPARE_NS, self.prepare_cost.quantile_ns(0.9, RECENT_PREPARES))
        return int((work + prepare_ns + ROUND_NS) * MARGIN)

    def _can_wait(self, flight: Flight) -> bool:
        """Whether a generation would give way to one that is needed now: in its first half, and not
        needed before it could be made again."""
        steps = int(flight.plan.value("steps"))
        if 2 * (self.ticks - flight.born_tick) > steps:
            return False
        if flight.refines or flight.stream.offline:
            return True
        slack = flight.stream.slack_seconds(flight.needed_x, self._clock.now_ns())
        return slack * 1e9 > 2 * self._work_ns(2 * steps)

    # ------------------------------------------------------------ the engine thread

    def round(self) -> bool:
        """One pass: prepare, tick, decode, send. Returns whether there was anything to do."""
        started = self._clock.now_ns()
        with self.lock:
            self._take_over()
            self._steer_flights()
            self._give_way()
            self._prepare(self._wanted())
            working = bool(self._flights) or any(self._ready(want) for want in self._startable())
        if working:
            self._tick()
        decoded = self._decode_next()
        with self.lock:
            now = self._clock.now_ns()
            sent = sum(stream.emit(now) for stream in self._streams)
        did = working or decoded or sent > 0
        if did:
            self.busy_ns += self._clock.now_ns() - started
        return did

    def warm_up(self) -> None:
        """A few ticks and decodes of silence, so that costs are known before the first promise."""
        self._learn(measure_costs(self.model, self._clock, self._rows))

    def _learn(self, costs: MeasuredCosts) -> None:
        for tick_ns, decode_ns in zip(costs.ticks_ns, costs.decodes_ns, strict=True):
            self.tick_cost.add(tick_ns)
            self.decode_cost.add(decode_ns)
        self._decode_factor = costs.decode_factor

    def _take_over(self) -> None:
        """The next model's turn, where there is one: nothing that the old one began goes on."""
        coming = self._next_model
        if coming is None or any(s.offline and not s.finished for s in self._streams):
            return
        self._next_model, self.model = None, coming.model
        self._forget_work()
        self._ring = self._new_ring()
        self.tick_cost, self.decode_cost = RunningCost(GUESSED_NS), RunningCost(GUESSED_NS)
        self.prepare_cost, self._encodes = RunningCost(PREPARE_NS), Encodes(coming.model)
        if coming.costs is not None:
            self._learn(coming.costs)
        for stream in self._streams:
            stream.change_model(coming.model.geometry)
        coming.then(coming.model)

    def _forget_work(self) -> None:
        for future in self._prepared.values():
            future.cancel()
        for kept in (self._flights, self._prepared, self._failed, self._wants, self._steered):
            kept.clear()

    def _wanted(self) -> list[Want]:
        """Every plan ahead that has no clean rendering and no slot, in the order of need."""
        now = self._clock.now_ns()
        found = [want for stream in self._streams for want in self._wanted_by(stream)]
        order = {id(stream): place for place, stream in enumerate(self._streams)}
        return sorted(found, key=lambda w: (*self._need(w, now), order[id(w.stream)]))

    def _need(self, want: Want, now_ns: int) -> tuple[bool, float, int]:
        """Offline renders take what is left over, and refinements what is left then."""
        stream = want.stream
        slack = math.inf if stream.offline else stream.slack_seconds(want.x, now_ns)
        return want.refines, slack, want.x

    def _wanted_by(self, stream: Stream) -> list[Want]:
        """What one stream wants, looked up again only when something has changed."""
        known = self._wants.get(id(stream))
        if known is not None and known[0] == stream.revision:
            return known[1]
        found: list[Want] = []
        seen: set[tuple[bytes, bytes]] = set()
        windows: set[Window] = set()
        for piece in stream.upcoming() if not stream.finished else ():
            plan = stream.plan_of(piece)
            if plan.waits:
                break
            windows.add(piece.tile.window)
            if (plan.submission, plan.step) not in seen:
                seen.add((plan.submission, plan.step))
                if self._missing(stream, plan):
                    near = len(windows) <= NEAR_WINDOWS
                    will_do = stream.store.acceptable(plan) is not None
                    found.append(Want(stream, plan, piece.x, near, will_do))
        self._wants[id(stream)] = (stream.revision, found)
        return found

    def _startable(self) -> list[Want]:
        """What may be born now: all that is wanted once something must begin to be heard in time;
        before that the next windows only, in ticks that nothing else needs."""
        wanted = self._wanted()
        now = self._clock.now_ns()
        offline = [want for want in wanted if want.stream.offline]
        live = [want for want in wanted if not want.stream.offline]
        needed = [want for want in live if not want.refines]
        if offline or self._must_begin(needed, now):
            return wanted
        if not self.refine:
            return []
        return [want for want in live if want.near]

    def _must_begin(self, needed: list[Want], now_ns: int, *, waits: bool = False) -> bool:
        """``waits``: if it were to wait for a slot first."""
        slacks = [want.stream.slack_seconds(want.x, now_ns) for want in needed]
        cost = self._cost(max((int(want.plan.value("steps")) for want in needed), default=1))
        births = cost.between_births_ns / 1e9
        return must_begin(slacks, cost.request_to_sound_ns / 1e9 + waits * births, births)

    def _missing(self, stream: Stream, plan: Plan) -> bool:
        if (id(stream), plan.submission) in self._failed:
            return False
        if stream.store.exact(plan) is not None:
            return False
        if not np.any(plan.denoise()):
            stream.store.add(self._source_itself(plan))
            return False
        return not any(
            f.stream is stream and f.plan.submission == plan.submission and f.step == plan.step
            for f in self._flights
        )

    def _source_itself(self, plan: Plan) -> Rendering:
        self.generations += 1
        tick = self.ticks
        return Rendering(plan, None, self.generations, True, plan.step, tick, tick - 1, self.model)

    def _prepare(self, wanted: list[Want]) -> None:
        for want in wanted[: self._depth + 2]:
            key = (id(want.stream), want.plan.submission)
            if key not in self._prepared:
                earlier = want.stream.store.earlier(want.plan)
                if earlier is None and self._comes_first(want, wanted):
                    continue
                self._prepared[key] = self._encoder.submit(
                    self._made, want.plan, self.model, self._encodes, earlier
                )
        while len(self._prepared) > PREPARED_KEPT:
            self._prepared.popitem(last=False)

    def _made(
        self, plan: Plan, model: Model, encodes: Encodes, earlier: torch.Tensor | None
    ) -> Request:
        """A request, and what it cost. Encode thread."""
        started = self._clock.now_ns()
        request = prepare(plan, model, earlier, encodes)
        self.prepare_cost.add(self._clock.now_ns() - started)
        return request

    def _comes_first(self, want: Want, wanted: list[Want]) -> bool:
        """Whether the pass that feedback mixes into this one is still being made."""
        plan = want.plan
        before = plan.lap - int(plan.value("feedback_tap"))
        if not plan.value("feedback") or before < 0:
            return False
        making = [other.plan for other in wanted if other.stream is want.stream]
        making += [flight.plan for flight in self._flights if flight.stream is want.stream]
        return any(p.lap == before and p.frames.window == plan.frames.window for p in making)

    def _ready(self, want: Want) -> bool:
        future = self._prepared.get((id(want.stream), want.plan.submission))
        return future is not None and future.done()

    def _take(self) -> Request | None:
        """The ring's mailbox: the slot that frees reads what is wanted at this moment."""
        with self.lock:
            for want in self._startable():
                if self._ready(want):
                    return self._born(want)
        return None

    def _born(self, want: Want) -> Request | None:
        stream, plan = want.stream, want.plan
        future = self._prepared[(id(stream), plan.submission)]
        error = future.exception()
        if error is not None:
            self._give_up(stream, plan, error)
            return None
        state = plan.settings.state
        x = next((p.x for p in stream.upcoming() if p.settings is plan.settings), stream.head)
        cell = StepCell(plan.step_state(state))
        flight = Flight(stream, plan, cell, plan.step, x, want.x, self.ticks, want.refines)
        self._flights.append(flight)
        stream.revision += 1
        stream.cues.mark_started(x)
        return replace(future.result(), tag=flight, step_cell=flight.cell)

    def _give_way(self) -> None:
        """Where every slot is taken and something can't wait for the next free one, a generation
        that can is dropped for it."""
        if len(self._flights) < self._depth:
            return
        live = [w for w in self._wanted() if not w.stream.offline and not w.refines]
        if not self._must_begin(live, self._clock.now_ns(), waits=True):
            return
        waiting = [flight for flight in self._flights if self._can_wait(flight)]
        if waiting:
            last = max(waiting, key=lambda flight: flight.needed_x)
            self._flights.remove(last)
            last.stream.revision += 1

    def _steer_flights(self) -> None:
        """Step-class changes reach the slots in flight: each follows the newest plan of its kind."""
        for stream in self._streams:
            flights = [flight for flight in self._flights if flight.stream is stream]
            if not flights or self._steered.get(id(stream)) == stream.revision:
                continue
            self._steered[id(stream)] = stream.revision
            plans = [stream.plan_of(piece) for piece in stream.upcoming()]
            for flight in flights:
                self._steer(flight, plans)

    def _steer(self, flight: Flight, plans: list[Plan]) -> None:
        same = [plan for plan in plans if plan.submission == flight.plan.submission]
        if any(plan.step == flight.step for plan in same):
            return
        store = flight.stream.store
        plan = next((plan for plan in same if store.exact(plan) is None), None)
        if plan is None:
            return
        flight.cell.current = plan.step_state(plan.settings.state)
        flight.plan, flight.step, flight.clean = plan, plan.step, False
        flight.stream.revision += 1

    def _catch_up_ring(self) -> None:
        """What other threads have asked of the ring, which is the tick thread's alone."""
        with self.lock:
            self._ring.set_depth(self._depth)
            wanted = set(map(id, self._flights))
            self._ring.drop(lambda request: id(request.tag) not in wanted)

    def _tick(self) -> None:
        self._catch_up_ring()
        started = self._clock.now_ns()
        report = self._ring.tick()
        if report.forwards:
            self.tick_cost.add(self._clock.now_ns() - started)
        with self.lock:
            self.ticks += 1
            for finished in report.finished:
                self._landed(finished)
            for failed in report.failed:
                self._lost(failed)

    def _landed(self, finished: Finished) -> None:
        flight = finished.request.tag
        assert isinstance(flight, Flight)
        if flight not in self._flights:
            return
        self._flights.remove(flight)
        flight.stream.revision += 1
        flight.stream.cues.mark_landed(flight.x)
        self._repace(flight.stream, int(flight.plan.value("steps")))
        self.generations += 1
        tick = self.ticks - 1
        flight.stream.store.add(
            Rendering(
                flight.plan,
                finished.latents.clone(),
                self.generations,
                flight.clean,
                flight.step,
                tick - (finished.finished_tick - finished.born_tick),
                tick,
                self.model,
            )
        )

    def _repace(self, stream: Stream, steps: int) -> None:
        """Renders less of the song where the engine is too slow for all of it, or all of it again."""
        if stream.offline or not stream.path.playing:
            return
        sharing = sum(not s.offline and s.path.playing for s in self._streams)
        ticks = -(-steps // self._depth)
        making = sharing * ticks * self.tick_cost.quantile_ns(0.5, RECENT_TICKS) / 1e9
        every = every_window(stream.tiling.every, making, stream.window_seconds())
        if every != stream.tiling.every:
            stream.set_every(every)
            self.on_pace(stream, every)

    def _lost(self, failed: Failed) -> None:
        flight = failed.request.tag
        assert isinstance(flight, Flight)
        if flight in self._flights:
            self._flights.remove(flight)
            self._give_up(flight.stream, flight.plan, failed.error)

    def _give_up(self, stream: Stream, plan: Plan, error: BaseException) -> None:
        """This generation can't be made; the stream goes on with what it has."""
        self._failed.add((id(stream), plan.submission))
        stream.revision += 1
        self.on_failure(stream, f"{type(error).__name__}: {error}")

    def _decode_next(self) -> bool:
        """Decodes the bar each stream needs next; outside the lock, by the engine thread."""
        with self.lock:
            now = self._clock.now_ns()
            needs = [(stream, stream.needed_unit(now)) for stream in self._streams]
        decoded = False
        for stream, need in needs:
            if need is None:
                continue
            self._decode(stream, *need)
            decoded = True
        return decoded

    def _decode(self, stream: Stream, rendering: Rendering, bar: int) -> None:
        """Decodes one bar; a decoder that raises costs that stream that rendering, nobody else."""
        started = self._clock.now_ns()
        try:
            unit = decode_unit(rendering, bar, rendering.model)
            _stretch_ahead(unit)
        except (RuntimeError, ValueError) as error:
            with self.lock:
                stream.store.discard(rendering)
                self._give_up(stream, rendering.plan, error)
            return
        self.decode_cost.add(self._clock.now_ns() - started)
        with self.lock:
            stream.store.add_unit(unit)


def _stretch_ahead(unit: Unit) -> None:
    """Makes the source's sound under a bar before it is read, which is done under the lock."""
    plan = unit.rendering.plan
    placement, grid = plan.source, plan.frames.grid
    if isinstance(placement, Placement) and placement.tempo is not None:
        placement.read(grid, unit.start, len(unit.wet), grid.sample_rate_hz)
