"""Where the host is in the song, and the song's map. Under the engine's lock."""

from __future__ import annotations

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.meter import MeterMap
from bridge_protocol.schema import Ok, TempoMapMessage, Transport
from bridge_protocol.tempo import TempoMap
from engine_host.session.host_stream import HostStream
from engine_host.session.song import Song, map_of
from engine_host.session.track_input import TrackInput
from engine_host.stream.playline import Loop, Origin, PlannedJump

SHORTEST_LOOP_SECONDS = 0.1


class HostTime:
    """See the module."""

    def __init__(self, song: Song, stream: HostStream, track: TrackInput) -> None:
        self._song, self._stream, self._track = song, stream, track

    def transport(self, message: Transport) -> None:
        """The host reports where it is and where it goes from there."""
        if not self._song.told_map and message.bpm is not None:
            self._constant_map(message, message.bpm)
        loop = self._loop(message) if message.looping else None
        jump = self._jump(message)
        origin = Origin(0, message.epoch, message.address, message.sample, message.lap, loop, jump)
        if message.lap == 0:
            self._track.begin(message.epoch, message.sample - message.address)
        gap = None if message.gap_start is None else (message.gap_start, message.gap_end)
        self._stream.follow(origin, message.playing, message.left, gap)

    def _loop(self, message: Transport) -> Loop:
        grid = self._song.grid
        start = grid.sample_of_ppq(message.loop_start_ppq)
        end = grid.sample_of_ppq(message.loop_end_ppq)
        if end - start < SHORTEST_LOOP_SECONDS * grid.sample_rate_hz:
            raise RefusedError(
                ErrorCode.OUT_OF_RANGE,
                "loop_end_ppq",
                f"The loop lasts {1000 * (end - start) / grid.sample_rate_hz:.1f} ms; it needs at "
                f"least {1000 * SHORTEST_LOOP_SECONDS:.0f} ms.",
            )
        return Loop(start, end)

    def _jump(self, message: Transport) -> PlannedJump | None:
        if message.jump is None:
            return None
        at, to = message.jump.at_ppq, message.jump.to_ppq
        grid = self._song.grid
        return PlannedJump(grid.sample_of_ppq(at), grid.sample_of_ppq(to), message.jump.epoch)

    def _constant_map(self, message: Transport, bpm: float) -> None:
        """The host sends no map: its tempo and signature of the moment stand for the whole song."""
        tempo = TempoMap.constant(bpm)
        meter = MeterMap.constant(message.numerator or 4, message.denominator or 4)
        if (tempo, meter) != (self._song.grid.tempo, self._song.grid.meter):
            self._song.set_map(tempo, meter)
            self._stream.map_changed()

    def tempo_map(self, message: TempoMapMessage) -> Ok:
        """The song's whole map; from now on a transport's own tempo is not read."""
        try:
            maps = map_of(message)
        except RefusedError as error:  # the maps' own words for what the message calls otherwise
            field = error.field.replace("segments", "tempo").replace("changes", "meter")
            field = field.replace("start_ppq", "ppq")
            raise RefusedError(error.code, field, error.message) from None
        self._song.set_map(*maps)
        self._song.told_map = True
        self._stream.map_changed()
        return Ok()
