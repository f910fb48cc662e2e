"""A REAPER of Python objects, behind the binding that scripts see.

It has the binding's tuples, texts for pointers, TypeErrors and stale pointers, runs what was
deferred as REAPER does (code, in the script's own namespace, without ``__file__``), and holds
scripts to REAPER's rules: the main thread, undo blocks and refresh locks that are closed before the
tick ends, readers that are destroyed.
"""
# ruff: noqa: N802 - REAPER's own names

from __future__ import annotations

import sys
import threading
import types
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
from fake_binding import Binding, pointer_text

from bridge_protocol.clock import VirtualClock
from bridge_protocol.lanes import Anchor, Breakpoint, BreakpointLane
from bridge_protocol.tempo import TempoMap
from daw_clients.projects.reaper_lanes import SHAPES
from daw_clients.projects.reaper_tempo import BaseTempo, TempoPoint, maps_of

TICK_NS = 33_000_000
ANY_TEMPO = TempoMap.constant(120.0)
PLAYING, PAUSED, RECORDING = 1, 2, 4
_FIRST_ADDRESS = 0x00007F00_12345678


@dataclass(eq=False)
class Marker:
    """A tempo marker; ``signature`` None where it sets none."""

    seconds: float
    bpm: float
    signature: tuple[int, int] | None = None
    is_linear: bool = False


@dataclass(eq=False)
class Envelope:
    """Points are Breakpoints in seconds; curves are the bridge's own, which are REAPER's."""

    points: list[Breakpoint] = field(default_factory=list)
    is_active: bool = True
    automation_items: int = 0

    def value(self, at: float) -> float:
        lane = BreakpointLane(sorted(self.points, key=lambda p: p.position), Anchor.SECONDS)
        return float(lane.evaluate(ANY_TEMPO, np.array([at]))[0])


@dataclass(eq=False)
class Parameter:
    name: str
    value: float
    minimum: float
    maximum: float
    envelope: Envelope | None = None


@dataclass(eq=False)
class Effect:
    name: str
    parameters: list[Parameter]

    def parameter(self, name: str) -> Parameter:
        return next(p for p in self.parameters if p.name == name)


@dataclass(eq=False)
class Note:
    """Positions in MIDI ticks of the source, 960 a quarter."""

    start: float
    end: float
    pitch: int
    velocity: int = 100
    channel: int = 0
    is_muted: bool = False


@dataclass(eq=False)
class Source:
    file: str = ""
    kind: str = "WAVE"
    channels: int = 2
    length: float = 0.0
    length_is_qn: bool = False
    notes: list[Note] = field(default_factory=list)


@dataclass(eq=False)
class Take:
    source: Source | None = None
    name: str = ""
    values: dict[str, float] = field(default_factory=dict)
    stretch_markers: int = 0
    sound: np.ndarray | None = None  # [frames, channels] from the item's start, at `sound_rate`
    sound_rate: int = 48_000


@dataclass(eq=False)
class Item:
    takes: list[Take] = field(default_factory=list)
    values: dict[str, float] = field(default_factory=dict)
    is_selected: bool = False

    @property
    def start(self) -> float:
        return self.values["D_POSITION"]

    @property
    def end(self) -> float:
        return self.start + self.values["D_LENGTH"]


@dataclass(eq=False)
class Track:
    name: str = ""
    effects: list[Effect] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    is_selected: bool = False


