"""What became of a change that a simulated DAW has asked for."""

from __future__ import annotations

from daw_clients.client.heard import Change


def became(change: Change) -> str:
    """kept, replaced or broken as the engine told; refused at once; else pending."""
    if change.refused:
        return "refused"
    return "pending" if change.promise is None else change.promise.status
