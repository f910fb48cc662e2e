"""The transport message of a host whose song is known whole. Pure; any thread."""

from __future__ import annotations

from bridge_protocol.bars import BarGrid
from bridge_protocol.schema import Jump, Transport
from daw_clients.client.play_head import PlayHead

Stretch = tuple[float, float]
Gap = tuple[int, int, int]
"""Epoch, and the addresses from which up to which nothing was there to play."""


def ppq_of(grid: BarGrid, sample: int) -> float:
    """The position of a sample; on a bar's own sample it is the bar line, exactly."""
    bar = grid.bar_of_sample(sample)
    return float(grid.ppq(bar)) if grid.sample(bar) == sample else grid.ppq_of_sample(sample)


def transport_message(
    head: PlayHead,
    grid: BarGrid,
    loop: Stretch | None,
    jump: Stretch | None,
    at_ns: int,
    left: int | None = None,
    gap: Gap | None = None,
) -> Transport:
    """Where the host is; ``loop`` and ``jump`` are in quarter notes, as the user gave them;
    ``left``: the address at which the epoch before was left, where this one began unannounced;
    ``gap``: where nothing was there to play since the last report."""
    bar = grid.bar_of_sample(head.sample)
    signature = grid.meter.signature(bar)
    ppq = ppq_of(grid, head.sample)
    start, end = loop or (0.0, 0.0)
    return Transport(
        epoch=head.epoch,
        sample=head.sample,
        address=head.address,
        playing=head.playing,
        lap=head.lap,
        left=left,
        gap_start=gap[1] if gap and gap[0] == head.epoch else None,
        gap_end=gap[2] if gap and gap[0] == head.epoch else 0,
        ppq=ppq,
        bar_start_ppq=float(grid.ppq(bar)),
        bpm=grid.tempo.bpm(ppq),
        numerator=signature.numerator,
        denominator=signature.denominator,
        looping=loop is not None,
        loop_start_ppq=start,
        loop_end_ppq=end,
        at=at_ns,
        jump=_jump(head, jump),
    )


def _jump(head: PlayHead, jump: Stretch | None) -> Jump | None:
    if head.jump is None or jump is None:
        return None
    return Jump(at_ppq=jump[0], to_ppq=jump[1], epoch=head.jump.epoch)
