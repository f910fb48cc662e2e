"""What an exporter hands back that makes bytes; ``opening.write_project`` writes any of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Written:
    """A project as a file's bytes. ``warnings`` say in words what the format could not hold."""

    data: bytes
    warnings: tuple[str, ...] = ()
