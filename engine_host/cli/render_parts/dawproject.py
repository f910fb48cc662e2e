"""A render as a DAWproject: the bars as clips, beside the tempo map, the signatures, the locators
and the lanes that were heard."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.lanes import BreakpointLane
from bridge_protocol.parameters import Law, ParameterSpec, parameter
from daw_clients.projects.dawproject_audio import AudioClip, Stem, clips_of_bars
from daw_clients.projects.dawproject_write import write_dawproject
from daw_clients.projects.project import Project, ProjectLane
from engine_host.cli.render_parts.outputs import OUT, Rendered, Sound, Written
from engine_host.cli.render_parts.part import Part
from engine_host.files import Depth, write_audio

SUFFIX = ".dawproject"
DEFAULT_CLIP_BARS = 4
DEVICE = "Anacrusis"
"""The device whose parameters the lanes are; a render of this project finds them again by it."""


@dataclass(frozen=True)
class DawprojectFile:
    """One DAWproject with a track for each song, cut into clips of so many bars.

    ``mix`` was asked for and is left out, with a note: whoever opens the project hears the sum.
    """

    path: Path
    clip_bars: int = DEFAULT_CLIP_BARS
    mix: bool = False

    @property
    def work_folder(self) -> Path:
        """Hidden beside the file."""
        return self.path.with_name(f".{self.path.name}.part")

    def check(self, depth: Depth, rate_hz: int) -> None:
        """See ``Destination``; any depth and rate will do."""
        if self.path.is_dir():
            raise RefusedError(ErrorCode.FILE_BROKEN, OUT, f"{self.path} is a folder.")

    def write(self, rendered: Rendered) -> Written:
        """See ``Destination``. The same sounds give the same bytes."""
        folder = self.work_folder / "wav"
        names = [part.name or self.path.stem for part in rendered.parts]
        maps = rendered.maps
        lanes = [
            lane
            for name, part in zip(names, rendered.parts, strict=True)
            for lane in _lanes(name, part)
        ]
        song = Project("", maps.tempo, maps.meter, tuple(lanes), maps.locators)
        try:
            stems = [
                _stem(folder / f"{number}.wav", name, sound, rendered, self.clip_bars)
                for number, (name, sound) in enumerate(zip(names, rendered.sounds, strict=True))
            ]
            lost = write_dawproject(self.path, song, stems, title=self.path.stem)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return Written([self.path], [*lost, *self._left_out()])

    def _left_out(self) -> Iterator[str]:
        if self.mix:
            yield "the mix is left out: a DAW that opens the project plays the stems together."


def _stem(path: Path, name: str, sound: Sound, rendered: Rendered, clip_bars: int) -> Stem:
    write_audio(path, sound.blocks(), rendered.rate_hz, sound.frames, "wav", rendered.depth)
    return Stem(name, path, 2, rendered.rate_hz, sound.frames, _clips(rendered, clip_bars))


def _clips(rendered: Rendered, clip_bars: int) -> tuple[AudioClip, ...]:
    grid = rendered.maps.grid(rendered.rate_hz)
    return clips_of_bars(grid, rendered.first_bar - 1, rendered.last_bar, clip_bars)


def _lanes(track: str, part: Part) -> Iterator[ProjectLane]:
    for name, lane in dict(part.lanes).items():
        if isinstance(lane, BreakpointLane):
            spec = parameter(name)
            path = (track, DEVICE, name)
            yield ProjectLane(path, lane, spec.minimum, spec.maximum, _unit(spec))


def _unit(spec: ParameterSpec) -> str:
    if spec.law is Law.DECIBEL:
        return "decibel"
    return "normalized" if (spec.minimum, spec.maximum) == (0.0, 1.0) else "linear"
