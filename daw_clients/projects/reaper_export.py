"""Projects into REAPER projects (``.RPP``): what :mod:`.reaper_project` reads back.

Lines and blocks are those of files that REAPER wrote, cut down to what carries the song. Lanes
are parameters of a JSFX that stands in for the device they came from: REAPER doesn't have that
effect and will say so. REAPER itself has not been run on these files.
"""

from __future__ import annotations

from daw_clients.projects.project import Locator, Project
from daw_clients.projects.reaper_lane_export import STAND_IN, LaneWriter, block
from daw_clients.projects.reaper_project import ROOT
from daw_clients.projects.reaper_tempo_export import decimal, over_time, tempo_lines
from daw_clients.projects.rpp_text import quoted
from daw_clients.projects.written import Written

_HEAD = f'{ROOT} 0.1 "6.80" 0'
_SETTINGS = ("RIPPLE 0", "TIMELOCKMODE 1", "TEMPOENVLOCKMODE 1", "SAMPLERATE 48000 0 0")
_TEMPO_ENVELOPE = ("VIS 1 0 1", "LANEHEIGHT 0 0", "ARM 0", "DEFSHAPE 1 -1 -1")


def write_reaper_project(project: Project) -> Written:
    """The project as the UTF-8 text of a ``.RPP``: tempo, signatures, markers and lanes.

    Steps and ramps over time are exact; a ramp over beats becomes many short ones over time.
    Positions are seconds by the shortest text that is read back as the same float64. A lane's
    path has three parts afterwards (track, effect, parameter), or two for an envelope of the
    track itself; its points are in seconds, and it has a range if it had none. Notes are left
    out. Each loss is a warning.
    """
    tempo, warnings = over_time(project.tempo)
    own_tempo, *points = tempo_lines(tempo, project.meter)
    lanes = LaneWriter(tempo)
    envelope = [f"ACT {int(bool(points))} -1", *_TEMPO_ENVELOPE, *points]
    content = [
        *_SETTINGS,
        own_tempo,
        "PLAYRATE 1 0 0.25 4",
        *block("TEMPOENVEX", envelope),
        *(
            _marker(number, locator, tempo.seconds(locator.ppq))
            for number, locator in enumerate(project.locators, 1)
        ),
        *block("PROJBAY", ()),
        *lanes.tracks(project.lanes),
    ]
    text = "\n".join(block(_HEAD, content)) + "\n"
    return Written(text.encode("utf-8", "replace"), (*warnings, *_losses(project, lanes.cut)))


def _marker(number: int, locator: Locator, seconds: float) -> str:
    return f"MARKER {number} {decimal(seconds)} {quoted(locator.name)} 0 0 1"


def _losses(project: Project, cut: int) -> list[str]:
    losses: list[str] = []
    if project.lanes:
        text = f"lanes are parameters of the effect {STAND_IN}, which REAPER doesn't have"
        losses.append(f"{text}: move their envelopes to your own")
    if cut:
        losses.append(f"{cut} curves that REAPER can't draw are cut into straight pieces")
    if project.notes:
        losses.append(f"{len(project.notes)} notes are left out")
    return losses
