"""What the model is told to make: prompts, several of them weighted, the host's notes."""

from __future__ import annotations

from bridge_protocol.errors import RefusedError
from bridge_protocol.schema import Conditions, Notes, Ok, Prompt
from engine_host.models.interface import PromptReading
from engine_host.session.capabilities import check_hears
from engine_host.session.changes import Changes
from engine_host.session.checked_values import condition_of
from engine_host.stream.engine import Engine
from engine_host.stream.settings import set_conditions, set_notes, set_prompt


class Conditioning:
    """Under the engine's lock."""

    def __init__(self, engine: Engine, changes: Changes) -> None:
        self._engine, self._changes = engine, changes

    def prompt(self, message: Prompt) -> Ok:
        """A prompt; the reply names the words that the model does not understand."""
        reading = self._reading(message.text, "text")
        name = "prompt" if message.slot == "a" else f"prompt_{message.slot}"
        edit = set_prompt(message.text, message.slot)
        reply = self._changes.accept(message.seq, name, edit, message.when)
        if reading.ignored:
            reply.text = "Not understood: " + ", ".join(reading.ignored)[:400]
        return reply

    def conditions(self, message: Conditions) -> Ok:
        """Several prompts in place of the one."""
        for index, entry in enumerate(message.entries):
            self._reading(entry.text, f"entries[{index}].text")
        conditions = tuple(
            condition_of(entry, f"entries[{index}]") for index, entry in enumerate(message.entries)
        )
        edit = set_conditions(conditions)
        return self._changes.accept(message.seq, "conditions", edit, message.when)

    def _reading(self, text: str, field: str) -> PromptReading:
        """What the model makes of a prompt; refused as ``field`` where it can't take it."""
        try:
            return self._engine.model.read_prompt(text)
        except RefusedError as error:
            raise RefusedError(error.code, field, error.message) from None

    def notes(self, message: Notes) -> Ok:
        """The host's notes, or none of them any more."""
        check_hears(self._engine.model, "notes", "notes", "notes")
        notes = None if message.clear else tuple(message.notes)
        return self._changes.accept(message.seq, "notes", set_notes(notes), message.when)
