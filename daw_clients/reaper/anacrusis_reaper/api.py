"""REAPER's functions, typed: the one file that names them.

What the binding does (read in REAPER's own ``reaper_python.py``): pointers are strings, null
included; every out-parameter is given a placeholder of its own type; the result is a tuple of the
return value, all arguments, and the out-values in their places; a pointer that is no longer valid
becomes null without a word. So handles are checked here, and results are read by place here only.

Main thread. Each function is one call of REAPER's, or a loop of them; nothing waits.
"""
# ruff: noqa: N802, D102 - REAPER's own names, in a list of prototypes

from __future__ import annotations

import importlib
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Iterator, Protocol, Sequence, Union, cast

from .handles import Accessor, Envelope, H, Handle, Item, Project, Source, Take, Track, handle_of
from .refusal import RefusedError
from .tempo_markers import Marker, ProjectTempo, quarter_bpm

SECTION = "anacrusis"
BUILD_PEAKS = 40047  # the action "Peaks: Build any missing peaks"
_ROOM = 4096  # bytes for a text that REAPER fills in
_MUCH_ROOM = 1 << 20
_EVERYTHING = -1  # of an undo step: all that can have changed
_PLAYING, _PAUSED, _RECORDING = 1, 2, 4
_ENVELOPE_RATE_HZ = 25.0
_SQUARE = 1  # of a point's shape

Pointer = Union[str, int]
"""A handle's text; 0 is the project in front."""