@dataclass(eq=False)
class Project:
    path: str = ""
    media: str = ""
    bpm: float = 120.0
    signature: tuple[int, int] = (4, 4)
    markers: list[Marker] = field(default_factory=list)
    tracks: list[Track] = field(default_factory=list)
    master: Track = field(default_factory=Track)
    rate: int = 48_000
    own_rate: bool = True
    play_state: int = 0
    position: float = 0.0
    cursor: float = 0.0
    selection: tuple[float, float] = (0.0, 0.0)
    loop: tuple[float, float] = (0.0, 0.0)
    repeats: bool = False
    play_rate: float = 1.0
    changes: int = 1
    state: dict[tuple[str, str], str] = field(default_factory=dict)
    undo_depth: int = 0
    undo_steps: list[str] = field(default_factory=list)
    undone: list = field(default_factory=list)

    def maps(self):
        points = [
            TempoPoint(m.seconds, m.bpm, m.is_linear, m.signature, False) for m in self.markers
        ]
        tempo, meter, _ = maps_of(BaseTempo(self.bpm, *self.signature), points)
        return tempo, meter

    def everything(self):
        """All that has an address in it."""
        for track in [*self.tracks, self.master]:
            yield track
            for effect in track.effects:
                yield from (p.envelope for p in effect.parameters if p.envelope)
            for item in track.items:
                yield item
                for take in item.takes:
                    yield take
                    if take.source:
                        yield take.source

    def items(self):
        return [item for track in self.tracks for item in track.items]

    def undo(self) -> str:
        """Takes the last step back."""
        self.tracks = self.undone.pop()
        self.changes += 1
        return self.undo_steps.pop()


@dataclass(eq=False)
class Reader:
    take: Take
    is_open: bool = True


KINDS = {
    Project: "ReaProject*",
    Track: "MediaTrack*",
    Item: "MediaItem*",
    Take: "MediaItem_Take*",
    Source: "PCM_source*",
    Envelope: "TrackEnvelope*",
    Reader: "AudioAccessor*",
}


