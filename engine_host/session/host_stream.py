"""The one stream of a session that follows the host, from its opening to its end.

Under the engine's lock, except for :meth:`HostStream.signs`.
"""

from __future__ import annotations

from bridge_protocol.clock import Clock
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.schema import CloseStream, Hello, Ok, OpenStream, When
from engine_host.session.latency import latency_frames
from engine_host.session.signs_of_life import SignsOfLife, signs_of_life
from engine_host.session.song import Song, live_stream
from engine_host.session.source_uses import check_interval
from engine_host.session.streams import Streams
from engine_host.stream.engine import Engine
from engine_host.stream.playline import Origin
from engine_host.stream.promises import Promise, Sink
from engine_host.stream.settings import Change, Edit
from engine_host.stream.stream import Cost, Stream


class HostStream:
    """See the module. While it isn't open it keeps what it will begin with."""

    def __init__(
        self, hello: Hello, song: Song, engine: Engine, streams: Streams, clock: Clock, send: Sink
    ) -> None:
        self._channels, self._block_size = hello.channels, hello.block_size
        self._song, self._engine, self._streams = song, engine, streams
        self._clock, self._send = clock, send
        self._stream: Stream | None = None
        self._origin = Origin(0, 0, 0, 0)
        self._playing = False
        self._asked_window_bars: int | None = None  # as set before the stream was opened

    # ------------------------------------------------------------ its life

    def open(self, message: OpenStream) -> Ok:
        """Begins it where the host is."""
        if self._stream is not None:
            raise RefusedError(
                ErrorCode.LIMIT, "stream", "This session's stream is open already; close it first."
            )
        self._streams.check_free(message.stream)
        window_bars = self._asked_window_bars or message.window_bars
        check_interval(self._song.live_bars, window_bars, "window_bars")
        frames = latency_frames(message, self._cost(), self._song.grid.sample_rate_hz)
        stream = self._make(message, window_bars, frames)
        stream.follow(self._origin, self._playing, self._clock.now_ns())
        self._stream = stream
        self._streams.add(stream)
        return Ok(latency_frames=frames)

    def _make(self, message: OpenStream, window_bars: int, frames: int | None) -> Stream:
        return live_stream(
            self._song,
            stream_id=message.stream,
            geometry=self._engine.model.geometry,
            origin=self._origin,
            sink=self._send,
            window_bars=window_bars,
            payload_format=message.format,
            channels=self._channels,
            latency_frames=frames,
            host_block=self._block_size,
        )

    def close(self, message: CloseStream) -> Ok:
        """Ends it, as the client asks."""
        if self._streams.find(message.stream) is not self._stream:
            raise RefusedError(ErrorCode.UNKNOWN_STREAM, "stream", "A render is ended by cancel.")
        self.end()
        return Ok()

    def end(self) -> None:
        """Ends it, if it is open."""
        if self._stream is not None:
            self._streams.remove(self._stream)
            self._stream = None

    # ------------------------------------------------------------ what it follows

    def follow(
        self, origin: Origin, playing: bool, left: int | None, gap: tuple[int, int] | None
    ) -> None:
        """The host is at ``origin``; of the epoch before it was heard up to the address ``left``, and
        of this one nothing at the addresses of ``gap``."""
        self._origin, self._playing = origin, playing
        if self._stream is not None:
            self._stream.follow(origin, playing, self._clock.now_ns(), left, gap)

    def map_changed(self) -> None:
        """The song has another map."""
        if self._stream is not None:
            self._stream.set_map(self._song.grid, self._song.map_revision)

    def change(self, change: Change, when: When, state: int) -> Promise | None:
        """Takes a change and promises where it will be heard; None while it isn't open.

        RefusedError (TooLateError) where it can't be heard in time.
        """
        if self._stream is None:
            return None
        return self._stream.change(change, when, state, self._clock.now_ns(), self._cost())

    def amend(self, edit: Edit, state: int) -> None:
        """Changes what all its settings are built upon, and promises nothing."""
        if self._stream is not None:
            self._stream.amend(edit, state)

    @property
    def window_bars(self) -> int | None:
        """How many bars are rendered together; None while it isn't open."""
        return None if self._stream is None else self._stream.tiling.window_bars

    def set_window_bars(self, value: int) -> None:
        """Another number of bars in a window: from now on, or once it is open."""
        check_interval(self._song.live_bars, value, "value")
        if self._stream is not None:
            self._stream.set_window_bars(value)
        else:
            self._asked_window_bars = value

    def input_grew(self) -> None:
        """A bar of the track's own input is complete: what waited for it can be rendered."""
        if self._stream is not None:
            self._stream.revision += 1

    # ------------------------------------------------------------ signs of life

    def signs(self, now_ns: int) -> SignsOfLife:
        """How it does. Server thread."""
        if self._stream is None:
            return SignsOfLife()
        return signs_of_life(self._stream, self._cost(), now_ns)

    def _cost(self) -> Cost:
        return self._engine.cost(int(self._song.base.values["steps"]))
