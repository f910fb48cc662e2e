"""What the model is told to make: prompts, several of them weighted, the host's notes."""

from __future__ import annotations

from bridge_protocol.schema import Conditions, Notes, Ok, Prompt
from engine_host.models.interface import Model
from engine_host.session.capabilities import check_hears
from engine_host.session.changes import Changes
from engine_host.session.checked_values import condition_of
from engine_host.stream.settings import set_conditions, set_notes, set_prompt


class Conditioning:
    """Under the engine's lock."""

    def __init__(self, model: Model, changes: Changes) -> None:
        self._model, self._changes = model, changes

    def prompt(self, message: Prompt) -> Ok:
        """A prompt; the reply names the words that the model does not understand."""
        reading = self._model.read_prompt(message.text)
        name = "prompt" if message.slot == "a" else f"prompt_{message.slot}"
        edit = set_prompt(message.text, message.slot)
        reply = self._changes.accept(message.seq, name, edit, message.when)
        if reading.ignored:
            reply.text = "Not understood: " + ", ".join(reading.ignored)[:400]
        return reply

    def conditions(self, message: Conditions) -> Ok:
        """Several prompts in place of the one."""
        conditions = tuple(
            condition_of(entry, f"entries[{index}]") for index, entry in enumerate(message.entries)
        )
        edit = set_conditions(conditions)
        return self._changes.accept(message.seq, "conditions", edit, message.when)

    def notes(self, message: Notes) -> Ok:
        """The host's notes, or none of them any more."""
        check_hears(self._model, "notes", "notes", "notes")
        notes = None if message.clear else tuple(message.notes)
        return self._changes.accept(message.seq, "notes", set_notes(notes), message.when)