class Binding(Protocol):
    """The functions used, as ``reaper_python`` has them."""

    def RPR_AddMediaItemToTrack(self, track: str) -> str: ...
    def RPR_AddTakeToMediaItem(self, item: str) -> str: ...
    def RPR_APIExists(self, name: str) -> int: ...
    def RPR_CountAutomationItems(self, envelope: str) -> int: ...
    def RPR_CountEnvelopePoints(self, envelope: str) -> int: ...
    def RPR_CountSelectedMediaItems(self, project: Pointer) -> int: ...
    def RPR_CountTempoTimeSigMarkers(self, project: Pointer) -> int: ...
    def RPR_CountTracks(self, project: Pointer) -> int: ...
    def RPR_CreateTakeAudioAccessor(self, take: str) -> str: ...
    def RPR_DeleteTrackMediaItem(self, track: str, item: str) -> int: ...
    def RPR_DestroyAudioAccessor(self, accessor: str) -> None: ...
    def RPR_EnumProjects(self, index: int, name: str, size: int) -> tuple[str, int, str, int]: ...
    def RPR_Envelope_Evaluate(
        self,
        envelope: str,
        t: float,
        rate: float,
        n: int,
        v: float,
        d: float,
        dd: float,
        ddd: float,
    ) -> tuple[int, str, float, float, int, float, float, float, float]: ...
    def RPR_GetActiveTake(self, item: str) -> str: ...
    def RPR_GetAppVersion(self) -> str: ...
    def RPR_GetAudioAccessorEndTime(self, accessor: str) -> float: ...
    def RPR_GetAudioAccessorStartTime(self, accessor: str) -> float: ...
    def RPR_GetAudioAccessorSamples(
        self, accessor: str, rate: int, channels: int, start: float, frames: int, out: list[float]
    ) -> tuple[int, list[float]]: ...
    def RPR_GetAudioDeviceInfo(
        self, name: str, value: str, size: int
    ) -> tuple[int, str, str, int]: ...
    def RPR_GetCursorPositionEx(self, project: Pointer) -> float: ...
    def RPR_GetEnvelopePoint(
        self, envelope: str, index: int, t: float, value: float, shape: int, tension: float,
        selected: int,
    ) -> tuple[int, str, int, float, float, int, float, int]: ...  # fmt: skip
    def RPR_GetEnvelopeScalingMode(self, envelope: str) -> int: ...
    def RPR_GetExtState(self, section: str, key: str) -> str: ...
    def RPR_GetFXEnvelope(self, track: str, fx: int, parameter: int, create: int) -> str: ...
    def RPR_GetMasterTrack(self, project: Pointer) -> str: ...
    def RPR_GetMediaItem_Track(self, item: str) -> str: ...
    def RPR_GetMediaItemInfo_Value(self, item: str, name: str) -> float: ...
    def RPR_GetMediaItemTake_Source(self, take: str) -> str: ...
    def RPR_GetMediaItemTakeInfo_Value(self, take: str, name: str) -> float: ...
    def RPR_GetMediaSourceFileName(
        self, source: str, name: str, size: int
    ) -> tuple[str, str, int]: ...
    def RPR_GetMediaSourceLength(self, source: str, is_qn: int) -> tuple[float, str, int]: ...
    def RPR_GetMediaSourceNumChannels(self, source: str) -> int: ...
    def RPR_GetMediaSourceType(self, source: str, name: str, size: int) -> tuple[str, str, int]: ...
    def RPR_GetPlayPosition2Ex(self, project: Pointer) -> float: ...
    def RPR_GetPlayStateEx(self, project: Pointer) -> int: ...
    def RPR_GetProjectLength(self, project: Pointer) -> float: ...
    def RPR_GetProjectPathEx(
        self, project: Pointer, path: str, size: int
    ) -> tuple[Pointer, str, int]: ...
    def RPR_GetProjectStateChangeCount(self, project: Pointer) -> int: ...
    def RPR_GetProjectTimeSignature2(
        self, project: Pointer, bpm: float, beats: float
    ) -> tuple[Pointer, float, float]: ...
    def RPR_GetProjExtState(
        self, project: Pointer, section: str, key: str, value: str, size: int
    ) -> tuple[int, Pointer, str, str, str, int]: ...
    def RPR_GetResourcePath(self) -> str: ...
    def RPR_GetSelectedMediaItem(self, project: Pointer, index: int) -> str: ...
    def RPR_GetSet_LoopTimeRange2(
        self, project: Pointer, is_set: int, is_loop: int, start: float, end: float, seek: int
    ) -> tuple[Pointer, int, int, float, float, int]: ...
    def RPR_GetSetEnvelopeInfo_String(
        self, envelope: str, name: str, value: str, is_set: int
    ) -> tuple[int, str, str, str, int]: ...
    def RPR_GetSetMediaItemTakeInfo_String(
        self, take: str, name: str, value: str, is_set: int
    ) -> tuple[int, str, str, str, int]: ...
    def RPR_GetSetMediaTrackInfo_String(
        self, track: str, name: str, value: str, is_set: int
    ) -> tuple[int, str, str, str, int]: ...
    def RPR_GetSetProjectInfo(
        self, project: Pointer, name: str, value: float, is_set: int
    ) -> float: ...
    def RPR_GetSetRepeatEx(self, project: Pointer, value: int) -> int: ...
    def RPR_GetTakeName(self, take: str) -> str: ...
    def RPR_GetTakeNumStretchMarkers(self, take: str) -> int: ...
    def RPR_GetTempoTimeSigMarker(
        self, project: Pointer, index: int, t: float, m: int, b: float, bpm: float,
        numerator: int, denominator: int, is_linear: int,
    ) -> tuple[int, Pointer, int, float, int, float, float, int, int, int]: ...  # fmt: skip
    def RPR_GetTrack(self, project: Pointer, index: int) -> str: ...
    def RPR_GetTrackName(self, track: str, name: str, size: int) -> tuple[int, str, str, int]: ...
    def RPR_GetUserInputs(
        self, title: str, count: int, captions: str, values: str, size: int
    ) -> tuple[int, str, int, str, str, int]: ...
    def RPR_InsertTrackAtIndex(self, index: int, with_defaults: int) -> None: ...
    def RPR_IsTrackSelected(self, track: str) -> int: ...
    def RPR_Main_OnCommandEx(self, command: int, flag: int, project: Pointer) -> None: ...
    def RPR_Master_GetPlayRate(self, project: Pointer) -> float: ...
    def RPR_MIDI_CountEvts(
        self, take: str, notes: int, controls: int, texts: int
    ) -> tuple[int, str, int, int, int]: ...
    def RPR_MIDI_GetNote(
        self, take: str, index: int, selected: int, muted: int, start: float, end: float,
        channel: int, pitch: int, velocity: int,
    ) -> tuple[int, str, int, int, int, float, float, int, int, int]: ...  # fmt: skip
    def RPR_MIDI_GetProjQNFromPPQPos(self, take: str, ppq: float) -> float: ...
    def RPR_PCM_Source_CreateFromFile(self, path: str) -> str: ...
    def RPR_PreventUIRefresh(self, change: int) -> None: ...
    def RPR_ScaleFromEnvelopeMode(self, mode: int, value: float) -> float: ...
    def RPR_SelectProjectInstance(self, project: Pointer) -> None: ...
    def RPR_SetExtState(self, section: str, key: str, value: str, persist: int) -> None: ...
    def RPR_SetMediaItemInfo_Value(self, item: str, name: str, value: float) -> int: ...
    def RPR_SetMediaItemLength(self, item: str, length: float, refresh: int) -> int: ...
    def RPR_SetMediaItemPosition(self, item: str, position: float, refresh: int) -> int: ...
    def RPR_SetMediaItemTake_Source(self, take: str, source: str) -> int: ...
    def RPR_SetProjExtState(self, project: Pointer, section: str, key: str, value: str) -> int: ...
    def RPR_ShowConsoleMsg(self, text: str) -> None: ...
    def RPR_TakeIsMIDI(self, take: str) -> int: ...
    def RPR_time_precise(self) -> float: ...
    def RPR_TimeMap2_timeToQN(self, project: Pointer, t: float) -> float: ...
    def RPR_TimeMap_GetMeasureInfo(
        self, project: Pointer, measure: int, start: float, end: float,
        numerator: int, denominator: int, bpm: float,
    ) -> tuple[float, Pointer, int, float, float, int, int, float]: ...  # fmt: skip
    def RPR_TimeMap_GetTimeSigAtTime(
        self, project: Pointer, t: float, numerator: int, denominator: int, bpm: float
    ) -> tuple[Pointer, float, int, int, float]: ...
    def RPR_TrackFX_GetCount(self, track: str) -> int: ...
    def RPR_TrackFX_GetFXName(
        self, track: str, fx: int, name: str, size: int
    ) -> tuple[int, str, int, str, int]: ...
    def RPR_TrackFX_GetNumParams(self, track: str, fx: int) -> int: ...
    def RPR_TrackFX_GetParam(
        self, track: str, fx: int, parameter: int, low: float, high: float
    ) -> tuple[float, str, int, int, float, float]: ...
    def RPR_TrackFX_GetParamName(
        self, track: str, fx: int, parameter: int, name: str, size: int
    ) -> tuple[int, str, int, int, str, int]: ...
    def RPR_Undo_BeginBlock2(self, project: Pointer) -> None: ...
    def RPR_Undo_EndBlock2(self, project: Pointer, name: str, flags: int) -> None: ...
    def RPR_UpdateArrange(self) -> None: ...
    def RPR_UpdateItemInProject(self, item: str) -> None: ...
    def RPR_ValidatePtr2(self, project: Pointer, pointer: str, kind: str) -> int: ...


