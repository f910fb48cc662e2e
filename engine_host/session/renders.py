"""A session's offline renders, from request to end. Under the engine's lock."""

from __future__ import annotations

from dataclasses import dataclass

from bridge_protocol.clock import Clock
from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.schema import Cancel, Ok, Render, RenderDone, RenderProgress
from engine_host.session.song import Song
from engine_host.session.streams import Streams
from engine_host.stream.promises import Sink
from engine_host.stream.stream import Stream


@dataclass(eq=False)
class RenderJob:
    """An offline render on its way."""

    stream: Stream
    first_bar: int
    total_bars: int
    started_ns: int
    told_bars: int = -1

    def done_bars(self) -> int:
        """The bars that are sent whole."""
        grid = self.stream.grid
        start = grid.sample(self.first_bar - 1)
        return grid.bar_of_sample(start + self.stream.head) - (self.first_bar - 1)

    def progress(self, done_bars: int, now_ns: int) -> RenderProgress:
        """How it goes on, with the time left at the rate so far (0: none is done)."""
        spent = (now_ns - self.started_ns) / 1e9
        left = spent / done_bars * (self.total_bars - done_bars) if done_bars else 0.0
        return RenderProgress(
            stream=self.stream.id,
            done_bars=done_bars,
            total_bars=self.total_bars,
            seconds_left=left,
        )


class Renders:
    """See the module. ``channels`` are the session's."""

    def __init__(
        self, channels: int, song: Song, streams: Streams, clock: Clock, send: Sink
    ) -> None:
        self._channels, self._song, self._streams = channels, song, streams
        self._clock, self._send = clock, send
        self._jobs: dict[int, RenderJob] = {}

    def begin(self, message: Render) -> Ok:
        """Begins a render of the song as it is now; the reply names its end."""
        self._streams.check_free(message.stream)
        if self._song.live_bars:
            raise RefusedError(
                ErrorCode.CANNOT_HEAR, "source", "A live input can't be rendered offline."
            )
        stream = self._song.render_stream(
            stream_id=message.stream,
            first_bar=message.first_bar,
            last_bar=message.last_bar,
            sink=self._send,
            window_bars=message.window_bars,
            payload_format=message.format,
            channels=self._channels,
        )
        stream.grant(0, 0)  # a render over the wire flows on credit
        bars = message.last_bar - message.first_bar + 1
        now = self._clock.now_ns()
        self._jobs[stream.id] = RenderJob(stream, message.first_bar, bars, now)
        self._streams.add(stream)
        return Ok(sample=stream.end_x)

    def cancel(self, message: Cancel) -> Ok:
        """Ends a render early, as the client asks."""
        job = self._jobs.get(message.stream)
        if job is None:
            raise RefusedError(ErrorCode.UNKNOWN_STREAM, "stream", "No such render is running.")
        self._end(job, cancelled=True)
        return Ok()

    def report(self) -> None:
        """Tells of each that has come on, and ends what is finished."""
        for job in list(self._jobs.values()):
            self._report(job)

    def failed(self, stream: Stream) -> None:
        """Ends the render, if it is one, whose stream could not be made."""
        for job in list(self._jobs.values()):
            if job.stream is stream:
                self._end(job, cancelled=True)

    def drop(self) -> None:
        """Ends all without a word: the client is gone."""
        for job in self._jobs.values():
            self._streams.remove(job.stream)
        self._jobs.clear()

    def _report(self, job: RenderJob) -> None:
        done = job.done_bars()
        if done != job.told_bars:
            job.told_bars = done
            self._send(job.progress(done, self._clock.now_ns()), None)
        if job.stream.finished:
            self._end(job, cancelled=False)

    def _end(self, job: RenderJob, *, cancelled: bool) -> None:
        stream = job.stream
        del self._jobs[stream.id]
        self._streams.remove(stream)
        self._send(RenderDone(stream=stream.id, frames=stream.head, cancelled=cancelled), None)
