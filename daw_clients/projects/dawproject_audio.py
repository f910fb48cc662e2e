"""The audio of a DAWproject: stems, each a WAV file that is laid out as clips on bar lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

from bridge_protocol.bars import BarGrid
from bridge_protocol.errors import ErrorCode, RefusedError


@dataclass(frozen=True)
class AudioClip:
    """A part of a file, heard from ``start_ppq`` on. The file is played as it is, never stretched:
    ``duration_seconds`` is what ``length_ppq`` takes under the song's tempo."""

    name: str
    start_ppq: float
    length_ppq: float
    start_seconds_in_file: float
    duration_seconds: float


@dataclass(frozen=True)
class Stem:
    """One track of audio: a WAV file, or its bytes, and what of it is heard where."""

    name: str
    wav: Path | bytes
    channels: int
    sample_rate_hz: int
    frames: int
    clips: tuple[AudioClip, ...]


def clips_of_bars(
    grid: BarGrid, first_bar: int, end_bar: int, bars_per_clip: int = 1
) -> tuple[AudioClip, ...]:
    """Clips of a file that holds the bars from ``first_bar`` up to ``end_bar``, 0-based and
    without the last, at the grid's sample rate; the last clip may have fewer bars."""
    rate = grid.sample_rate_hz
    clips = []
    for bar in range(first_bar, end_bar, bars_per_clip):
        until = min(bar + bars_per_clip, end_bar)
        start, length = grid.ppq(bar), grid.ppq(until) - grid.ppq(bar)
        into = (grid.sample(bar) - grid.sample(first_bar)) / rate
        lasts = (grid.sample(until) - grid.sample(bar)) / rate
        clips.append(AudioClip(f"Bar {bar + 1}", float(start), float(length), into, lasts))
    return tuple(clips)


def member_names(stems: Sequence[Stem]) -> list[str]:
    """Where each stem's file lies in the zip: by its name, no two alike."""
    names: list[str] = []
    taken: set[str] = set()
    for stem in stems:
        base = re.sub(r"[^A-Za-z0-9 _-]+", "-", stem.name).strip(" -")[:80] or "stem"
        name, count = base, 1
        while name.lower() in taken:
            count += 1
            name = f"{base} {count}"
        taken.add(name.lower())
        names.append(f"audio/{name}.wav")
    return names


def check_stem(stem: Stem) -> None:
    """Refuse (``FILE_MISSING``) a file that isn't there, and (``RANGE_PAST_END``) a clip of what
    the file doesn't have."""
    if isinstance(stem.wav, Path) and not stem.wav.is_file():
        raise RefusedError(ErrorCode.FILE_MISSING, stem.name, f"There is no file {stem.wav}.")
    lasts = (stem.frames + 0.5) / stem.sample_rate_hz
    for clip in stem.clips:
        end = clip.start_seconds_in_file + clip.duration_seconds
        if clip.start_seconds_in_file < 0.0 or end > lasts:
            text = f"{clip.name} ends at {end:.6f} s of a file of {lasts:.6f} s; shorten it"
            raise RefusedError(ErrorCode.RANGE_PAST_END, stem.name, text)


def add_clips(lanes: Element, stem: Stem, member: str) -> None:
    """The stem's clips, as a timeline in beats whose clips hold seconds of audio."""
    clips = SubElement(lanes, "Clips")
    for clip in stem.clips:
        end = clip.start_seconds_in_file + clip.duration_seconds
        shown = SubElement(clips, "Clip", time=repr(clip.start_ppq), duration=repr(clip.length_ppq))
        shown.set("contentTimeUnit", "seconds")
        shown.set("playStart", repr(clip.start_seconds_in_file))
        shown.set("playStop", repr(end))
        # said outright, for programs that fade clips of their own accord would dip at every bar
        for attribute, value in (
            ("fadeTimeUnit", "seconds"),
            ("fadeInTime", "0.0"),
            ("fadeOutTime", "0.0"),
            ("name", clip.name),
        ):
            shown.set(attribute, value)
        audio = SubElement(shown, "Audio", timeUnit="seconds", channels=str(stem.channels))
        audio.set("duration", repr(stem.frames / stem.sample_rate_hz))
        audio.set("sampleRate", str(stem.sample_rate_hz))
        SubElement(audio, "File", path=member)
