"""REAPER's functions as its Python binding has them: facts read off REAPER's own reaper_python.py.

A prototype is the type of the result, then those of the arguments:

    i int, y byte (also bool), d double, s text, v nothing, pTYPE* a pointer
    I, Y, D  the same, by reference: filled in, and part of the result
    S        a text that is filled in, and part of the result

RPR_GetAudioAccessorSamples has a shape of its own and is not listed.
"""

PROTOTYPES = {
    name: (result, tuple(arguments))
    for name, (result, *arguments) in (
        (line.split()[0], line.split()[1:])
        for line in """
AddMediaItemToTrack pMediaItem* pMediaTrack*
AddTakeToMediaItem pMediaItem_Take* pMediaItem*
APIExists y s
CountAutomationItems i pTrackEnvelope*
CountEnvelopePoints i pTrackEnvelope*
CountSelectedMediaItems i pReaProject*
CountTempoTimeSigMarkers i pReaProject*
CountTracks i pReaProject*
CreateTakeAudioAccessor pAudioAccessor* pMediaItem_Take*
DeleteTrackMediaItem y pMediaTrack* pMediaItem*
DestroyAudioAccessor v pAudioAccessor*
EnumProjects pReaProject* i S i
Envelope_Evaluate i pTrackEnvelope* d d i D D D D
GetActiveTake pMediaItem_Take* pMediaItem*
GetAppVersion s
GetAudioAccessorEndTime d pAudioAccessor*
GetAudioAccessorStartTime d pAudioAccessor*
GetAudioDeviceInfo y s S i
GetCursorPositionEx d pReaProject*
GetEnvelopePoint y pTrackEnvelope* i D D I D Y
GetEnvelopeScalingMode i pTrackEnvelope*
GetExtState s s s
GetFXEnvelope pTrackEnvelope* pMediaTrack* i i y
GetMasterTrack pMediaTrack* pReaProject*
GetMediaItem_Track pMediaTrack* pMediaItem*
GetMediaItemInfo_Value d pMediaItem* s
GetMediaItemTake_Source pPCM_source* pMediaItem_Take*
GetMediaItemTakeInfo_Value d pMediaItem_Take* s
GetMediaSourceFileName v pPCM_source* S i
GetMediaSourceLength d pPCM_source* Y
GetMediaSourceNumChannels i pPCM_source*
GetMediaSourceType v pPCM_source* S i
GetPlayPosition2Ex d pReaProject*
GetPlayStateEx i pReaProject*
GetProjectLength d pReaProject*
GetProjectPathEx v pReaProject* S i
GetProjectStateChangeCount i pReaProject*
GetProjectTimeSignature2 v pReaProject* D D
GetProjExtState i pReaProject* s s S i
GetResourcePath s
GetSelectedMediaItem pMediaItem* pReaProject* i
GetSet_LoopTimeRange2 v pReaProject* y y D D y
GetSetEnvelopeInfo_String y pTrackEnvelope* s S y
GetSetMediaItemTakeInfo_String y pMediaItem_Take* s S y
GetSetMediaTrackInfo_String y pMediaTrack* s S y
GetSetProjectInfo d pReaProject* s d y
GetSetRepeatEx i pReaProject* i
GetTakeName s pMediaItem_Take*
GetTakeNumStretchMarkers i pMediaItem_Take*
GetTempoTimeSigMarker y pReaProject* i D I D D I I Y
GetTrack pMediaTrack* pReaProject* i
GetTrackName y pMediaTrack* S i
GetUserInputs y s i s S i
InsertTrackAtIndex v i y
IsTrackSelected y pMediaTrack*
Main_OnCommandEx v i i pReaProject*
Master_GetPlayRate d pReaProject*
MIDI_CountEvts i pMediaItem_Take* I I I
MIDI_GetNote y pMediaItem_Take* i Y Y D D I I I
MIDI_GetProjQNFromPPQPos d pMediaItem_Take* d
PCM_Source_CreateFromFile pPCM_source* s
PreventUIRefresh v i
ScaleFromEnvelopeMode d i d
SelectProjectInstance v pReaProject*
SetExtState v s s s y
SetMediaItemInfo_Value y pMediaItem* s d
SetMediaItemLength y pMediaItem* d y
SetMediaItemPosition y pMediaItem* d y
SetMediaItemTake_Source y pMediaItem_Take* pPCM_source*
SetProjExtState i pReaProject* s s s
ShowConsoleMsg v s
TakeIsMIDI y pMediaItem_Take*
time_precise d
TimeMap2_timeToQN d pReaProject* d
TimeMap_GetMeasureInfo d pReaProject* i D D I I D
TimeMap_GetTimeSigAtTime v pReaProject* d I I D
TrackFX_GetCount i pMediaTrack*
TrackFX_GetFXName y pMediaTrack* i S i
TrackFX_GetNumParams i pMediaTrack* i
TrackFX_GetParam d pMediaTrack* i i D D
TrackFX_GetParamName y pMediaTrack* i i S i
Undo_BeginBlock2 v pReaProject*
Undo_EndBlock2 v pReaProject* s i
UpdateArrange v
UpdateItemInProject v pMediaItem*
ValidatePtr2 y pReaProject* pvoid* s
""".strip().splitlines()
    )
}
"""By the name without RPR_."""
