"""The client's calls as messages: pure builders that both faces of the client share. Any thread."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bridge_protocol.blocks import Samples
from bridge_protocol.lanes import BreakpointLane, SampledLane
from bridge_protocol.meter import MeterMap, SignatureChange
from bridge_protocol.schema import (
    Hello,
    LaneMessage,
    LanePoint,
    LiveBlock,
    MeterEntry,
    Note,
    Notes,
    OpenStream,
    Param,
    PayloadFormat,
    SourceRole,
    SourceTempoKind,
    SourceUse,
    TempoEntry,
    TempoMapMessage,
    When,
)
from bridge_protocol.tempo import TempoMap

CLIENT_NAME = "anacrusis python client"
FINDING_TIMEOUT_S = 120.0
NOW = When()
DrawnLane = BreakpointLane | SampledLane


def hello(
    *,
    host: str = "",
    sample_rate: int = 48_000,
    block_size: int = 512,
    channels: int = 2,
    features: Sequence[str] = (),
    resume_token: str = "",
) -> Hello:
    """The first message of a client."""
    return Hello(
        client=CLIENT_NAME,
        host=host,
        sample_rate=sample_rate,
        block_size=block_size,
        channels=channels,
        features=list(features),
        resume_token=resume_token,
    )


def tempo_message(tempo: TempoMap, meter: MeterMap, revision: int) -> TempoMapMessage:
    """A tempo and a meter map as the wire has them: bars from 1."""
    return TempoMapMessage(
        revision=revision,
        tempo=[
            TempoEntry(ppq=s.start_ppq, bpm_start=s.bpm_start, bpm_end=s.bpm_end, law=s.law)
            for s in tempo.segments
        ],
        meter=[_meter_entry(change) for change in meter.changes],
    )


def _meter_entry(change: SignatureChange) -> MeterEntry:
    return MeterEntry(
        bar=change.bar + 1,
        numerator=change.numerator,
        denominator=change.denominator,
        ppq=None if change.start_ppq is None else float(change.start_ppq),
    )


def lane_message(
    parameter: str, lane: DrawnLane, revision: int, epoch: int = 0, when: When = NOW
) -> LaneMessage:
    """A lane as the wire has it: breakpoints as points, frames as values at their rate."""
    message = LaneMessage(parameter=parameter, revision=revision, epoch=epoch, when=when)
    if isinstance(lane, BreakpointLane):
        message.anchor = lane.anchor
        message.points = [
            LanePoint(position=p.position, value=p.value, shape=p.shape, tension=p.tension)
            for p in lane.points
        ]
        return message
    message.start, message.rate = lane.start_seconds, lane.rate_hz
    message.values = lane.values.tolist()
    message.count = len(message.values)
    return message


def param_message(parameter: str, value: float | str, when: When = NOW) -> Param:
    """One value of a parameter; a choice by its name."""
    return Param(parameter=parameter, value=value, when=when)


def source_use(
    source: str,
    role: SourceRole = "source",
    at_ppq: float = 0.0,
    repeat_bars: int = 0,
    when: When = NOW,
    tempo: SourceTempoKind = "host",
    bpm: float | None = None,
    downbeat: float | None = None,
) -> SourceUse:
    """Where a source lies in the song; an empty hash takes it away."""
    return SourceUse(
        hash=source,
        role=role,
        at_ppq=at_ppq,
        repeat_bars=repeat_bars,
        tempo=tempo,
        bpm=bpm,
        downbeat=downbeat,
        when=when,
    )


def live_source(live_bars: int, when: When = NOW) -> SourceUse:
    """The track's own input as the source, some bars later."""
    return SourceUse(hash="", live_bars=live_bars, when=when)


def open_stream(
    stream: int,
    window_bars: int = 4,
    payload_format: PayloadFormat = "f32",
    fixed_latency_ms: float | None = None,
    buffer_frames: int = 0,
) -> OpenStream:
    """Asks for the song as audio; a fixed latency of 0 ms is the engine's to choose."""
    return OpenStream(
        stream=stream,
        window_bars=window_bars,
        format=payload_format,
        latency="adaptive" if fixed_latency_ms is None else "fixed",
        latency_ms=fixed_latency_ms or 0.0,
        buffer_frames=buffer_frames,
    )


def patience_s(message: SourceUse, usual_s: float) -> float:
    """How long the answer to a placed source may take: a tempo that is to be found takes seconds,
    and on a machine where none ever was up to a minute."""
    to_be_found = message.hash and message.tempo == "own" and message.bpm is None
    return max(usual_s, FINDING_TIMEOUT_S) if to_be_found else usual_s


def notes_message(notes: Sequence[Note] | None, revision: int, when: When = NOW) -> Notes:
    """The host's MIDI; None gives the part back to the engine's own planner."""
    return Notes(revision=revision, notes=list(notes or ()), clear=notes is None, when=when)


def live_block(epoch: int, lap: int, sample: int, audio: Samples) -> tuple[LiveBlock, bytes]:
    """What a track has played, float32 ``[frames, channels]``, and its payload."""
    message = LiveBlock(epoch=epoch, lap=lap, sample=sample, frames=len(audio))
    return message, np.ascontiguousarray(audio, dtype="<f4").tobytes()
