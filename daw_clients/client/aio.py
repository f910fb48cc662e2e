"""The asyncio client: the same calls as :class:`daw_clients.client.client.Client`. One loop."""

from __future__ import annotations

import asyncio
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
from daw_clients.client.aio_link import AsyncLink, async_link_to
from daw_clients.client.client import (
    DEFAULT_ENDPOINT,
    DEFAULT_TIMEOUT_S,
    MODEL_TIMEOUT_S,
    RENDER_STREAM,
)
from daw_clients.client.core import ClientCore, Frame, Pending, checked_welcome, no_engine
from daw_clients.client.rendering import Progress, RenderJob
from daw_clients.client.requests import NOW, DrawnLane
from daw_clients.client.upload import upload_steps

T = TypeVar("T")


class AsyncClient:
    """A client of one engine for asyncio: ``async with AsyncClient(endpoint) as client``.

    Calls may run side by side. Errors are those of the blocking client. Handlers (``on``) are
    called by the loop's reading task and must not block. ``token``: as the blocking client's.
    """

    def __init__(
        self,
        link: AsyncLink | str = DEFAULT_ENDPOINT,
        clock: Clock | None = None,
        *,
        token: str | None = None,
    ) -> None:
        self.endpoint = link if isinstance(link, str) else "the link"
        self.link = async_link_to(link, token) if isinstance(link, str) else link
        self.core = ClientCore(clock or MonotonicClock())
        self._reading: asyncio.Task[RefusedError] | None = None

    async def __aenter__(self) -> AsyncClient:
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def connect(
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
        await self._open()
        hello = requests.hello(
            host=host,
            sample_rate=sample_rate,
            block_size=block_size,
            channels=channels,
            features=features,
            resume_token=resume_token,
        )
        try:
            return checked_welcome(hello, await self._reply(hello, timeout_s=timeout_s))
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Says goodbye, waits for nothing, and ends the link."""
        if self._reading is None:
            return
        if self.core.welcome is not None:
            with suppress(RefusedError):  # the engine may be gone first
                self.tell(Bye())
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        self.link.close()
        self._reading = None

    # ------------------------------------------------------------ messages

    def post(self, message: Message, payload: Frame | None = None) -> Pending:
        """Sends a request and returns at once."""
        pending, frames = self.core.ask(message, payload)
        self._send(frames)
        return pending

    def tell(self, message: Message, payload: Frame | None = None) -> int:
        """Sends a message whose reply nobody waits for; returns its ``seq``."""
        seq, frames = self.core.stamp(message, payload)
        self._send(frames)
        return seq

    async def request(
        self,
        message: Message,
        payload: Frame | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> Ok:
        """Sends a request and waits for its Ok."""
        reply = await self._reply(message, payload, timeout_s)
        return reply if isinstance(reply, Ok) else Ok(re=reply.re)

    def on(self, kind: type[T], handler: Callable[[T], None]) -> Callable[[], None]:
        """See :meth:`ClientCore.on`."""
        return self.core.on(kind, handler)

    def kept(self, kind: type[T]) -> list[T]:
        """See :meth:`ClientCore.kept`."""
        return self.core.kept(kind)

    # ------------------------------------------------------------ calls

    async def ping(self, timeout_s: float = DEFAULT_TIMEOUT_S) -> Pong:
        """Is the engine's process alive?"""
        reply = await self._reply(Ping(), timeout_s=timeout_s)
        return reply if isinstance(reply, Pong) else Pong(re=reply.re)

    async def set_tempo(self, tempo: TempoMap, meter: MeterMap) -> Ok:
        """Replaces the tempo and the meter map."""
        return await self.request(requests.tempo_message(tempo, meter, self.core.next_revision()))

    async def lane(self, parameter: str, lane: DrawnLane, when: When = NOW) -> Ok:
        """Draws an automation lane."""
        revision = self.core.next_revision()
        return await self.request(requests.lane_message(parameter, lane, revision, when=when))

    async def clear_lane(self, parameter: str, when: When = NOW) -> Ok:
        """Removes a lane."""
        revision = self.core.next_revision()
        return await self.request(LaneClear(parameter=parameter, revision=revision, when=when))

    async def param(self, parameter: str, value: float | str, when: When = NOW) -> Ok:
        """Sets one value; a choice by its name."""
        return await self.request(requests.param_message(parameter, value, when))

    async def gesture(self, parameter: str, touched: bool, when: When = NOW) -> Ok:
        """A hand on a knob, or off it: until then its values rule its lane."""
        return await self.request(Gesture(parameter=parameter, touched=touched, when=when))

    async def prompt(self, text: str, when: When = NOW, slot: PromptSlot = "a") -> Ok:
        """Says what the music should be (``b``: what prompt_blend goes to; or the negative)."""
        return await self.request(Prompt(text=text, slot=slot, when=when))

    async def conditions(self, entries: Sequence[ConditionEntry], when: When = NOW) -> Ok:
        """Several prompts at once, in place of the one; none goes back to it."""
        return await self.request(Conditions(entries=list(entries), when=when))

    async def library(self) -> Library:
        """Which models and LoRAs the engine has."""
        reply = await self._reply(ListLibrary())
        return reply if isinstance(reply, Library) else Library(re=reply.re, models=[], loras=[])

    async def use_model(self, name: str, timeout_s: float = MODEL_TIMEOUT_S) -> Ok:
        """Asks for another model of the engine's library, for everyone that plays through it.

        It returns once that is found whole and fits the memory, which may take half a minute; the
        old one plays until ``ModelChanged`` comes (see :meth:`on`), or a ``Notice`` says why not.
        """
        return await self.request(ModelUse(name=name), timeout_s=timeout_s)

    async def use_lora(self, place: int, name: str = "", when: When = NOW) -> Ok:
        """Puts a LoRA of the engine's library into place 1 to 4, or takes it out; the reply's text
        is what its author recommends. Its strength is the parameter ``lora_<place>``, or a lane."""
        return await self.request(LoraUse(place=place, name=name, when=when))

    async def notes(self, notes: Sequence[Note] | None, when: When = NOW) -> Ok:
        """Replaces the host's MIDI; None gives the part back to the engine's planner."""
        return await self.request(requests.notes_message(notes, self.core.next_revision(), when))

    async def upload(self, audio: Samples, rate_hz: int, name: str = "") -> str:
        """Uploads a source, float32 ``[frames, channels]``; returns its hash."""
        steps = upload_steps(audio, rate_hz, name)
        try:
            ask = next(steps)
            while True:
                ask = steps.send(await self.request(ask.message, ask.payload))
        except StopIteration as end:
            return str(end.value)

    async def use_source(
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
        return await self.request(
            message, timeout_s=requests.patience_s(message, DEFAULT_TIMEOUT_S)
        )

    async def use_live_input(self, live_bars: int, when: When = NOW) -> Ok:
        """The track's own input as the source: what is played in a bar (see :meth:`live_block`) is
        heard ``live_bars`` bars later. More bars than the stream's ``window_bars``."""
        return await self.request(requests.live_source(live_bars, when))

    def live_block(self, epoch: int, lap: int, sample: int, audio: Samples) -> int:
        """What the track has played from a song sample on, float32 ``[frames, channels]``; doesn't
        wait."""
        return self.tell(*requests.live_block(epoch, lap, sample, audio))

    async def open_stream(
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
        return await self.request(
            requests.open_stream(
                stream, window_bars, payload_format, fixed_latency_ms, buffer_frames
            )
        )

    async def close_stream(self, stream: int) -> Ok:
        """Ends a stream."""
        return await self.request(CloseStream(stream=stream))

    def credit(self, stream: int, epoch: int, frames: int) -> int:
        """Lets the engine send blocks of ``epoch`` up to the address ``frames``; doesn't wait."""
        return self.tell(Credit(stream=stream, epoch=epoch, frames=frames))

    def transport(self, transport: Transport) -> int:
        """Tells the host's position; doesn't wait."""
        return self.tell(transport)

    async def render(
        self,
        first_bar: int,
        last_bar: int,
        on_progress: Progress | None = None,
        *,
        window_bars: int = 4,
        stream: int = RENDER_STREAM,
    ) -> Samples:
        """Renders bars (from 1, both included) offline; a cancelled task cancels the render."""
        message = Render(
            stream=stream, first_bar=first_bar, last_bar=last_bar, window_bars=window_bars
        )
        job = RenderJob(self.core, message, self.tell, on_progress)
        over = asyncio.Event()
        job.then(over.set)
        try:
            await self.request(message)
            job.start()
            await self._unless_lost(over)
            return job.audio()
        except asyncio.CancelledError:
            self.cancel(stream)
            raise
        finally:
            job.close()

    def cancel(self, stream: int = RENDER_STREAM) -> int:
        """Ends a render early; doesn't wait (:meth:`render` raises ``CANCELLED``)."""
        return self.tell(Cancel(stream=stream))

    # ------------------------------------------------------------ waiting

    async def _open(self) -> None:
        if self._reading is None:
            try:
                await self.link.open()
            except BaseException:
                self.link.close()
                raise
            self._reading = asyncio.create_task(self._read())

    async def _read(self) -> RefusedError:
        """Hands on what comes, until the link says that nothing will any more."""
        try:
            while True:
                self.core.take(await self.link.receive())
        except RefusedError as lost:
            return lost

    def _send(self, frames: Sequence[Frame]) -> None:
        if self._reading is None:
            raise no_engine("This client is not connected")
        self.link.send(frames)

    async def _reply(
        self,
        message: Message,
        payload: Frame | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> Message:
        pending = self.post(message, payload)
        here = asyncio.Event()
        pending.then(lambda _: here.set())
        try:
            async with asyncio.timeout(timeout_s):
                await self._unless_lost(here)
        except TimeoutError:
            self.core.give_up(pending)
            words = f"Nothing answered at {self.endpoint} in {timeout_s:g} s"
            raise no_engine(words) from None
        return pending.result()

    async def _unless_lost(self, event: asyncio.Event) -> None:
        """Waits for the event; raises what ended the link, where that comes first."""
        assert self._reading is not None
        waiting = asyncio.create_task(event.wait())
        try:
            await asyncio.wait((waiting, self._reading), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if not event.is_set():
            raise self._reading.result()
