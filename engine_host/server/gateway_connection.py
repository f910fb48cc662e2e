"""One client of the gateway, from its first byte to its last. One asyncio loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import msgspec
import zmq.asyncio

from bridge_protocol.clock import Clock
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.gateway_frames import (
    MAX_FIRST_FRAME_BYTES,
    MAX_FRAME_BYTES,
    Encoding,
    FrameReader,
    encoding_of,
    from_gateway,
    to_gateway,
)
from bridge_protocol.schema import (
    VERSION_MAX,
    VERSION_MIN,
    Hello,
    Message,
    Notice,
    Ok,
    Ping,
    Pong,
    Refused,
    SignIn,
)
from bridge_protocol.wire import (
    BadMessageError,
    pack,
    unpack_from_client,
    unpack_from_engine,
)
from engine_host.server.bar_files import BarFiles
from engine_host.server.engine_link import EngineLink
from engine_host.server.gateway_limits import GatewayLimits
from engine_host.server.gateway_token import GatewayToken
from engine_host.server.session_folder import SessionFolder
from engine_host.session.refusals import refusal

READ_BYTES = 65_536

logger = logging.getLogger("anacrusis")

Frames = Sequence[bytes | memoryview]


@dataclass(frozen=True)
class GatewaySetup:
    """What all clients of a gateway share; ``files`` is the folder of their sessions' folders."""

    token: GatewayToken
    engine: str
    clock: Clock
    files: Path
    limits: GatewayLimits
    context: zmq.asyncio.Context


class ConnectionOverError(Exception):
    """The connection ends; ``words``, where there are any, are for the log. ``reads``: whether the
    client may still read what waits for it."""

    def __init__(self, words: str = "", *, reads: bool = True) -> None:
        super().__init__(words)
        self.words, self.reads = words, reads


class _Kind(msgspec.Struct):
    """As much of a header as it takes to see what it is."""

    type: str = ""
    seq: int = 0


_kind = msgspec.msgpack.Decoder(_Kind)


