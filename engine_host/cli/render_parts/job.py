"""A render from the request to the files, with what was kept of an interrupted one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from bridge_protocol.clock import Clock
from bridge_protocol.errors import ErrorCode, RefusedError
from engine_host.checkpoint import Track, WorkFolder
from engine_host.cli.render_parts.cancel import asked_to_stop
from engine_host.cli.render_parts.loaded import LoadedEngine
from engine_host.cli.render_parts.outputs import OUT, Destination, Rendered, Sound
from engine_host.cli.render_parts.progress import Moment, Pace, telling
from engine_host.cli.render_parts.request import Request, range_of
from engine_host.identity import song_identity
from engine_host.render import Take, can_go_on, render_takes
from engine_host.session.song import Song
from engine_host.stream.sources import Samples

ALONE = "audio"  # the track of a song that has no name
KEPT_FORMAT = 1  # of work folders; one of another number is of no use


@dataclass(frozen=True, eq=False)
class Outcome:
    """A finished render. ``decides`` is all that decided its bytes; ``seconds`` what the rendering
    took, of which ``kept_bars`` bars were there before."""

    rendered: Rendered
    files: Sequence[Path]
    decides: dict[str, Any]
    seconds: float
    realtime_factor: float
    kept_bars: int


@dataclass(frozen=True, eq=False)
class Job:
    """Everything a render needs. ``notes`` is where it tells what goes on."""

    request: Request
    loaded: LoadedEngine
    destination: Destination
    notes: Console
    clock: Clock
    quiet: bool = False
    resume: bool = True

    def run(self) -> Outcome:
        """Renders and writes. RefusedError: CANCELLED where a signal asked it to stop, its work kept.

        The main thread's, for the signals.
        """
        request, model = self.request, self.loaded.model
        songs = [part.song(request.maps, request.rate_hz, model) for part in request.parts]
        bars = range_of(request, songs)
        decides = self._decides(songs, bars)
        self._tell_what_is_not_heard()
        try:
            with (
                asked_to_stop() as stopped,
                WorkFolder(self.destination.work_folder, decides, resume=self.resume) as work,
            ):
                return _Attempt(self, songs, bars, decides, work, stopped).run()
        except OSError as error:
            where = error.filename or self.destination.work_folder
            raise RefusedError(
                ErrorCode.FILE_BROKEN, OUT, f"{where}: {error.strerror or error}."
            ) from None

    def note(self, words: str) -> None:
        """A remark on standard error."""
        if not self.quiet:
            self.notes.print("[yellow]note[/] ", end="")
            self.notes.print(words, markup=False)

    def _tell_what_is_not_heard(self) -> None:
        for words in self.request.remarks:
            self.note(words)
        for part in self.request.parts:
            of = f"{part.name}: " if part.name else ""
            for words in part.remarks():
                self.note(of + words)
            prompt = dict(part.prompts).get("a", "")
            if ignored := self.loaded.model.read_prompt(prompt).ignored:
                self.note(f"{of}not understood: {', '.join(ignored)}")

    def _decides(self, songs: Sequence[Song], bars: tuple[int, int]) -> dict[str, Any]:
        parts = {
            part.name or ALONE: song_identity(song)
            for part, song in zip(self.request.parts, songs, strict=True)
        }
        loras = {lora.name: lora.digest for part in self.request.parts for lora in part.loras}
        return {
            "format": KEPT_FORMAT,
            **({"loras": loras} if loras else {}),
            "bars": list(bars),
            "window_bars": self.request.window_bars,
            "parts": parts,
            **self.loaded.decides,
        }


class _Attempt:
    """One go at a job, in its open work folder."""

    def __init__(
        self,
        job: Job,
        songs: Sequence[Song],
        bars: tuple[int, int],
        decides: dict[str, Any],
        work: WorkFolder,
        stopped: Callable[[], bool],
    ) -> None:
        self._job, self._songs, self._bars = job, songs, bars
        self._decides, self._work, self._stopped = decides, work, stopped
        if work.differs:
            told = ", ".join(map(_in_words, work.differs[:3]))
            job.note(f"{work.path} is of another render (not as here: {told}); starting anew.")
        ends = _bar_ends(songs[0], *bars)
        names = [part.name or ALONE for part in job.request.parts]
        self._tracks = [work.track(name, ends) for name in names]

    def run(self) -> Outcome:
        for part, song, track in zip(
            self._job.request.parts, self._songs, self._tracks, strict=True
        ):
            self._take_up(f"{part.name}: " if part.name else "", song, track)
        kept_bars = self._bars_done()
        try:
            pace = self._render()
            seconds, factor = pace.seconds, pace.realtime_factor(self._frames())
            rendered = self._rendered()
            written = self._job.destination.write(rendered)
        except RefusedError as error:
            if error.code is not ErrorCode.CANCELLED:
                raise
            raise RefusedError(error.code, error.field, self._what_is_kept()) from None
        self._work.remove()
        for words in written.notes:
            self._job.note(words)
        return Outcome(rendered, written.files, self._decides, seconds, factor, kept_bars)

    def _take_up(self, of: str, song: Song, track: Track) -> None:
        """Tells what of an earlier attempt is used, and forgets what can't be."""
        if track.damaged:
            self._job.note(f"{of}what was kept is damaged and is rendered again from there.")
        if not track.marks:
            return
        if not track.whole and not can_go_on(song):
            self._job.note(
                f"{of}with feedback a render can't go on from the middle; starting anew."
            )
            track.restart()
            return
        done, first = len(track.marks), self._bars[0]
        self._job.note(f"{of}going on after bar {first + done - 1}; {done} bars were kept.")

    def _render(self) -> Pace:
        takes = [
            Take(song, track.append, track.frames, part.field_of_song)
            for part, song, track in zip(
                self._job.request.parts, self._songs, self._tracks, strict=True
            )
        ]
        job = self._job
        pace = Pace(job.clock, job.request.rate_hz, self._frames())
        total_bars = len(self._tracks) * (self._bars[1] - self._bars[0] + 1)
        with telling(job.notes, pace, quiet=job.quiet) as tell:
            render_takes(
                job.loaded.engine,
                takes,
                *self._bars,
                window_bars=job.request.window_bars,
                progress=lambda done, total: tell(
                    Moment(done, total, self._bars_done(), total_bars)
                ),
                cancelled=self._stopped,
            )
        return pace

    def _rendered(self) -> Rendered:
        request = self._job.request
        return Rendered(
            sounds=[self._sound(track) for track in self._tracks],
            parts=request.parts,
            maps=request.maps,
            first_bar=self._bars[0],
            last_bar=self._bars[1],
            rate_hz=request.rate_hz,
            depth=request.depth,
        )

    def _sound(self, track: Track) -> Sound:
        def blocks() -> Iterator[Samples]:
            for block in track.blocks():
                if self._stopped():
                    raise RefusedError(ErrorCode.CANCELLED, "render", "The render was stopped.")
                yield block

        return Sound(track.name, track.total, blocks)

    def _frames(self) -> int:
        return sum(track.frames for track in self._tracks)

    def _bars_done(self) -> int:
        return sum(len(track.marks) for track in self._tracks)

    def _what_is_kept(self) -> str:
        done, total = self._bars_done(), sum(len(track.ends) for track in self._tracks)
        if not done:
            return "Stopped before a bar was whole; nothing is kept."
        return (
            f"Stopped. {done} of {total} bars are kept in {self._work.path}; the same command goes "
            "on from there, --no-resume starts anew."
        )


def _bar_ends(song: Song, first_bar: int, last_bar: int) -> list[int]:
    """The frames at which the bars end, counted from the first one's start."""
    grid = song.grid
    start = grid.sample(first_bar - 1)
    return [grid.sample(bar) - start for bar in range(first_bar, last_bar + 1)]


def _in_words(differs: str) -> str:
    """``parts.bass.settings.values.seed`` as ``bass seed``."""
    unsaid = ("parts", ALONE, "settings", "values")
    return " ".join(word for word in differs.split(".") if word not in unsaid)
