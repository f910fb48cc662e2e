"""Time stretching run by run, joined without a click; the pitch stays.

The stretcher is Signalsmith Stretch. Each run is made by a fresh one with a fixed seed from the
run's own sound and a fixed context on both sides, so that it has the same bytes whichever run is
read first, on every run of the program.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from python_stretch import Signalsmith

from bridge_protocol.bars import BarGrid
from bridge_protocol.blocks import Samples, join
from engine_host.stream.warp import Run, at_rate

SEED = 1
JOIN_SECONDS = 0.04
BLOCK_SECONDS = 0.12  # as the library's own preset
STEP_SECONDS = 0.02  # its preset takes 0.03, and leaves steps of -50 dB from block to block
CONTEXT_SECONDS = BLOCK_SECONDS + STEP_SECONDS  # of the source
SAME_FRAMES = 0.5  # a run that would change its length by less is passed through
MAX_KEPT_BYTES = 48 * 1024 * 1024
CHANNELS = 2


class Piece(NamedTuple):
    """Source frames ``[first, end)`` as ``frames`` samples, all at ``rate_hz``; ``around``: the
    frames that follow each other in a ring."""

    rate_hz: int
    first: int
    end: int
    frames: int
    around: tuple[int, int] | None


@dataclass(frozen=True)
class Sounding:
    """A run at one rate: samples ``[start, end)`` of the song play ``piece``.

    ``shift``: source frame minus sample, where the sound is passed through as it is.
    """

    start: int
    end: int
    piece: Piece
    shift: int | None

    @property
    def frames(self) -> int:
        """Its length; 0 for a sliver at a lower rate."""
        return self.end - self.start

    @property
    def fade(self) -> int:
        """Samples before its end in which the next run is faded in."""
        return min(_join_samples(self.piece.rate_hz), self.frames)

    def is_joined_to(self, following: Sounding) -> bool:
        """Whether the next run follows at once, and is not this untouched sound going on."""
        goes_on = self.shift is not None and self.shift == following.shift
        return following.start == self.end and not goes_on


class Stretcher:
    """A source's sound on the host's time; ``audio_at(rate_hz)`` is the source, ``[frames, 2]``.

    What was stretched is kept, up to 48 MiB. Any thread; a run takes about 25 ms for each second
    of sound the first time it is read, and lets no other thread of Python run meanwhile.
    """

    def __init__(self, audio_at: Callable[[int], Samples]) -> None:
        self._audio_at = audio_at
        self._kept: OrderedDict[Piece, Samples] = OrderedDict()
        self._lock = threading.Lock()
        self._bytes = 0

    def read(
        self, grid: BarGrid, runs: Sequence[Run], start: int, frames: int, rate_hz: int
    ) -> Samples:
        """``[frames, 2]`` from song sample ``start`` (counted at ``rate_hz``); silence between runs.

        ``runs`` are all that sound there and up to :func:`reach_samples` behind. Any part of the
        song has the same samples whatever it is read with.
        """
        out = np.zeros((frames, CHANNELS), dtype=np.float32)
        soundings = [sounding_of(run, grid, rate_hz) for run in runs]
        soundings = [sounding for sounding in soundings if sounding.frames]
        for sounding, following in zip(soundings, [*soundings[1:], None], strict=False):
            if sounding.start < start + frames and sounding.end > start:
                _lay(self._body(sounding), sounding.start, out, start)
            fade_from = sounding.end - sounding.fade
            if following is None or not sounding.is_joined_to(following):
                continue
            if fade_from < start + frames and sounding.end > start:
                _lay(self._joined(sounding, following), fade_from, out, start)
        return out

    def _joined(self, outgoing: Sounding, incoming: Sounding) -> Samples:
        fade = outgoing.fade
        leaving = self._body(outgoing)[-fade:]
        coming = self._with_lead(incoming)[: _join_samples(incoming.piece.rate_hz)][-fade:]
        return leaving if np.array_equal(leaving, coming) else join(leaving, coming)

    def _body(self, sounding: Sounding) -> Samples:
        return self._with_lead(sounding)[_join_samples(sounding.piece.rate_hz) :]

    def _with_lead(self, sounding: Sounding) -> Samples:
        """The run's sound, and before it what the join fades in."""
        piece = sounding.piece
        if sounding.shift is not None:
            first = piece.first - _join_samples(piece.rate_hz)
            return _taken(self._audio_at(piece.rate_hz), first, piece.end, piece.around)
        with self._lock:
            known = self._kept.get(piece)
            if known is not None:
                self._kept.move_to_end(piece)
                return known
        made = _stretched(self._audio_at(piece.rate_hz), piece)
        with self._lock:
            self._keep(piece, made)
        return made

    def _keep(self, piece: Piece, made: Samples) -> None:
        if piece not in self._kept:
            self._kept[piece] = made
            self._bytes += made.nbytes
        while self._bytes > MAX_KEPT_BYTES and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes


def reach_samples(rate_hz: int) -> int:
    """How far behind a sample a run may begin that is heard there already."""
    return _join_samples(rate_hz) + 2


def sounding_of(run: Run, grid: BarGrid, rate_hz: int) -> Sounding:
    """A run at one rate; half a frame of the source at most is rounded away at either end."""
    start, end = at_rate(grid, run.start, rate_hz), at_rate(grid, run.end, rate_hz)
    if abs(run.source_lasts - run.lasts_seconds) * rate_hz < SAME_FRAMES:
        shift = round(round((run.source_seconds - run.song_seconds) * rate_hz, 6))
        piece = Piece(rate_hz, start + shift, end + shift, end - start, _ring(run, rate_hz))
        return Sounding(start, end, piece, shift)
    first = round(run.source_seconds * rate_hz)
    last = round((run.source_seconds + run.source_lasts) * rate_hz)
    piece = Piece(rate_hz, first, max(last, first + 1), end - start, _ring(run, rate_hz))
    return Sounding(start, end, _without_idle_ring(piece), None)


def _ring(run: Run, rate_hz: int) -> tuple[int, int] | None:
    around = run.part_of.round_seconds
    if around is None:
        return None
    begin = run.part_of.begin_seconds
    return round(begin * rate_hz), round((begin + around) * rate_hz)


def _without_idle_ring(piece: Piece) -> Piece:
    """The same piece of every pass is the same, unless its context goes over an end of the pass."""
    if piece.around is None or piece.frames == 0:
        return piece
    context = _context_frames(piece)
    inside = piece.first - context >= piece.around[0] and piece.end + context <= piece.around[1]
    return piece._replace(around=None) if inside else piece


def _join_samples(rate_hz: int) -> int:
    return round(JOIN_SECONDS * rate_hz)


def _context_samples(piece: Piece) -> int:
    """Samples that are stretched before and after the piece, and then cut off."""
    ratio = (piece.end - piece.first) / piece.frames
    of_the_source = CONTEXT_SECONDS * piece.rate_hz / min(max(ratio, 0.1), 10.0)
    return max(_join_samples(piece.rate_hz), math.ceil(of_the_source))


def _context_frames(piece: Piece) -> int:
    return round(_context_samples(piece) * (piece.end - piece.first) / piece.frames)


def _stretched(audio: Samples, piece: Piece) -> Samples:
    """The piece's sound ``[join + frames, 2]``: the join's lead first."""
    context, context_frames = _context_samples(piece), _context_frames(piece)
    sound = _taken(audio, piece.first - context_frames, piece.end + context_frames, piece.around)
    wanted = piece.frames + 2 * context
    begin = context - _join_samples(piece.rate_hz)
    if not sound.any():
        return np.zeros((context - begin + piece.frames, CHANNELS), dtype=np.float32)
    stretcher = Signalsmith.Stretch(SEED)
    block, step = round(BLOCK_SECONDS * piece.rate_hz), round(STEP_SECONDS * piece.rate_hz)
    stretcher.configure(CHANNELS, block, step)
    stretcher.setTimeFactor(len(sound) / wanted)
    made = np.asarray(stretcher.process(np.ascontiguousarray(sound.T)), dtype=np.float32).T
    short = max(0, wanted - len(made))  # its factor is a float32: a sample may be missing
    return np.pad(made, ((0, short), (0, 0)))[begin : context + piece.frames].copy()


def _lay(sound: Samples, at: int, out: Samples, start: int) -> None:
    """Copies what of ``sound``, which begins at sample ``at``, lies in ``out``, from ``start`` on."""
    low, high = max(start, at), min(start + len(out), at + len(sound))
    out[low - start : high - start] = sound[low - at : high - at]


def _taken(audio: Samples, first: int, end: int, around: tuple[int, int] | None) -> Samples:
    """Frames ``[first, end)``, silence outside; in a ring, its frames over and over."""
    if around is not None:
        low, high = around
        index = low + (np.arange(first, end) - low) % (high - low)
        inside = index < len(audio)
        return np.where(inside[:, None], audio[np.minimum(index, len(audio) - 1)], np.float32(0))
    out = np.zeros((end - first, CHANNELS), dtype=np.float32)
    low, high = max(first, 0), min(end, len(audio))
    if low < high:
        out[low - first : high - first] = audio[low:high]
    return out
