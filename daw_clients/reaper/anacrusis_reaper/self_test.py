"""Writes down what REAPER's functions really return, for comparison with what the tests assume.

Reads the project in front and changes nothing. The file holds names of tracks, effects and files.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Tuple

from . import VERSION
from .api import Api

FILE_NAME = "anacrusis_self_test.json"
_SIZE = 4096

Call = Tuple[str, Tuple[Any, ...]]

FIXED: tuple[Call, ...] = (
    ("GetAppVersion", ()),
    ("APIExists", ("GetSetEnvelopeInfo_String",)),
    ("EnumProjects", (-1, "", _SIZE)),
    ("GetProjectStateChangeCount", (0,)),
    ("GetProjectPathEx", (0, "", _SIZE)),
    ("GetProjectLength", (0,)),
    ("GetSetProjectInfo", (0, "PROJECT_SRATE_USE", 0.0, 0)),
    ("GetSetProjectInfo", (0, "PROJECT_SRATE", 0.0, 0)),
    ("GetAudioDeviceInfo", ("SRATE", "", _SIZE)),
    ("GetProjExtState", (0, "anacrusis", "settings", "", _SIZE)),
    ("GetExtState", ("anacrusis", "port")),
    ("GetPlayStateEx", (0,)),
    ("GetPlayPosition2Ex", (0,)),
    ("GetCursorPositionEx", (0,)),
    ("GetSet_LoopTimeRange2", (0, 0, 0, 0.0, 0.0, 0)),
    ("GetSet_LoopTimeRange2", (0, 0, 1, 0.0, 0.0, 0)),
    ("GetSetRepeatEx", (0, -1)),
    ("Master_GetPlayRate", (0,)),
    ("GetProjectTimeSignature2", (0, 0.0, 0.0)),
    ("CountTempoTimeSigMarkers", (0,)),
    ("GetTempoTimeSigMarker", (0, 0, 0.0, 0, 0.0, 0.0, 0, 0, 0)),
    ("GetTempoTimeSigMarker", (0, 1, 0.0, 0, 0.0, 0.0, 0, 0, 0)),
    ("TimeMap_GetTimeSigAtTime", (0, 0.0, 0, 0, 0.0)),
    ("TimeMap_GetMeasureInfo", (0, 0, 0.0, 0.0, 0, 0, 0.0)),
    ("TimeMap_GetMeasureInfo", (0, 3, 0.0, 0.0, 0, 0, 0.0)),
    ("TimeMap2_timeToQN", (0, 10.0)),
    ("CountTracks", (0,)),
    ("GetTrack", (0, 0)),
    ("GetTrack", (0, 9999)),
    ("GetMasterTrack", (0,)),
    ("CountSelectedMediaItems", (0,)),
    ("GetSelectedMediaItem", (0, 0)),
    ("ValidatePtr2", (0, "(MediaItem*)0x0000000000000001", "MediaItem*")),
    ("time_precise", ()),
)
"""Calls that need no handle."""


def self_test(api: Api) -> str:
    """Writes the file and returns a line that says where it is."""
    calls = [_record(api, name, *arguments) for name, arguments in FIXED]
    calls += _of_first_track(api) + _of_selected_item(api)
    dump: dict[str, Any] = {
        "client": VERSION,
        "python": sys.version.split()[0],
        "platform": sys.platform,
        "calls": calls,
    }
    path = Path(api.resource_path()) / FILE_NAME
    path.write_text(json.dumps(dump, indent=1), encoding="utf-8")
    return f"Self-test written to {path}. Please look through it for names before you send it."


def _of_first_track(api: Api) -> list[dict[str, Any]]:
    track = api.raw("GetTrack", 0, 0)
    calls: list[Call] = [
        ("ValidatePtr2", (0, track, "MediaTrack*")),
        ("IsTrackSelected", (track,)),
        ("GetTrackName", (track, "", _SIZE)),
        ("TrackFX_GetCount", (track,)),
        ("TrackFX_GetFXName", (track, 0, "", _SIZE)),
        ("TrackFX_GetNumParams", (track, 0)),
        ("TrackFX_GetParamName", (track, 0, 0, "", _SIZE)),
        ("TrackFX_GetParam", (track, 0, 0, 0.0, 0.0)),
        ("GetFXEnvelope", (track, 0, 0, 0)),
    ]
    envelope = api.raw("GetFXEnvelope", track, 0, 0, 0)
    calls += [
        ("CountEnvelopePoints", (envelope,)),
        ("CountAutomationItems", (envelope,)),
        ("GetEnvelopeScalingMode", (envelope,)),
        ("GetSetEnvelopeInfo_String", (envelope, "ACTIVE", "", 0)),
        ("ScaleFromEnvelopeMode", (0, 0.5)),
    ]
    times = (0.0, 1.0, 1.5, 2.0)
    calls += [("Envelope_Evaluate", (envelope, at, 25.0, 1, 0.0, 0.0, 0.0, 0.0)) for at in times]
    return [_record(api, name, *arguments) for name, arguments in calls]


def _of_selected_item(api: Api) -> list[dict[str, Any]]:
    item = api.raw("GetSelectedMediaItem", 0, 0)
    take = api.raw("GetActiveTake", item)
    source = api.raw("GetMediaItemTake_Source", take)
    calls: list[Call] = [
        ("GetMediaItemInfo_Value", (item, name)) for name in ("D_POSITION", "D_LENGTH", "B_LOOPSRC")
    ]
    calls += [
        ("GetMediaItemTakeInfo_Value", (take, name))
        for name in ("D_STARTOFFS", "D_PLAYRATE", "D_PITCH", "B_PPITCH", "I_CHANMODE")
    ]
    calls += [
        ("GetActiveTake", (item,)),
        ("GetMediaItem_Track", (item,)),
        ("GetMediaItemTake_Source", (take,)),
        ("GetTakeName", (take,)),
        ("TakeIsMIDI", (take,)),
        ("GetTakeNumStretchMarkers", (take,)),
        ("GetMediaSourceFileName", (source, "", _SIZE)),
        ("GetMediaSourceType", (source, "", _SIZE)),
        ("GetMediaSourceNumChannels", (source,)),
        ("GetMediaSourceLength", (source, 0)),
        ("MIDI_CountEvts", (take, 0, 0, 0)),
        ("MIDI_GetNote", (take, 0, 0, 0, 0.0, 0.0, 0, 0, 0)),
        ("MIDI_GetProjQNFromPPQPos", (take, 960.0)),
    ]
    return [_record(api, name, *arguments) for name, arguments in calls] + _sound(api, take)


def _sound(api: Api, take: str) -> list[dict[str, Any]]:
    """What a reader of the take gives; the reader is closed again."""
    accessor = api.raw("CreateTakeAudioAccessor", take)
    calls: list[Call] = [
        ("GetAudioAccessorStartTime", (accessor,)),
        ("GetAudioAccessorEndTime", (accessor,)),
        ("GetAudioAccessorSamples", (accessor, 48_000, 2, 0.0, 4, [0.0] * 8)),
    ]
    try:
        return [_record(api, name, *arguments) for name, arguments in calls]
    finally:
        api.raw("DestroyAudioAccessor", accessor)


def _record(api: Api, name: str, *arguments: Any) -> dict[str, Any]:
    """A call and what came of it; also of one that this REAPER doesn't have."""
    record: dict[str, Any] = {"name": name, "arguments": repr(arguments)}
    try:
        record["returned"] = repr(api.raw(name, *arguments))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        record["raised"] = f"{type(error).__name__}: {error}"
    return record
