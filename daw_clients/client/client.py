"""The blocking client: one connection to an engine. One thread at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from bridge_protocol.blocks import Samples
from bridge_protocol.clock import Clock, MonotonicClock
from bridge_protocol.errors import RefusedError
from bridge_protocol.meter import MeterMap
from bridge_protocol.schema import (
    Bye,
    Cancel,
    CloseStream,
    ConditionEntry,
    Conditions,
    Credit,
    Gesture,
    LaneClear,
    Library,
    ListLibrary,
    LoraUse,
    Message,
    ModelUse,
    Note,
    Ok,
    PayloadFormat,
    Ping,
    Pong,
    Prompt,
    PromptSlot,
    Render,
    SourceRole,
    SourceTempoKind,
    Transport,
    Welcome,
    When,
)
from bridge_protocol.tempo import TempoMap
from daw_clients.client import requests
from daw_clients.client.core import ClientCore, Frame, Pending, checked_welcome, no_engine
from daw_clients.client.link import Link, link_to
from daw_clients.client.rendering import Progress, RenderJob
from daw_clients.client.requests import NOW, DrawnLane
from daw_clients.client.upload import upload_steps

DEFAULT_ENDPOINT = "tcp://127.0.0.1:5317"
DEFAULT_TIMEOUT_S = 10.0
MODEL_TIMEOUT_S = 120.0
LONGEST_WAIT_S = 0.5
RENDER_STREAM = 65_535

T = TypeVar("T")


class Client:
    """A client of one engine, as a context manager that connects and says goodbye.

    Every call that asks for something raises RefusedError where the engine refuses it (or
    TooLateError, which knows the next bar), and ``NO_ENGINE`` where no reply comes in time.
    While a call waits, everything else that arrives is handed to its handlers. ``token`` is what a
    gateway (``gateway://``) wants; without it that of ANACRUSIS_GATEWAY_TOKEN is taken.
    """

    def __init__(
        self,
        link: Link | str = DEFAULT_ENDPOINT,
        clock: Clock | None = None,
        *,
        token: str | None = None,
    ) -> None:
        self.endpoint = link if isinstance(link, str) else "the link"
        self.link: Link = link_to(link, token) if isinstance(link, str) else link
        self.core = ClientCore(clock or MonotonicClock())

    def __enter__(self) -> Client:
        if self.core.welcome is None:
            self.connect()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def connect(
        self,
        *,
        host: str = "",
        sample_rate: int = 48_000,
        block_size: int = 512,
        channels: int = 2,
        features: Sequence[str] = (),
        resume_token: str = "",
        timeout_s: float = 5.0,
    ) -> Welcome:
        """Greets the engine; ``resume_token`` (of an earlier welcome) continues a session."""
        hello = requests.hello(
            host=host,
            sample_rate=sample_rate,
            block_size=block_size,
            channels=channels,
            features=features,
            resume_token=resume_token,
        )
        return checked_welcome(hello, self._reply(hello, timeout_s=timeout_s))

    def close(self) -> None:
        """Says goodbye, waits for nothing, and ends the link."""
        if self.core.welcome is not None:
            with suppress(RefusedError):  # the engine may be gone first
                self.tell(Bye())
        self.link.close()

    # ------------------------------------------------------------ messages

    def post(self, message: Message, payload: Frame | None = None) -> Pending:
        """Sends a request and returns at once; ``poll`` brings the reply."""
        pending, frames = self.core.ask(message, payload)
        self.link.send(frames)
        return pending

    def tell(self, message: Message, payload: Frame | None = None) -> int:
        """Sends a message whose reply nobody waits for; returns its ``seq``."""
        seq, frames = self.core.stamp(message, payload)
        self.link.send(frames)
        return seq

    def request(
        self,
        message: Message,
        payload: Frame | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> Ok:
        """Sends a request and waits for its Ok."""
        reply = self._reply(message, payload, timeout_s)
        return reply if isinstance(reply, Ok) else Ok(re=reply.re)

    def poll(self, timeout_s: float = 0.0) -> int:
        """Hands on everything that is here, having waited up to ``timeout_s`` for the first."""
        taken = 0
        frames = self.link.receive(timeout_s)
        while frames is not None:
            self.core.take(frames)
            taken += 1
            frames = self.link.receive(0.0)
        return taken

    def on(self, kind: type[T], handler: Callable[[T], None]) -> Callable[[], None]:
        """See :meth:`ClientCore.on`."""
        return self.core.on(kind, handler)

    def kept(self, kind: type[T]) -> list[T]:
        """See :meth:`ClientCore.kept`."""
        return self.core.kept(kind)

    # ------------------------------------------------------------ calls

    def ping(self, timeout_s: float = DEFAULT_TIMEOUT_S) -> Pong:
        """Is the engine's process alive?"""
        reply = self._reply(Ping(), timeout_s=timeout_s)
        return reply if isinstance(reply, Pong) else Pong(re=reply.re)

    def set_tempo(self, tempo: TempoMap, meter: MeterMap) -> Ok:
        """Replaces the tempo and the meter map."""
        return self.request(requests.tempo_message(tempo, meter, self.core.next_revision()))

    def lane(self, parameter: str, lane: DrawnLane, when: When = NOW) -> Ok:
        """Draws an automation lane."""
        revision = self.core.next_revision()
        return self.request(requests.lane_message(parameter, lane, revision, when=when))

    def clear_lane(self, parameter: str, when: When = NOW) -> Ok:
        """Removes a lane."""
        revision = self.core.next_revision()
        return self.request(LaneClear(parameter=parameter, revision=revision, when=when))

    def param(self, parameter: str, value: float | str, when: When = NOW) -> Ok:
        """Sets one value; a choice by its name."""
        return self.request(requests.param_message(parameter, value, when))

    def gesture(self, parameter: str, touched: bool, when: When = NOW) -> Ok:
        """A hand on a knob, or off it: until then its values rule its lane."""
        return self.request(Gesture(parameter=parameter, touched=touched, when=when))

    def prompt(self, text: str, when: When = NOW, slot: PromptSlot = "a") -> Ok:
        """Says what the music should be (``b``: what prompt_blend goes to; or the negative)."""
        return self.request(Prompt(text=text, slot=slot, when=when))

    def conditions(self, entries: Sequence[ConditionEntry], when: When = NOW) -> Ok:
        """Several prompts at once, in place of the one; none goes back to it."""
        return self.request(Conditions(entries=list(entries), when=when))

    def library(self) -> Library:
        """Which models and LoRAs the engine has."""
        reply = self._reply(ListLibrary())
        return reply if isinstance(reply, Library) else Library(re=reply.re, models=[], loras=[])

    def use_model(self, name: str, timeout_s: float = MODEL_TIMEOUT_S) -> Ok:
        """Asks for another model of the engine's library, for everyone that plays through it.

        It returns once that is found whole and fits the memory, which may take half a minute; the
        old one plays until ``ModelChanged`` comes (see :meth:`on`), or a ``Notice`` says why not.
        """
        return self.request(ModelUse(name=name), timeout_s=timeout_s)

    def use_lora(self, place: int, name: str = "", when: When = NOW) -> Ok:
        """Puts a LoRA of the engine's library into place 1 to 4, or takes it out; the reply's text
        is what its author recommends. Its strength is the parameter ``lora_<place>``, or a lane."""
        return self.request(LoraUse(place=place, name=name, when=when))

    def notes(self, notes: Sequence[Note] | None, when: When = NOW) -> Ok:
        """Replaces the host's MIDI; None gives the part back to the engine's planner."""
        return self.request(requests.notes_message(notes, self.core.next_revision(), when))

    def upload(self, audio: Samples, rate_hz: int, name: str = "") -> str:
        """Uploads a source, float32 ``[frames, channels]``; returns its hash."""
        steps = upload_steps(audio, rate_hz, name)
        try:
            ask = next(steps)
            while True:
                ask = steps.send(self.request(ask.message, ask.payload))
        except StopIteration as end:
            return str(end.value)

    def use_source(
        self,
        source: str,
        role: SourceRole = "source",
        at_ppq: float = 0.0,
        repeat_bars: int = 0,
        when: When = NOW,
        *,
        tempo: SourceTempoKind = "host",
        bpm: float | None = None,
        downbeat: float | None = None,
    ) -> Ok:
        """Places an uploaded source in the song; an empty hash takes it away.

        ``tempo="own"`` stretches a source with its own steady tempo to the host's map: ``bpm``, or
        found where that is None (the reply's text says what was found; the call then waits up to
        two minutes), with its first bar line, ``downbeat`` seconds into it, at ``at_ppq``.
        """
        message = requests.source_use(source, role, at_ppq, repeat_bars, when, tempo, bpm, downbeat)
        return self.request(message, timeout_s=requests.patience_s(message, DEFAULT_TIMEOUT_S))

    def use_live_input(self, live_bars: int, when: When = NOW) -> Ok:
        """The track's own input as the source: what is played in a bar (see :meth:`live_block`) is
        heard ``live_bars`` bars later. More bars than the stream's ``window_bars``."""
        return self.request(requests.live_source(live_bars, when))

    def live_block(self, epoch: int, lap: int, sample: int, audio: Samples) -> int:
        """What the track has played from a song sample on, float32 ``[frames, channels]``; doesn't
        wait."""
        return self.tell(*requests.live_block(epoch, lap, sample, audio))

    def open_stream(
        self,
        stream: int,
        window_bars: int = 4,
        payload_format: PayloadFormat = "f32",
        *,
        fixed_latency_ms: float | None = None,
        buffer_frames: int = 0,
    ) -> Ok:
        """Asks for the song as audio; it flows on :meth:`credit`.

        With ``fixed_latency_ms`` (0: the engine chooses, for ``buffer_frames`` kept here) a change
        wanted now is heard that much later, always; the reply's ``latency_frames`` says how much.
        """
        return self.request(
            requests.open_stream(
                stream, window_bars, payload_format, fixed_latency_ms, buffer_frames
            )
        )

    def close_stream(self, stream: int) -> Ok:
        """Ends a stream."""
        return self.request(CloseStream(stream=stream))

    def credit(self, stream: int, epoch: int, frames: int) -> int:
        """Lets the engine send blocks of ``epoch`` up to the address ``frames``; doesn't wait."""
        return self.tell(Credit(stream=stream, epoch=epoch, frames=frames))

    def transport(self, transport: Transport) -> int:
        """Tells the host's position; doesn't wait."""
        return self.tell(transport)

    def render(
        self,
        first_bar: int,
        last_bar: int,
        on_progress: Progress | None = None,
        *,
        window_bars: int = 4,
        stream: int = RENDER_STREAM,
        quiet_s: float = 60.0,
    ) -> Samples:
        """Renders bars (from 1, both included) offline: float32 ``[frames, channels]``.

        ``CANCELLED`` where it was cancelled; ``NO_ENGINE`` where nothing comes for ``quiet_s``.
        """
        message = Render(
            stream=stream, first_bar=first_bar, last_bar=last_bar, window_bars=window_bars
        )
        job = RenderJob(self.core, message, self.tell, on_progress)
        try:
            self.request(message)
            job.start()
            while not job.done:
                if not self._wait(quiet_s):
                    raise no_engine(f"Nothing came for {quiet_s:g} s from {self.endpoint}")
            return job.audio()
        finally:
            job.close()

    def cancel(self, stream: int = RENDER_STREAM) -> int:
        """Ends a render early; doesn't wait (:meth:`render` raises ``CANCELLED``)."""
        return self.tell(Cancel(stream=stream))

    # ------------------------------------------------------------ waiting

    def _reply(
        self,
        message: Message,
        payload: Frame | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> Message:
        pending = self.post(message, payload)
        deadline = self.core.clock.now_ns() + round(timeout_s * 1e9)
        while not pending.done:
            left_s = (deadline - self.core.clock.now_ns()) / 1e9
            if left_s <= 0 or not self._wait(left_s):
                self.core.give_up(pending)
                raise no_engine(f"Nothing answered at {self.endpoint} in {timeout_s:g} s")
        return pending.result()

    def _wait(self, timeout_s: float) -> bool:
        """Waits for anything at all, in pieces short enough for Ctrl-C; False where none came."""
        left_s = timeout_s
        while left_s > 0:
            if self.poll(min(left_s, LONGEST_WAIT_S)):
                return True
            left_s -= LONGEST_WAIT_S
        return False
