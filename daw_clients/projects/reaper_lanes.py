"""REAPER's envelopes as lanes: those of a track and of its effects' parameters.

An envelope's points are ``PT seconds value shape [- selected - tension]``; they are in seconds
whatever the project's timebase says, and its curves run over time. So are the lanes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.lanes import Anchor, Breakpoint, BreakpointLane, Shape
from daw_clients.projects.project import ProjectLane
from daw_clients.projects.rpp_numbers import number, seconds_at, whole
from daw_clients.projects.rpp_text import Block

SHAPES = (
    Shape.LINEAR,
    Shape.HOLD,
    Shape.SMOOTH,
    Shape.FAST_START,
    Shape.FAST_END,
    Shape.BEZIER,
)
"""By the file's numbers."""
TRACK_ENVELOPES = {
    "VOLENV2": "Volume",
    "VOLENV": "Volume (Pre-FX)",
    "VOLENV3": "Trim Volume",
    "PANENV2": "Pan",
    "PANENV": "Pan (Pre-FX)",
    "WIDTHENV2": "Width",
    "WIDTHENV": "Width (Pre-FX)",
    "MUTEENV": "Mute",
}
CHAINS = ("FXCHAIN", "FXCHAIN_REC", "MASTERFXLIST")
_CONTAINER = "CONTAINER"
_CUSTOM_NAME = {"VST": 4, "JS": 2, "CLAP": 3, _CONTAINER: 2}
"""Which word of an effect's head is the name that a person gave it."""
_EFFECTS = frozenset(("VST", "JS", "AU", "CLAP", "LV2", "DX", "VIDEO_EFFECT", _CONTAINER))
_SEPARATOR = " / "


@dataclass
class Envelopes:
    """Collects lanes, and counts what of the envelopes is not read."""

    lanes: list[ProjectLane] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    not_read: Counter[str] = field(default_factory=Counter)

    def add_track(self, block: Block, track: str) -> None:
        """A track's own envelopes and those of its effects."""
        for inner in block.blocks:
            kind = inner.name.removeprefix("MASTER")
            if inner.name in CHAINS:
                self.add_chain(inner, (track,))
            elif kind in TRACK_ENVELOPES:
                self._add(inner, (track, TRACK_ENVELOPES[kind]), None, None)
            elif inner.name == "ITEM":
                self._count_item(inner)
            else:
                self._count_unread(inner)

    def add_chain(self, chain: Block, path: tuple[str, ...]) -> None:
        """The parameter envelopes of a chain of effects; each follows its effect's own block."""
        effect = "FX"
        for block in chain.blocks:
            if block.name in _EFFECTS:
                effect = _effect_name(block)
                if block.name == _CONTAINER:
                    self.add_chain(block, (*path, effect))
            elif block.name == "PARMENV":
                self._add_parameter(block, path, effect)
            elif block.name == "PROGRAMENV":
                self.not_read["parameter modulations"] += 1
            else:
                self._count_unread(block)

    def _add_parameter(self, block: Block, path: tuple[str, ...], effect: str) -> None:
        full = (*path, effect, _parameter_name(block.words, effect))
        where = "/".join(full)
        low, high = (number(block.words, i, f"{where}.{what}") for i, what in _RANGE)
        self._add(block, full, low, high)

    def _add(
        self, block: Block, path: tuple[str, ...], low: float | None, high: float | None
    ) -> None:
        where = "/".join(path)
        if block.first("POOLEDENVINST"):
            self.not_read["automation items"] += sum(1 for _ in block.named("POOLEDENVINST"))
        points = list(_points(block, where))
        if not points:
            return
        if not is_active(block, where):
            self.warnings.append(f"the envelope {where} is switched off; it is left out")
            return
        if whole(block.first("VOLTYPE"), 1, f"{where}.VOLTYPE", 0) == 1:
            text = "is drawn on the fader's scale; between its points it runs straight here"
            self.warnings.append(f"the envelope {where} {text}")
        self.lanes.append(ProjectLane(path, _lane(points, where), low, high))

    def _count_item(self, item: Block) -> None:
        self.not_read["items"] += 1
        for block in _all_blocks(item):
            if any(block.named("PT")):
                self.not_read["envelopes of items and takes"] += 1

    def _count_unread(self, block: Block) -> None:
        if any(block.named("PT")):
            self.not_read[f"{block.name} envelopes"] += 1


_RANGE = ((2, "minimum"), (3, "maximum"))


def is_active(envelope: Block, where: str) -> bool:
    """Whether the envelope is switched on."""
    return whole(envelope.first("ACT"), 1, f"{where}.ACT", 1) != 0


def _points(block: Block, where: str) -> Iterable[Breakpoint]:
    for index, words in enumerate(block.named("PT")):
        place = f"{where}[{index}]"
        shape = whole(words, 3, f"{place}.shape", 0)
        if not 0 <= shape < len(SHAPES):
            text = f"an envelope has no shape {shape}; give 0 to {len(SHAPES) - 1}"
            raise RefusedError(ErrorCode.OUT_OF_RANGE, f"{place}.shape", text)
        yield Breakpoint(
            seconds_at(words, 1, f"{place}.seconds"),
            number(words, 2, f"{place}.value"),
            SHAPES[shape],
            number(words, 7, f"{place}.tension", 0.0),
        )


def _lane(points: list[Breakpoint], where: str) -> BreakpointLane:
    try:
        return BreakpointLane(points, Anchor.SECONDS)
    except RefusedError as error:
        place = error.field.removeprefix("points").replace(".position", ".seconds")
        raise RefusedError(error.code, f"{where}{place}", error.message) from None


def _effect_name(block: Block) -> str:
    """What a person called the effect, or else its own name."""
    words = block.words
    at = _CUSTOM_NAME.get(block.name, len(words))
    custom = words[at] if at < len(words) else ""
    return custom or (words[1] if len(words) > 1 else "") or block.name


def _parameter_name(words: list[str], effect: str) -> str:
    """The parameter's name where the file has one, else its number.

    Newer files have an identifier behind the number (``5:_Cut_Off``; a bare number there is the
    plug-in's own), or the envelope's title (``Cut Off / ReaEQ``) as the last word.
    """
    index, _, ident = (words[1] if len(words) > 1 else "").partition(":")
    if ident and not ident.isdigit():
        return ident.removeprefix("_")
    title = words[5] if len(words) > 5 else ""
    if title.endswith(_SEPARATOR + effect):
        return title.removesuffix(_SEPARATOR + effect) or index
    return title.partition(_SEPARATOR)[0] or index


def _all_blocks(block: Block) -> Iterable[Block]:
    for inner in block.blocks:
        yield inner
        yield from _all_blocks(inner)