class Main(Protocol):
    """What REAPER puts into the script's own namespace, and nowhere else."""

    def RPR_defer(self, code: str) -> None: ...
    def RPR_atexit(self, code: str) -> None: ...


@dataclass(frozen=True)
class Transport:
    """Where the host is; seconds of song. The loop counts where ``is_looping``."""

    seconds: float
    is_playing: bool
    is_recording: bool
    is_looping: bool
    loop_start_s: float
    loop_end_s: float
    play_rate: float


@dataclass(frozen=True)
class FxParameter:
    """One parameter of an effect, with the range of its values."""

    index: int
    name: str
    value: float
    minimum: float
    maximum: float


@dataclass(frozen=True)
class Knot:
    """A point of an envelope; ``holds``: its value stays up to the next one, and jumps there."""

    seconds: float
    value: float
    holds: bool


@dataclass(frozen=True)
class ItemPlace:
    """Where an item lies, in seconds of song."""

    start_s: float
    length_s: float


@dataclass(frozen=True)
class TakeFacts:
    """What a take plays, and how. Offset and length are seconds of the source.

    ``file`` is empty where there is none; ``kind`` is REAPER's word for the source (``WAVE``).
    """

    name: str
    is_midi: bool
    file: str
    kind: str
    channels: int
    offset_s: float
    source_s: float
    play_rate: float
    keeps_pitch: bool
    pitch: float
    loops: bool
    stretch_markers: int
    channel_mode: int