class FakeReaper:
    """See the module. ``clock`` is what time_precise tells."""

    def __init__(self, folder: Path, clock=None) -> None:
        self.folder = folder
        self.clock = clock or VirtualClock()
        self.project = Project(media=str(folder / "media"))
        self.projects = [self.project]
        self.console: list[str] = []
        self.answers: list[list[str] | None] = []  # what the user types in the next dialogs
        self.dialogs: list[tuple[list[str], list[str]]] = []
        self.missing: set[str] = set()  # functions that this REAPER lacks
        self.commands: list[int] = []
        self.ext_state: dict[tuple[str, str], str] = {}
        self.persisted: set[tuple[str, str]] = set()
        self.readers: list[Reader] = []
        self.loose: list = []  # sources not yet in any take
        self.refresh_locks = 0
        self._addresses: dict[int, int] = {}
        self._objects: dict[int, object] = {}
        self._thread = threading.get_ident()
        self._deferred: list[tuple[types.ModuleType, str]] = []
        self._at_exit: list[tuple[types.ModuleType, str]] = []
        self.module = Binding(self).module()
        self._moved_ns = self.clock.now_ns()

    # ------------------------------------------------------------ scripts

    def run_script(self, path: Path) -> None:
        """As the action list does. Its namespace is ``__main__`` while it runs."""
        script = types.ModuleType("__main__")
        script.RPR_defer = lambda code: self._deferred.append((script, _code(code)))
        script.RPR_atexit = lambda code: self._at_exit.append((script, _code(code)))
        script.RPR_get_action_context = lambda: (1, str(path), 0, 0, 0, 0, 0)
        self._run(script, path.read_text())

    def pump(self, ticks: int = 1) -> None:
        """So many ticks: what was deferred is run, once each."""
        for _ in range(ticks):
            if isinstance(self.clock, VirtualClock):
                self.clock.advance_ns(TICK_NS)
            self._move()
            due, self._deferred = self._deferred, []
            for script, code in due:
                self._run(script, code)

    @property
    def is_looping(self) -> bool:
        """Whether any script has deferred."""
        return bool(self._deferred)

    def quit(self) -> None:
        """REAPER ends its scripts."""
        self._deferred.clear()
        ending, self._at_exit = self._at_exit, []
        for script, code in ending:
            self._run(script, code)

    def _run(self, script: types.ModuleType, code: str) -> None:
        kept = {name: sys.modules.get(name) for name in ("__main__", "reaper_python")}
        sys.modules.update({"__main__": script, "reaper_python": self.module})
        try:
            exec(compile(code, "<string>", "exec"), script.__dict__)
        finally:
            for name, module in kept.items():
                if module is None:
                    del sys.modules[name]
                else:
                    sys.modules[name] = module
        self.check_rules()

    def check_rules(self) -> None:
        """What must hold whenever no script runs."""
        for project in self.projects:
            assert project.undo_depth == 0, "an undo block was left open over a tick"
        assert self.refresh_locks == 0, "the refresh lock was left on over a tick"

    def check_thread(self) -> None:
        assert threading.get_ident() == self._thread, "REAPER was called from another thread"

    # ------------------------------------------------------------ the user

    def play(self) -> None:
        self.project.play_state = PLAYING
        self.project.position = self.project.cursor
        self._moved_ns = self.clock.now_ns()

    def stop(self) -> None:
        self.project.play_state = 0

    def locate(self, seconds: float) -> None:
        self.project.cursor = seconds
        self.project.position = seconds

    def edit(self) -> None:
        """Something was changed by hand."""
        self.project.changes += 1

    def close_project(self, project: Project) -> None:
        self.projects.remove(project)
        if not self.projects:
            self.projects.append(Project(media=str(self.folder / "media")))
        if self.project is project:
            self.project = self.projects[0]

    def open_project(self) -> Project:
        """A new tab, in front."""
        self.project = Project(media=str(self.folder / "media"))
        self.projects.append(self.project)
        return self.project

    def lines(self) -> list[str]:
        """What the console shows."""
        return "".join(self.console).splitlines()

    def _move(self) -> None:
        now_ns = self.clock.now_ns()
        elapsed, self._moved_ns = (now_ns - self._moved_ns) / 1e9, now_ns
        for project in self.projects:
            if not project.play_state & (PLAYING | RECORDING) or project.play_state & PAUSED:
                continue
            before = project.position
            project.position += elapsed * project.play_rate
            start, end = project.loop
            if project.repeats and before < end <= project.position:
                project.position = start + (project.position - end) % (end - start)

    # ------------------------------------------------------------ pointers

    def address(self, thing: object | None) -> int:
        """An object's address, the same every time; 0 for None."""
        if thing is None:
            return 0
        if id(thing) not in self._addresses:
            address = _FIRST_ADDRESS + 64 * len(self._addresses)
            self._addresses[id(thing)] = address
            self._objects[address] = thing
        return self._addresses[id(thing)]

    def handle(self, thing: object) -> str:
        return pointer_text(KINDS[type(thing)], self.address(thing))

    def is_valid(self, address: int, kind: str) -> bool:
        if kind == "void*":
            return True
        thing = self._objects.get(address)
        return thing is not None and KINDS[type(thing)] == kind and self._exists(thing)

    def _exists(self, thing: object) -> bool:
        if isinstance(thing, Project):
            return any(thing is project for project in self.projects)
        if isinstance(thing, Reader):
            return thing.is_open
        if any(thing is one for one in self.loose):
            return True
        return any(thing is one for project in self.projects for one in project.everything())

    def at(self, address: int):
        """What an address names; None for null. The binding passes only valid ones."""
        return self._objects.get(address)

    def _project(self, address: int) -> Project:
        """0 is the project in front, and so is one that was closed: that is how REAPER does it."""
        return self.at(address) or self.project

    # ------------------------------------------------------------ functions: the program

    def host_GetAppVersion(self):
        return "7.16/linux-x86_64"

    def host_APIExists(self, name):
        known = {entry.removeprefix("host_") for entry in dir(self) if entry.startswith("host_")}
        return name in known and name not in self.missing

    def host_GetResourcePath(self):
        return str(self.folder)

    def host_time_precise(self):
        return self.clock.now_ns() / 1e9

    def host_ShowConsoleMsg(self, text):
        self.console.append(text)

    def host_GetExtState(self, section, key):
        return self.ext_state.get((section, key), "")

    def host_SetExtState(self, section, key, value, persist):
        self.ext_state[section, key] = value
        if persist:
            self.persisted.add((section, key))

    def host_GetUserInputs(self, title, count, captions, values, size):
        names = captions.split(",")
        shown = dict(extra.split("=", 1) for extra in names[count:])
        separator = shown.get("separator", ",")
        self.dialogs.append((names[:count], values.value.split(separator)))
        typed = self.answers.pop(0)
        if typed is None:
            return 0
        assert len(typed) == count
        values.value = separator.join(typed)
        return 1

    def host_GetAudioDeviceInfo(self, name, value, size):
        value.value = "44100" if name == "SRATE" else ""
        return name == "SRATE"

    def host_Main_OnCommandEx(self, command, flag, project):
        self.commands.append(command)

    def host_PreventUIRefresh(self, change):
        self.refresh_locks += change

    def host_UpdateArrange(self):
        pass

    # ------------------------------------------------------------ functions: projects

    def host_EnumProjects(self, index, name, size):
        if index == -1:
            found = self.project
        elif 0 <= index < len(self.projects):
            found = self.projects[index]
        else:
            return 0
        name.value = found.path
        return self.address(found)

    def host_SelectProjectInstance(self, project):
        self.project = self._project(project)

    def host_ValidatePtr2(self, project, pointer, kind):
        if kind == "ReaProject*":
            return self.is_valid(pointer, kind)
        inside = self._project(project)
        thing = self.at(pointer)
        if thing is None or KINDS[type(thing)] != kind:
            return False
        return any(thing is one for one in [*inside.everything(), *self.loose])

    def host_GetProjectStateChangeCount(self, project):
        return self._project(project).changes

    def host_GetProjectPathEx(self, project, path, size):
        path.value = self._project(project).media

    def host_GetProjectLength(self, project):
        return max([0.0, *(item.end for item in self._project(project).items())])

    def host_GetSetProjectInfo(self, project, name, value, is_set):
        found = self._project(project)
        return {"PROJECT_SRATE": found.rate, "PROJECT_SRATE_USE": found.own_rate}[name]

    def host_GetProjExtState(self, project, section, key, value, size):
        found = self._project(project).state.get((section, key))
        value.value = found or ""
        return len(found or "")

    def host_SetProjExtState(self, project, section, key, value):
        self._project(project).state[section, key] = value
        return len(value)

    def host_Undo_BeginBlock2(self, project):
        found = self._project(project)
        if found.undo_depth == 0:
            found.undone.append([_copy(track) for track in found.tracks])
        found.undo_depth += 1

    def host_Undo_EndBlock2(self, project, name, flags):
        found = self._project(project)
        assert found.undo_depth > 0, "an undo block ends that never began"
        found.undo_depth -= 1
        found.undo_steps.append(name)
        found.changes += 1

    # ------------------------------------------------------------ functions: time

    def host_GetPlayStateEx(self, project):
        return self._project(project).play_state

    def host_GetPlayPosition2Ex(self, project):
        return self._project(project).position

    def host_GetCursorPositionEx(self, project):
        return self._project(project).cursor

    def host_GetSet_LoopTimeRange2(self, project, is_set, is_loop, start, end, seek):
        found = self._project(project)
        start.value, end.value = found.loop if is_loop else found.selection

    def host_GetSetRepeatEx(self, project, value):
        assert value == -1
        return self._project(project).repeats

    def host_Master_GetPlayRate(self, project):
        return self._project(project).play_rate

    def host_GetProjectTimeSignature2(self, project, bpm, beats):
        found = self._project(project)
        bpm.value = found.bpm * found.signature[1] / 4
        beats.value = found.signature[0]

    def host_CountTempoTimeSigMarkers(self, project):
        return len(self._project(project).markers)

    def host_GetTempoTimeSigMarker(
        self, project, index, t, measure, beat, bpm, numerator, denominator, is_linear
    ):
        found = self._project(project)
        if not 0 <= index < len(found.markers):
            return 0
        marker = found.markers[index]
        tempo, meter = found.maps()
        ppq = tempo.ppq(marker.seconds)
        bar = meter.bar_at(ppq)
        t.value, bpm.value, is_linear.value = marker.seconds, marker.bpm, marker.is_linear
        measure.value = bar
        beat.value = (ppq - float(meter.bar_start(bar))) / float(meter.beat_length(bar))
        numerator.value, denominator.value = marker.signature or (0, -1)
        return 1

    def host_TimeMap2_timeToQN(self, project, t):
        return self._project(project).maps()[0].ppq(t)

    def host_TimeMap_GetTimeSigAtTime(self, project, t, numerator, denominator, bpm):
        tempo, meter = self._project(project).maps()
        ppq = tempo.ppq(t)
        signature = meter.signature(meter.bar_at(ppq))
        numerator.value, denominator.value = signature.numerator, signature.denominator
        bpm.value = tempo.bpm(ppq)

    def host_TimeMap_GetMeasureInfo(
        self, project, measure, start, end, numerator, denominator, bpm
    ):
        tempo, meter = self._project(project).maps()
        signature = meter.signature(measure)
        start.value = float(meter.bar_start(measure))
        end.value = float(meter.bar_start(measure + 1))
        numerator.value, denominator.value = signature.numerator, signature.denominator
        bpm.value = tempo.bpm(start.value)
        return tempo.seconds(start.value)

    # ------------------------------------------------------------ functions: tracks, effects

    def host_CountTracks(self, project):
        return len(self._project(project).tracks)

    def host_GetTrack(self, project, index):
        tracks = self._project(project).tracks
        return self.address(tracks[index]) if 0 <= index < len(tracks) else 0

    def host_GetMasterTrack(self, project):
        return self.address(self._project(project).master)

    def host_GetTrackName(self, track, name, size):
        found = self.at(track)
        if found is None:
            return 0
        index = next((n for p in self.projects for n, t in enumerate(p.tracks, 1) if t is found), 0)
        name.value = found.name or (f"Track {index}" if index else "MASTER")
        return 1

    def host_IsTrackSelected(self, track):
        found = self.at(track)
        return found is not None and found.is_selected

    def host_InsertTrackAtIndex(self, index, with_defaults):
        self.project.tracks.insert(index, Track())
        self.project.changes += 1

    def host_GetSetMediaTrackInfo_String(self, track, name, value, is_set):
        assert (name, is_set) == ("P_NAME", 1)
        self.at(track).name = value.value
        return 1

    def host_TrackFX_GetCount(self, track):
        found = self.at(track)
        return len(found.effects) if found else 0

    def _effect(self, track, fx) -> Effect | None:
        found = self.at(track)
        return found.effects[fx] if found and 0 <= fx < len(found.effects) else None

    def _parameter(self, track, fx, index) -> Parameter | None:
        effect = self._effect(track, fx)
        return effect.parameters[index] if effect and 0 <= index < len(effect.parameters) else None

    def host_TrackFX_GetFXName(self, track, fx, name, size):
        effect = self._effect(track, fx)
        name.value = effect.name if effect else ""
        return effect is not None

    def host_TrackFX_GetNumParams(self, track, fx):
        effect = self._effect(track, fx)
        return len(effect.parameters) if effect else 0

    def host_TrackFX_GetParamName(self, track, fx, index, name, size):
        parameter = self._parameter(track, fx, index)
        name.value = parameter.name if parameter else ""
        return parameter is not None

    def host_TrackFX_GetParam(self, track, fx, index, low, high):
        parameter = self._parameter(track, fx, index)
        if parameter is None:
            return 0.0
        low.value, high.value = parameter.minimum, parameter.maximum
        return parameter.value

    def host_GetFXEnvelope(self, track, fx, index, create):
        assert not create
        parameter = self._parameter(track, fx, index)
        return self.address(parameter.envelope) if parameter else 0

    def host_CountEnvelopePoints(self, envelope):
        found = self.at(envelope)
        return len(found.points) if found else 0

    def host_CountAutomationItems(self, envelope):
        found = self.at(envelope)
        return found.automation_items if found else 0

    def host_GetEnvelopePoint(self, envelope, index, t, value, shape, tension, selected):
        found = self.at(envelope)
        if found is None or not 0 <= index < len(found.points):
            return 0
        point = sorted(found.points, key=lambda p: p.position)[index]
        t.value, value.value, tension.value = point.position, point.value, point.tension
        shape.value = SHAPES.index(point.shape)
        return 1

    def host_GetEnvelopeScalingMode(self, envelope):
        return 0

    def host_ScaleFromEnvelopeMode(self, mode, value):
        return value

    def host_GetSetEnvelopeInfo_String(self, envelope, name, value, is_set):
        assert (name, is_set) == ("ACTIVE", 0)
        found = self.at(envelope)
        if found is None:
            return 0
        value.value = str(int(found.is_active))
        return 1

    def host_Envelope_Evaluate(self, envelope, t, rate, n, value, d1, d2, d3):
        found = self.at(envelope)
        if found is None:
            return 0
        value.value = found.value(t)
        return n

    # ------------------------------------------------------------ functions: items

    def host_CountSelectedMediaItems(self, project):
        return sum(item.is_selected for item in self._project(project).items())

    def host_GetSelectedMediaItem(self, project, index):
        found = [item for item in self._project(project).items() if item.is_selected]
        return self.address(found[index]) if 0 <= index < len(found) else 0

    def host_GetActiveTake(self, item):
        found = self.at(item)
        return self.address(found.takes[0]) if found and found.takes else 0

    def host_GetMediaItem_Track(self, item):
        found = self.at(item)
        tracks = [track for project in self.projects for track in project.tracks]
        return self.address(next((t for t in tracks if found in t.items), None))

    def host_GetMediaItemInfo_Value(self, item, name):
        found = self.at(item)
        return found.values.get(name, 0.0) if found else 0.0

    def host_SetMediaItemInfo_Value(self, item, name, value):
        self.at(item).values[name] = value
        return 1

    def host_SetMediaItemPosition(self, item, position, refresh):
        return self.host_SetMediaItemInfo_Value(item, "D_POSITION", position)

    def host_SetMediaItemLength(self, item, length, refresh):
        return self.host_SetMediaItemInfo_Value(item, "D_LENGTH", length)

    def host_UpdateItemInProject(self, item):
        pass

    def host_GetMediaItemTakeInfo_Value(self, take, name):
        found = self.at(take)
        usual = {"D_PLAYRATE": 1.0, "B_PPITCH": 1.0}
        return found.values.get(name, usual.get(name, 0.0)) if found else 0.0

    def host_GetMediaItemTake_Source(self, take):
        found = self.at(take)
        return self.address(found.source) if found else 0

    def host_GetTakeName(self, take):
        found = self.at(take)
        return found.name if found else ""

    def host_GetTakeNumStretchMarkers(self, take):
        found = self.at(take)
        return found.stretch_markers if found else 0

    def host_TakeIsMIDI(self, take):
        found = self.at(take)
        return bool(found and found.source and found.source.kind == "MIDI")

    def host_GetSetMediaItemTakeInfo_String(self, take, name, value, is_set):
        assert (name, is_set) == ("P_NAME", 1)
        self.at(take).name = value.value
        return 1

    def host_GetMediaSourceFileName(self, source, name, size):
        found = self.at(source)
        name.value = found.file if found else ""

    def host_GetMediaSourceType(self, source, name, size):
        found = self.at(source)
        name.value = found.kind if found else ""

    def host_GetMediaSourceNumChannels(self, source):
        found = self.at(source)
        return found.channels if found else 0

    def host_GetMediaSourceLength(self, source, is_qn):
        found = self.at(source)
        if found is None:
            return 0.0
        is_qn.value = found.length_is_qn
        return found.length

    def host_AddMediaItemToTrack(self, track):
        item = Item(values={"D_POSITION": 0.0, "D_LENGTH": 0.0, "B_LOOPSRC": 1.0})
        item.values |= {"D_FADEINLEN": 0.01, "D_FADEOUTLEN": 0.01, "C_BEATATTACHMODE": -1.0}
        self.at(track).items.append(item)
        self.project.changes += 1
        return self.address(item)

    def host_DeleteTrackMediaItem(self, track, item):
        self.at(track).items.remove(self.at(item))
        self.project.changes += 1
        return 1

    def host_AddTakeToMediaItem(self, item):
        take = Take()
        self.at(item).takes.append(take)
        return self.address(take)

    def host_PCM_Source_CreateFromFile(self, path):
        if not Path(path).is_file():
            return 0
        source = source_of(path)
        self.loose.append(source)
        return self.address(source)

    def host_SetMediaItemTake_Source(self, take, source):
        self.at(take).source = self.at(source)
        self.loose.remove(self.at(source))
        return 1

    # ------------------------------------------------------------ functions: MIDI and samples

    def _notes(self, take) -> list[Note]:
        found = self.at(take)
        return found.source.notes if found and found.source else []

    def host_MIDI_CountEvts(self, take, notes, controls, texts):
        notes.value = len(self._notes(take))
        return notes.value

    def host_MIDI_GetNote(self, take, index, selected, muted, start, end, channel, pitch, velocity):
        notes = self._notes(take)
        if not 0 <= index < len(notes):
            return 0
        note = notes[index]
        muted.value, start.value, end.value = note.is_muted, note.start, note.end
        channel.value, pitch.value, velocity.value = note.channel, note.pitch, note.velocity
        return 1

    def host_MIDI_GetProjQNFromPPQPos(self, take, ppq):
        found = self.at(take)
        for project in self.projects:
            for item in project.items():
                if found in item.takes:
                    offset_s = found.values.get("D_STARTOFFS", 0.0)
                    return project.maps()[0].ppq(item.start - offset_s) + ppq / 960
        return 0.0

    def host_CreateTakeAudioAccessor(self, take):
        found = self.at(take)
        if found is None:
            return 0
        self.readers.append(Reader(found))
        return self.address(self.readers[-1])

    def host_DestroyAudioAccessor(self, accessor):
        reader = self.at(accessor)
        if reader is not None:
            reader.is_open = False

    def host_GetAudioAccessorStartTime(self, accessor):
        return 0.0

    def host_GetAudioAccessorEndTime(self, accessor):
        reader = self.at(accessor)
        take = reader.take if reader else None
        return 0.0 if take is None or take.sound is None else len(take.sound) / take.sound_rate

    def accessor_samples(self, accessor, rate, channels, start, frames):
        """State, and interleaved samples."""
        reader = self.at(accessor)
        if reader is None or not reader.is_open:
            return -1, []
        take = reader.take
        if take.sound is None:
            return 0, []
        assert take.sound_rate == rate, "this double doesn't resample"
        first = round(start * rate)
        piece = np.zeros((frames, channels))
        heard = take.sound[first : first + frames]
        piece[: len(heard)] = heard[:, :channels]
        return 1, piece.reshape(-1).tolist()


def source_of(path: str | Path) -> Source:
    """A file as REAPER takes it."""
    info = soundfile.info(str(path))
    return Source(str(path), "WAVE", info.channels, info.frames / info.samplerate)


def audio_item(path: str | Path, start: float, length: float | None = None, **values) -> Item:
    """A selected item that plays a file."""
    source = source_of(path)
    take = Take(source, Path(path).name, dict(values))
    length = source.length if length is None else length
    return Item([take], {"D_POSITION": start, "D_LENGTH": length}, is_selected=True)


def _copy(track: Track) -> Track:
    return Track(track.name, track.effects, list(track.items), track.is_selected)


def _code(code: object) -> str:
    """REAPER takes a string, and nothing else."""
    if not isinstance(code, str):
        raise TypeError(f"RPR_defer takes code as a string, not {type(code).__name__}")
    return code
