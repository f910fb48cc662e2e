"""Changes are accepted: into the song, into the stream that plays it, and with a promise."""

from __future__ import annotations

from bridge_protocol.parameters import PropagationClass
from bridge_protocol.schema import Ok, When
from engine_host.session.host_stream import HostStream
from engine_host.session.song import Song
from engine_host.stream.promises import Promise
from engine_host.stream.settings import Change, Edit, propagation_of


class Changes:
    """Under the engine's lock."""

    def __init__(self, song: Song, stream: HostStream) -> None:
        self._song, self._stream = song, stream

    def accept(
        self,
        number: int,
        name: str,
        edit: Edit,
        when: When,
        propagation: PropagationClass | None = None,
        *,
        adds: bool = False,
    ) -> Ok:
        """Accepts a change, everywhere it belongs, and says where it will be heard.

        ``number`` is the request's seq. For ``propagation`` (None: that of the parameter ``name``)
        and ``adds`` see :class:`Change`. Where the stream refuses it, the song stays as it was.
        """
        change = Change(number, name, propagation or propagation_of(name), edit, adds)
        state = self._song.next_state()
        promise = self._stream.change(change, when, state)
        if when.kind not in ("bar", "ppq"):
            self._song.apply(change, state)
            return Ok() if promise is None else _promised(promise)
        ppq = self._ppq_of(when)
        self._song.place(ppq, change, state)
        return self._placed(ppq) if promise is None else _promised(promise)

    def _placed(self, ppq: float) -> Ok:
        grid = self._song.grid
        sample = grid.sample_of_ppq(ppq)
        return Ok(bar=grid.bar_of_sample(sample) + 1, sample=sample)

    def _ppq_of(self, when: When) -> float:
        if when.kind == "bar":
            assert when.bar is not None
            return float(self._song.grid.ppq(when.bar - 1))
        assert when.ppq is not None
        return when.ppq


def _promised(promise: Promise) -> Ok:
    return Ok(bar=promise.bar + 1, sample=promise.sample, epoch=promise.epoch)