@dataclass(frozen=True)
class MidiNote:
    """A note of a take, in quarter notes of the song."""

    start_ppq: float
    end_ppq: float
    channel: int
    pitch: int
    velocity: int
    is_muted: bool


class Api:
    """See the module. Handles that name nothing any more are refused with ``GONE``."""

    def __init__(self, binding: Binding, main: Main) -> None:
        self._r = binding
        self._main = main
        self._scope: Pointer = 0

    @classmethod
    def here(cls) -> Api:
        """REAPER's, in the script that runs."""
        binding = importlib.import_module("reaper_python")
        return cls(cast(Binding, binding), cast(Main, sys.modules["__main__"]))

    def raw(self, name: str, *arguments: Any) -> Any:
        """What a function gives as it is, by its name without the prefix; for the self-test."""
        return getattr(self._r, "RPR_" + name)(*arguments)

    # ------------------------------------------------------------ the program

    def later(self, code: str) -> None:
        """Runs ``code`` in the script's namespace at the next tick (about 30 a second)."""
        self._main.RPR_defer(code)

    def at_exit(self, code: str) -> None:
        """Runs ``code`` when the script ends, or is ended."""
        self._main.RPR_atexit(code)

    def now_s(self) -> float:
        """REAPER's own clock."""
        return float(self._r.RPR_time_precise())

    def version(self) -> str:
        """Such as ``7.16/linux-x86_64``."""
        return self._r.RPR_GetAppVersion()

    def has(self, function: str) -> bool:
        """Whether this REAPER has a function, by its name without the prefix."""
        return bool(self._r.RPR_APIExists(function))

    def resource_path(self) -> str:
        """Where this REAPER keeps its settings."""
        return self._r.RPR_GetResourcePath()

    def say(self, line: str) -> None:
        """A line in the console."""
        self._r.RPR_ShowConsoleMsg(line + "\n")

    def state(self, key: str) -> str:
        """What was kept for this key; empty where nothing was."""
        return self._r.RPR_GetExtState(SECTION, key)

    def keep_state(self, key: str, value: str, *, for_good: bool = False) -> None:
        """Keeps a text until REAPER ends, or ``for_good``."""
        self._r.RPR_SetExtState(SECTION, key, value, int(for_good))

    def ask_user(self, title: str, captions: Sequence[str], values: Sequence[str]) -> list[str]:
        """A dialog of text fields; empty where it was cancelled. Blocks REAPER while it is open."""
        sheet = ",".join([*captions, "extrawidth=240", "separator=|"])
        found = self._r.RPR_GetUserInputs(title, len(captions), sheet, "|".join(values), _MUCH_ROOM)
        return found[4].split("|") if found[0] else []

    # ------------------------------------------------------------ projects

    def bind(self, project: Project) -> None:
        """From now on handles are looked for in this project, whichever is in front."""
        self._scope = project.text

    def project(self) -> Project:
        """The one in front."""
        found = handle_of(Project, self._r.RPR_EnumProjects(-1, "", _ROOM)[0])
        if found is None:
            raise RefusedError("GONE", "project", "There is no project.")
        return found

    def project_file(self, project: Project) -> str:
        """Its file; empty where it was never saved, or where it is no open project."""
        index = 0
        while True:
            text, _, path, _ = self._r.RPR_EnumProjects(index, "", _ROOM)
            found = handle_of(Project, text)
            if found is None or found == project:
                return path if found else ""
            index += 1

    def is_open(self, project: Project) -> bool:
        """Whether it is still there."""
        return bool(self._r.RPR_ValidatePtr2(0, project.text, project.kind))

    def bring_to_front(self, project: Project) -> None:
        """Shows its tab, if another one is shown."""
        if self.project() != project:
            self._r.RPR_SelectProjectInstance(project.text)

    def change_count(self, project: Project) -> int:
        """Another number after every edit."""
        return self._r.RPR_GetProjectStateChangeCount(project.text)

    def media_folder(self, project: Project) -> str:
        """Where it records to."""
        return self._r.RPR_GetProjectPathEx(project.text, "", _ROOM)[1]

    def length_s(self, project: Project) -> float:
        """Up to the end of what lies last in it."""
        return self._r.RPR_GetProjectLength(project.text)

    def rate_hz(self, project: Project) -> int:
        """Its own sample rate, else the audio device's; 0 where neither is known."""
        if self._r.RPR_GetSetProjectInfo(project.text, "PROJECT_SRATE_USE", 0.0, 0):
            return round(self._r.RPR_GetSetProjectInfo(project.text, "PROJECT_SRATE", 0.0, 0))
        found = self._r.RPR_GetAudioDeviceInfo("SRATE", "", _ROOM)
        return int(found[2]) if found[0] and found[2].isdigit() else 0

    def project_state(self, project: Project, key: str) -> str:
        """What the project keeps for this key."""
        found = self._r.RPR_GetProjExtState(project.text, SECTION, key, "", _MUCH_ROOM)
        return found[4] if found[0] else ""

    def keep_project_state(self, project: Project, key: str, value: str) -> None:
        """Keeps a text in the project."""
        self._r.RPR_SetProjExtState(project.text, SECTION, key, value)

    # ------------------------------------------------------------ time

    def transport(self, project: Project) -> Transport:
        """Where it is: the next block to be played, or the edit cursor while it stands."""
        r, p = self._r, project.text
        bits = r.RPR_GetPlayStateEx(p)
        is_playing = bool(bits & (_PLAYING | _RECORDING)) and not bits & _PAUSED
        stands = not bits & (_PLAYING | _RECORDING | _PAUSED)
        loop = r.RPR_GetSet_LoopTimeRange2(p, 0, 1, 0.0, 0.0, 0)
        repeats = r.RPR_GetSetRepeatEx(p, -1) == 1
        return Transport(
            seconds=r.RPR_GetCursorPositionEx(p) if stands else r.RPR_GetPlayPosition2Ex(p),
            is_playing=is_playing,
            is_recording=bool(bits & _RECORDING),
            is_looping=repeats and loop[4] > loop[3],
            loop_start_s=loop[3],
            loop_end_s=loop[4],
            play_rate=r.RPR_Master_GetPlayRate(p),
        )

    def time_selection(self, project: Project) -> tuple[float, float]:
        """From where to where, in seconds; both the same where there is none."""
        found = self._r.RPR_GetSet_LoopTimeRange2(project.text, 0, 0, 0.0, 0.0, 0)
        return found[3], found[4]

    def project_tempo(self, project: Project) -> ProjectTempo:
        """The tempo up to the first marker, and the signature at the song's start."""
        bpm = self._r.RPR_GetProjectTimeSignature2(project.text, 0.0, 0.0)[1]
        found = self._r.RPR_TimeMap_GetTimeSigAtTime(project.text, 0.0, 0, 0, 0.0)
        numerator, denominator = found[2], found[3]
        return ProjectTempo(quarter_bpm(bpm, denominator), numerator, denominator)

    def tempo_markers(self, project: Project) -> list[Marker]:
        """All of them, in order."""
        found: list[Marker] = []
        for index in range(self._r.RPR_CountTempoTimeSigMarkers(project.text)):
            t = self._r.RPR_GetTempoTimeSigMarker(project.text, index, 0.0, 0, 0.0, 0.0, 0, 0, 0)
            if t[0]:
                found.append(Marker(t[3], t[6], max(t[7], 0), max(t[8], 0), bool(t[9])))
        return found

    def ppq(self, project: Project, seconds: float) -> float:
        """Quarter notes at a second, as REAPER has them."""
        return self._r.RPR_TimeMap2_timeToQN(project.text, seconds)

    def bar_ppq(self, project: Project, bar: int) -> float:
        """Quarter notes at a bar line (bars from 0), as REAPER has them."""
        return self._r.RPR_TimeMap_GetMeasureInfo(project.text, bar, 0.0, 0.0, 0, 0, 0.0)[3]

    # ------------------------------------------------------------ tracks, effects, envelopes

    def tracks(self, project: Project) -> list[Track]:
        """All of them in order, selected ones first; the master comes last."""
        texts = [
            self._r.RPR_GetTrack(project.text, index)
            for index in range(self._r.RPR_CountTracks(project.text))
        ]
        found = [track for track in (handle_of(Track, text) for text in texts) if track]
        found.sort(key=lambda track: not self._r.RPR_IsTrackSelected(track.text))
        master = handle_of(Track, self._r.RPR_GetMasterTrack(project.text))
        return [*found, master] if master else found

    def track_name(self, track: Track) -> str:
        """Its name, or ``Track 3``."""
        return self._r.RPR_GetTrackName(self._live(track), "", _ROOM)[2]

    def effect_names(self, track: Track) -> list[str]:
        """Of a track's chain, in order."""
        text = self._live(track)
        count = self._r.RPR_TrackFX_GetCount(text)
        return [self._r.RPR_TrackFX_GetFXName(text, fx, "", _ROOM)[3] for fx in range(count)]

    def effect_parameters(self, track: Track, fx: int) -> list[FxParameter]:
        """Of an effect, with their present values."""
        text = self._live(track)
        found: list[FxParameter] = []
        for index in range(self._r.RPR_TrackFX_GetNumParams(text, fx)):
            name = self._r.RPR_TrackFX_GetParamName(text, fx, index, "", _ROOM)[4]
            t = self._r.RPR_TrackFX_GetParam(text, fx, index, 0.0, 0.0)
            found.append(FxParameter(index, name, t[0], t[4], t[5]))
        return found

    def effect_envelope(self, track: Track, fx: int, parameter: int) -> Envelope | None:
        """A parameter's envelope, if it has one that is switched on and holds anything."""
        text = self._r.RPR_GetFXEnvelope(self._live(track), fx, parameter, 0)
        found = handle_of(Envelope, text)
        if found is None:
            return None
        holds = self._r.RPR_CountEnvelopePoints(found.text)
        holds += self._r.RPR_CountAutomationItems(found.text)
        return found if holds and self._is_active(found) else None

    def envelope_values(self, envelope: Envelope, seconds: Sequence[float]) -> list[float]:
        """The envelope's value at each moment, in its parameter's own range."""
        text = self._live(envelope)
        mode = self._r.RPR_GetEnvelopeScalingMode(text)
        evaluate, scale = self._r.RPR_Envelope_Evaluate, self._r.RPR_ScaleFromEnvelopeMode
        raw = [evaluate(text, at, _ENVELOPE_RATE_HZ, 1, 0.0, 0.0, 0.0, 0.0)[5] for at in seconds]
        return [scale(mode, value) for value in raw] if mode else raw

    def envelope_knots(self, envelope: Envelope) -> list[Knot]:
        """The envelope's own points, in order; none where automation items lie over them."""
        text = self._live(envelope)
        if self._r.RPR_CountAutomationItems(text):
            return []
        mode = self._r.RPR_GetEnvelopeScalingMode(text)
        found: list[Knot] = []
        for index in range(self._r.RPR_CountEnvelopePoints(text)):
            t = self._r.RPR_GetEnvelopePoint(text, index, 0.0, 0.0, 0, 0.0, 0)
            value = self._r.RPR_ScaleFromEnvelopeMode(mode, t[4]) if mode else t[4]
            if t[0]:
                found.append(Knot(t[3], value, t[5] == _SQUARE))
        return found

    def _is_active(self, envelope: Envelope) -> bool:
        if not self.has("GetSetEnvelopeInfo_String"):
            return True
        found = self._r.RPR_GetSetEnvelopeInfo_String(envelope.text, "ACTIVE", "", 0)
        return not found[0] or found[3] != "0"

    # ------------------------------------------------------------ items

    def selected_items(self, project: Project) -> list[Item]:
        """Those selected."""
        count = self._r.RPR_CountSelectedMediaItems(project.text)
        texts = [self._r.RPR_GetSelectedMediaItem(project.text, index) for index in range(count)]
        return [item for item in (handle_of(Item, text) for text in texts) if item]

    def item_place(self, item: Item) -> ItemPlace:
        """Where it lies."""
        text = self._live(item)
        start_s = self._r.RPR_GetMediaItemInfo_Value(text, "D_POSITION")
        return ItemPlace(start_s, self._r.RPR_GetMediaItemInfo_Value(text, "D_LENGTH"))

    def active_take(self, item: Item) -> Take:
        """The take that is heard. RefusedError ``GONE`` for an empty item."""
        found = handle_of(Take, self._r.RPR_GetActiveTake(self._live(item)))
        if found is None:
            raise RefusedError("GONE", "item", "The item is empty: it has no take.")
        return found

    def take_facts(self, item: Item, take: Take) -> TakeFacts:
        """What the take plays, and how."""
        r, text = self._r, self._live(take)
        source = handle_of(Source, r.RPR_GetMediaItemTake_Source(text))
        value = r.RPR_GetMediaItemTakeInfo_Value
        return TakeFacts(
            name=r.RPR_GetTakeName(text),
            is_midi=bool(r.RPR_TakeIsMIDI(text)),
            file=r.RPR_GetMediaSourceFileName(source.text, "", _ROOM)[1] if source else "",
            kind=r.RPR_GetMediaSourceType(source.text, "", _ROOM)[1] if source else "",
            channels=r.RPR_GetMediaSourceNumChannels(source.text) if source else 0,
            offset_s=value(text, "D_STARTOFFS"),
            source_s=r.RPR_GetMediaSourceLength(source.text, 0)[0] if source else 0.0,
            play_rate=value(text, "D_PLAYRATE"),
            keeps_pitch=bool(value(text, "B_PPITCH")),
            pitch=value(text, "D_PITCH"),
            loops=bool(r.RPR_GetMediaItemInfo_Value(self._live(item), "B_LOOPSRC")),
            stretch_markers=r.RPR_GetTakeNumStretchMarkers(text),
            channel_mode=round(value(text, "I_CHANMODE")),
        )

    def midi_notes(self, take: Take) -> list[MidiNote]:
        """The notes of a MIDI take's source, one pass of it."""
        text = self._live(take)
        to_song = self._r.RPR_MIDI_GetProjQNFromPPQPos
        found: list[MidiNote] = []
        for index in range(self._r.RPR_MIDI_CountEvts(text, 0, 0, 0)[2]):
            t = self._r.RPR_MIDI_GetNote(text, index, 0, 0, 0.0, 0.0, 0, 0, 0)
            start_ppq, end_ppq = to_song(text, t[5]), to_song(text, t[6])
            found.append(MidiNote(start_ppq, end_ppq, t[7], t[8], t[9], bool(t[4])))
        return found

    def midi_length_ppq(self, take: Take) -> float:
        """How long one pass of a MIDI take's source is; 0 where REAPER gives no quarter notes."""
        source = handle_of(Source, self._r.RPR_GetMediaItemTake_Source(self._live(take)))
        if source is None:
            return 0.0
        length, _, is_qn = self._r.RPR_GetMediaSourceLength(source.text, 0)
        return length if is_qn else 0.0

    @contextmanager
    def samples(self, take: Take) -> Iterator[Samples]:
        """Reads a take's sound, before its effects. What was opened is closed whatever happens."""
        accessor = handle_of(Accessor, self._r.RPR_CreateTakeAudioAccessor(self._live(take)))
        if accessor is None:
            raise RefusedError("GONE", "item", "REAPER gives no samples of this take.")
        try:
            yield Samples(self._r, accessor)
        finally:
            self._r.RPR_DestroyAudioAccessor(accessor.text)

    # ------------------------------------------------------------ edits

    @contextmanager
    def one_undo_step(self, project: Project, name: str) -> Iterator[None]:
        """Everything inside is one step of undo; not to be held over a tick."""
        self._r.RPR_Undo_BeginBlock2(project.text)
        self._r.RPR_PreventUIRefresh(1)
        try:
            yield
        finally:
            self._r.RPR_PreventUIRefresh(-1)
            self._r.RPR_Undo_EndBlock2(project.text, name, _EVERYTHING)
            self._r.RPR_UpdateArrange()

    def add_track(self, project: Project, name: str) -> Track:
        """A new last track. REAPER adds tracks to the project in front only: this one is brought
        there for it, and the one that was there comes back."""
        in_front = self.project()
        self.bring_to_front(project)
        index = self._r.RPR_CountTracks(project.text)
        self._r.RPR_InsertTrackAtIndex(index, 0)
        self.bring_to_front(in_front)
        found = handle_of(Track, self._r.RPR_GetTrack(project.text, index))
        if found is None:
            raise RefusedError("GONE", "track", "REAPER made no track.")
        self._r.RPR_GetSetMediaTrackInfo_String(found.text, "P_NAME", name, 1)
        return found

    def is_there(self, handle: Handle) -> bool:
        """Whether what a handle names still exists."""
        return bool(self._r.RPR_ValidatePtr2(self._scope, handle.text, handle.kind))

    def add_file(self, track: Track, path: str, start_s: float, length_s: float, name: str) -> Item:
        """A file as a new item, without fades, in a place that no tempo edit moves or stretches."""
        r = self._r
        source = self._made(Source, r.RPR_PCM_Source_CreateFromFile(path), path)
        item = self._made(Item, r.RPR_AddMediaItemToTrack(self._live(track)), path)
        take = self._made(Take, r.RPR_AddTakeToMediaItem(item.text), path)
        r.RPR_SetMediaItemTake_Source(take.text, source.text)
        r.RPR_SetMediaItemPosition(item.text, start_s, 0)
        r.RPR_SetMediaItemLength(item.text, length_s, 0)
        for setting in ("D_FADEINLEN", "D_FADEOUTLEN", "C_BEATATTACHMODE", "B_LOOPSRC"):
            r.RPR_SetMediaItemInfo_Value(item.text, setting, 0.0)
        r.RPR_GetSetMediaItemTakeInfo_String(take.text, "P_NAME", name, 1)
        r.RPR_UpdateItemInProject(item.text)
        return item

    def remove_item(self, track: Track, item: Item) -> None:
        """Deletes an item, if it is still there."""
        if self.is_there(track) and self.is_there(item):
            self._r.RPR_DeleteTrackMediaItem(track.text, item.text)

    def build_peaks(self, project: Project) -> None:
        """Draws the waves of what was added."""
        self._r.RPR_Main_OnCommandEx(BUILD_PEAKS, 0, project.text)

    # ------------------------------------------------------------ inside

    def _live(self, handle: Handle) -> str:
        if not self.is_there(handle):
            words = f"The {handle.word} is not there any more: select it again."
            raise RefusedError("GONE", handle.word, words)
        return handle.text

    @staticmethod
    def _made(kind: type[H], text: str, path: str) -> H:
        found = handle_of(kind, text)
        if found is None:
            raise RefusedError("FILE_BROKEN", "path", f"REAPER can't use {path}.")
        return found


class Samples:
    """An open reader of a take's sound; times are seconds from the item's start."""

    def __init__(self, binding: Binding, accessor: Accessor) -> None:
        self._r, self._accessor = binding, accessor

    def length_s(self) -> float:
        """How much there is."""
        start_s = self._r.RPR_GetAudioAccessorStartTime(self._accessor.text)
        return self._r.RPR_GetAudioAccessorEndTime(self._accessor.text) - start_s

    def read(self, rate_hz: int, channels: int, start_s: float, frames: int) -> list[float]:
        """Interleaved samples; silence where the take has none. RefusedError where it fails."""
        first_s = self._r.RPR_GetAudioAccessorStartTime(self._accessor.text)
        room = [0.0] * (frames * channels)
        state, found = self._r.RPR_GetAudioAccessorSamples(
            self._accessor.text, rate_hz, channels, first_s + start_s, frames, room
        )
        if state < 0:
            raise RefusedError("FILE_BROKEN", "item", "REAPER could not read the item's sound.")
        return found if state else [0.0] * (frames * channels)
