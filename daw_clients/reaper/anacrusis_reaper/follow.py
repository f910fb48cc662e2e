"""Following the project: its transport, its edits, and the bars that come ahead of the play cursor.

The transport is told at every change and ten times a second. An edit is noticed by REAPER's count
of changes; the project is read then, and only what changed is sent.
"""

from __future__ import annotations

from typing import Any

from .api import Api, Transport
from .handles import Project
from .live_track import LiveTrack
from .play_line import PlayLine, Step
from .project_sync import ProjectSync, Snapshot
from .refusal import RefusedError
from .session import Session
from .song_map import SongMap
from .tasks import Part
from .tempo_markers import on_tick

STREAM = 1
TOLD_S = 0.1
EDITS_S = 0.3
LEAD_S = 8.0
LEAD_BARS = 2.5
CREDIT_STEP_S = 0.25


class Follow:
    """One project that is followed. ``tick`` sends, and never waits."""

    def __init__(self, api: Api, project: Project, session: Session, sync: ProjectSync) -> None:
        self._api, self._project, self._session, self._sync = api, project, session, sync
        self._line = PlayLine(session.rate_hz)
        self._track = LiveTrack(api, project)
        self._song: SongMap | None = None
        self._count = api.change_count(project)
        self._read_s = api.now_s()
        self._told: tuple[float, Any] = (float("-inf"), None)
        self._granted: tuple[int, int] = (0, 0)

    def begin(self, now: Snapshot) -> Part:
        """Opens the stream; from then on :meth:`tick` may be called."""
        self._song = now.song
        request = {"type": "open_stream", "stream": STREAM, "window_bars": now.window_bars}
        yield self._session.ask(request)

    def end(self) -> None:
        """Closes the stream."""
        if self._session.link.is_open:
            self._session.tell({"type": "close_stream", "stream": STREAM})

    def tick(self) -> None:
        """Tells where the host is and takes the bars that have come."""
        self._look()
        arrived = self._session.heard("audio_file", STREAM)
        edited = self._api.change_count(self._project) != self._count
        for announced in arrived:
            if announced["epoch"] == self._line.now.epoch:
                self._track.take(announced)
        if arrived and not edited:  # then what has changed is what was laid just now
            self._count = self._api.change_count(self._project)

    def edits(self) -> Snapshot | None:
        """The project as it is, if it was edited since the last look; some times a second."""
        now_s = self._api.now_s()
        count = self._api.change_count(self._project)
        if count == self._count or now_s - self._read_s < EDITS_S:
            return None
        self._count, self._read_s = count, now_s
        return self._sync.snapshot()

    def told(self, now: Snapshot, tempo_changed: bool) -> None:
        """The engine knows the snapshot. A tempo edit begins a new epoch."""
        self._song = now.song
        if tempo_changed:
            self._tell(self._line.restart(), self._api.transport(self._project))

    def _look(self) -> None:
        here = self._api.transport(self._project)
        if here.play_rate != 1.0:
            words = "REAPER's play rate is {:g}: set it to 1, then follow again."
            raise RefusedError("CANNOT_HEAR", "play rate", words.format(here.play_rate))
        now_s, rate_hz = self._api.now_s(), self._session.rate_hz
        loop = self._loop(here)
        samples = None if loop is None else (self._sample(loop[0]), self._sample(loop[1]))
        before = self._line.now
        sample = round(here.seconds * rate_hz)
        step = self._line.look(sample, here.is_playing, samples, now_s)
        fresh = step.epoch != before.epoch or step.is_playing != before.is_playing
        if fresh or loop != self._told[1] or now_s - self._told[0] >= TOLD_S:
            self._tell(step, here)
        self._grant(step)

    def _tell(self, step: Step, here: Transport) -> None:
        loop = self._loop(here)
        message: dict[str, Any] = {
            "type": "transport",
            "epoch": step.epoch,
            "sample": step.sample,
            "address": step.address,
            "lap": step.lap,
            "playing": step.is_playing,
            "recording": here.is_recording,
            "ppq": self._tempo_ppq(here.seconds),
        }
        if step.left is not None:
            message["left"] = step.left
        if loop is not None:
            message.update(looping=True, loop_start_ppq=loop[0], loop_end_ppq=loop[1])
        self._session.tell(message)
        self._told = (self._api.now_s(), loop)

    def _grant(self, step: Step) -> None:
        rate_hz = self._session.rate_hz
        reach = step.address + round(self._lead_s(step) * rate_hz)
        epoch, granted = self._granted
        if epoch == step.epoch and reach - granted < CREDIT_STEP_S * rate_hz:
            return
        self._granted = (step.epoch, reach)
        credit = {"type": "credit", "stream": STREAM, "epoch": step.epoch, "frames": reach}
        self._session.tell(credit)

    def _lead_s(self, step: Step) -> float:
        """Enough for whole bars to be there in time: only whole ones become files."""
        assert self._song is not None
        bar = self._song.bar_at(step.sample / self._session.rate_hz)
        bar_s = self._song.bar_seconds(bar + 1) - self._song.bar_seconds(bar)
        return max(LEAD_S, LEAD_BARS * bar_s)

    def _loop(self, here: Transport) -> tuple[float, float] | None:
        """In quarter notes."""
        if not here.is_looping:
            return None
        return self._tempo_ppq(here.loop_start_s), self._tempo_ppq(here.loop_end_s)

    def _tempo_ppq(self, seconds: float) -> float:
        assert self._song is not None
        return on_tick(self._song.tempo.ppq(seconds))

    def _sample(self, ppq: float) -> int:
        assert self._song is not None
        return round(self._session.rate_hz * self._song.tempo.seconds(ppq))