class GatewayConnection:
    """See the module. ``name`` is what the log calls it."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        setup: GatewaySetup,
        name: str,
    ) -> None:
        self._reader, self._writer = reader, writer
        self._setup, self._limits, self._name = setup, setup.limits, name
        self._frames = FrameReader(MAX_FIRST_FRAME_BYTES)
        self._encoding: Encoding | None = None
        self._files: BarFiles | None = None
        self._asked_rate_hz = 0

    async def run(self) -> None:
        """Serves the client until one of the two, or the engine, leaves."""
        try:
            await self._session(await self._signed_in())
        except ConnectionOverError as over:
            if over.words:
                logger.warning("gateway client %s: %s", self._name, over.words)
            if over.reads:
                await self._part()
        except ConnectionError:
            pass
        except Exception:
            logger.exception("gateway client %s failed; it is dropped", self._name)
        finally:
            await self._close()

    # ------------------------------------------------------------ signing in

    async def _signed_in(self) -> SignIn:
        try:
            async with asyncio.timeout(self._limits.sign_in_s):
                sign_in = await self._first_message()
        except TimeoutError:
            raise ConnectionOverError("it did not sign in in time") from None
        if not self._setup.token.matches(sign_in.token):
            await asyncio.sleep(self._limits.wrong_token_s)
            text = "That is not the token; `anacrusis gateway --show-token` prints it."
            self._refuse(sign_in.seq, ErrorCode.BAD_TOKEN, text)
        return sign_in

    async def _first_message(self) -> SignIn:
        while True:
            frames = await self._next()
            try:
                message = unpack_from_client(frames).message
            except BadMessageError as error:
                self._refuse(error.seq, error.code, error.message)
            if isinstance(message, SignIn):
                return message
            if not isinstance(message, Ping):
                self._refuse(message.seq, ErrorCode.NOT_SIGNED_IN, "Send sign_in first.")
            self._tell(Pong(re=message.seq, clock=self._setup.clock.now_ns()))

    def _refuse(self, seq: int | None, code: ErrorCode, text: str) -> NoReturn:
        versions = [VERSION_MIN, VERSION_MAX]
        self._tell(Refused(re=seq, code=code.value, message=text, versions=versions))
        raise ConnectionOverError(f"it was refused: {text}")

    # ------------------------------------------------------------ the session

    async def _session(self, sign_in: SignIn) -> None:
        link = EngineLink(self._setup.context, self._setup.engine)
        try:
            if not await link.connected(self._limits.engine_s):
                text = f"No engine answers at {self._setup.engine}; start `anacrusis serve`."
                self._refuse(sign_in.seq, ErrorCode.NO_ENGINE, text)
            folder = await self._open_files(sign_in)
            self._frames.limit = MAX_FRAME_BYTES
            self._tell(Ok(re=sign_in.seq, text=folder))
            await self._until_one_leaves(link)
        finally:
            link.close()

    async def _open_files(self, sign_in: SignIn) -> str:
        if sign_in.audio == "blocks":
            return ""
        try:
            folder = await asyncio.to_thread(
                SessionFolder,
                self._setup.files,
                keep=sign_in.keep_files,
                limit_bytes=self._limits.session_file_bytes,
            )
        except OSError as error:
            text = f"No folder can be made in {self._setup.files} ({error.strerror})."
            self._refuse(sign_in.seq, ErrorCode.FILE_BROKEN, text)
        self._files = BarFiles(folder)
        return str(folder.path)

    async def _until_one_leaves(self, link: EngineLink) -> None:
        ways = (self._inward(link), self._outward(link), self._engine_leaves(link))
        tasks = [asyncio.create_task(way) for way in ways]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _inward(self, link: EngineLink) -> None:
        """Whoever sends faster than the engine takes is read no faster."""
        while True:
            frames = await self._next()
            kind = _kind_of(frames[1])
            if kind.type == "sign_in":
                text = "This client is signed in already."
                error = RefusedError(ErrorCode.BAD_MESSAGE, "type", text)
                self._tell(refusal(error, kind.seq))
                continue
            if kind.type == "hello":
                self._look_at_hello(frames)
            await link.send(frames)

    async def _outward(self, link: EngineLink) -> None:
        while True:
            for frames in await self._heard(await link.receive()):
                self._write(frames)
            await asyncio.sleep(0)  # let it flow out while there is more

    async def _engine_leaves(self, link: EngineLink) -> None:
        await link.lost()
        text = "The engine has ended or was started again; connect, sign in and say hello again."
        self._tell(Notice(code=ErrorCode.NO_ENGINE.value, message=text))
        raise ConnectionOverError("the engine has gone")

    # ------------------------------------------------------------ sound as files

    def _look_at_hello(self, frames: Frames) -> None:
        with suppress(BadMessageError):  # the engine says what is wrong with it
            hello = unpack_from_client(frames).message
            self._asked_rate_hz = hello.sample_rate if isinstance(hello, Hello) else 0

    async def _heard(self, frames: list[bytes]) -> list[Frames]:
        """What the client is sent of an engine's message."""
        if self._files is None:
            return [frames]
        kind = _kind_of(frames[1]).type
        if kind == "welcome":
            self._files.rate_hz = self._asked_rate_hz
        if kind != "audio":
            return [frames]
        block, payload = unpack_from_engine(frames)
        told = await asyncio.to_thread(self._files.take, block, payload)
        return [self._stamped(message) for message in told]

    # ------------------------------------------------------------ bytes

    async def _next(self) -> list[bytes | memoryview]:
        """The client's next message; rubbish before it is answered."""
        while True:
            body = await self._body()
            self._encoding = self._encoding or encoding_of(body)
            try:
                return from_gateway(body)
            except BadMessageError as error:
                self._tell(refusal(error, error.seq))

    async def _body(self) -> bytes:
        while (body := self._whole_frame()) is None:
            patience = self._limits.frame_part_s if self._frames.within_frame else None
            try:
                async with asyncio.timeout(patience):
                    octets = await self._reader.read(READ_BYTES)
            except TimeoutError:
                raise ConnectionOverError("half a frame came, and no more") from None
            if not octets:
                raise ConnectionOverError
            self._frames.feed(octets)
        return body

    def _whole_frame(self) -> bytes | None:
        try:
            return self._frames.take()
        except BadMessageError as error:
            self._tell(refusal(error, None))
            raise ConnectionOverError(f"{error.message}") from None

    def _stamped(self, message: Message) -> Frames:
        message.at = self._setup.clock.now_ns()
        return pack(message)

    def _tell(self, message: Message) -> None:
        self._write(self._stamped(message))

    def _write(self, frames: Frames) -> None:
        """Never waits: who does not read is dropped before much has gathered."""
        if self._writer.is_closing():
            raise ConnectionOverError(reads=False)
        self._writer.write(to_gateway(frames, self._encoding or "json"))
        waiting = self._writer.transport.get_write_buffer_size()
        if waiting > self._limits.queued_bytes:
            words = f"it does not read, {waiting} bytes wait: it is dropped"
            raise ConnectionOverError(words, reads=False)

    # ------------------------------------------------------------ the end

    async def _part(self) -> None:
        """Lets the client read the last words; a socket closed over unread bytes takes them back."""
        self._writer.transport.set_write_buffer_limits(0)
        with suppress(OSError):  # it may be gone already; TimeoutError is one too
            async with asyncio.timeout(self._limits.parting_s):
                await self._writer.drain()
                self._writer.write_eof()
                while await self._reader.read(READ_BYTES):
                    pass

    async def _close(self) -> None:
        try:
            if self._files is not None:
                await asyncio.to_thread(self._files.close)
        finally:
            self._writer.transport.abort()


def _kind_of(header: bytes | memoryview) -> _Kind:
    try:
        return _kind.decode(header)
    except msgspec.ValidationError:
        return _Kind()
