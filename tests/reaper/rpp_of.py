"""A project of the double as REAPER's file of it, for the command line to render."""

from __future__ import annotations

from fake_reaper import Effect, Marker, Project

from daw_clients.projects.reaper_lanes import SHAPES


def rpp_of(project: Project) -> str:
    """Tempo, signatures, and the envelopes of effects."""
    lines = [
        '<REAPER_PROJECT 0.1 "7.16/linux-x86_64" 0',
        f"TEMPO {project.bpm!r} {project.signature[0]} {project.signature[1]}",
        "<TEMPOENVEX",
        "ACT 1 -1",
        *map(_tempo_point, project.markers),
        ">",
    ]
    for track in project.tracks:
        lines += ["<TRACK", f'NAME "{track.name}"', "<FXCHAIN"]
        for effect in track.effects:
            lines += _effect(effect)
        lines += [">", ">"]
    return "\n".join([*lines, ">", ""])


def _tempo_point(marker: Marker) -> str:
    packed = 0 if marker.signature is None else marker.signature[0] + (marker.signature[1] << 16)
    return f"PT {marker.seconds!r} {marker.bpm!r} {int(not marker.is_linear)} {packed} 0 {int(packed > 0)}"


def _effect(effect: Effect) -> list[str]:
    lines = ['<JS "Anacrusis/Anacrusis Lanes.jsfx" ""', ">"]
    for index, parameter in enumerate(effect.parameters):
        if parameter.envelope is None:
            continue
        low, high = parameter.minimum, parameter.maximum
        title = f'"{parameter.name} / {effect.name}"'
        lines.append(f"<PARMENV {index} {low!r} {high!r} {(low + high) / 2!r} {title}")
        lines.append(f"ACT {int(parameter.envelope.is_active)} -1")
        lines += [_point(point) for point in parameter.envelope.points]
        lines.append(">")
    return lines


def _point(point) -> str:
    shape = SHAPES.index(point.shape)
    return f"PT {point.position!r} {point.value!r} {shape} 0 0 0 {point.tension!r}"
