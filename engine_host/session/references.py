"""Which audio the song is made from: uploaded sources put to use, or the track's own input."""

from __future__ import annotations

from concurrent.futures import Future

from bridge_protocol.errors import RefusedError
from bridge_protocol.schema import Message, Ok, SourceUse
from engine_host.session.capabilities import check_hears
from engine_host.session.changes import Changes
from engine_host.session.refusals import refusal
from engine_host.session.song import Song
from engine_host.session.source_store import SourceStore
from engine_host.session.source_uses import (
    USE_IS_NEWER,
    Place,
    check_use,
    found_words,
    is_to_be_found,
    not_found,
    place_of,
    placement_of,
)
from engine_host.session.track_input import TrackInput
from engine_host.stream.beats import Beats
from engine_host.stream.engine import Engine
from engine_host.stream.promises import Sink
from engine_host.stream.settings import set_placement
from engine_host.stream.sources import Source


class References:
    """Under the engine's lock. The answer to a use whose tempo is sought comes from the thread that
    seeks it, through ``send``."""

    def __init__(
        self,
        engine: Engine,
        sources: SourceStore,
        song: Song,
        changes: Changes,
        track: TrackInput,
        send: Sink,
    ) -> None:
        self._engine, self._sources, self._song = engine, sources, song
        self._changes, self._track, self._send = changes, track, send
        self._uses = 0
        self._used: dict[Place, int] = {}  # which source_use is in force there
        self._closed = False

    def close(self) -> None:
        """Nothing more is put to use, and no answer that is owed is given."""
        self._closed = True

    def use(self, message: SourceUse) -> Ok | None:
        """Puts a source to use, or none; None where the answer has to wait for its tempo."""
        heard = "source" if message.role == "target" else message.role
        check_hears(self._engine.model, heard, "role", f"a {message.role} reference")
        check_use(message)
        self._uses += 1
        number = self._uses
        if message.live_bars:
            return self._use_track(message, number)
        source = self._sources.get(message.hash) if message.hash else None
        if source is None or not is_to_be_found(message) or source.is_heard:
            return self._use(message, source, number)
        self._engine.listen(source).add_done_callback(
            lambda found: self._use_found(message, source, number, found)
        )
        return None

    def _use_track(self, message: SourceUse, number: int) -> Ok:
        reply = self._track.use(message)
        self._used[place_of(message)] = number
        return reply

    def _use(self, message: SourceUse, source: Source | None, number: int) -> Ok:
        """Places a source whose tempo is known, as the ``number``-th that was asked for."""
        placement = None
        if source is not None:
            placement = placement_of(message, source)
            placement.check(self._song.grid)
            self._engine.warm(source, self._song.grid.sample_rate_hz)
        edit = set_placement(message.role, placement)
        reply = self._changes.accept(message.seq, message.role, edit, message.when)
        self._used[place_of(message)] = number
        if source is not None and is_to_be_found(message):
            reply.text = found_words(source.beats())
        return reply

    def _use_found(
        self, message: SourceUse, source: Source, number: int, found: Future[Beats]
    ) -> None:
        """The source's tempo is found, or there is none: the answer that was owed. Any thread."""
        if found.cancelled():
            return
        with self._engine.lock:
            if self._closed:
                return
            reply = self._owed(message, source, number, found.exception())
            reply.re = message.seq
            self._send(reply, None)

    def _owed(
        self, message: SourceUse, source: Source, number: int, error: BaseException | None
    ) -> Message:
        if error is not None:
            return refusal(not_found(error), message.seq)
        if self._used.get(place_of(message), 0) > number:
            return Ok(text=USE_IS_NEWER)
        try:
            return self._use(message, source, number)
        except RefusedError as refused:
            return refusal(refused, message.seq)
