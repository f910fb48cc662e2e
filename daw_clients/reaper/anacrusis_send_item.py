# @noindex
# @description Anacrusis: Send selected item as source
# @about Gives the selected audio item to the engine, where it lies in the song.
"""Anacrusis: Send selected item as source."""

import sys
from pathlib import Path

try:
    _here = str(Path(__file__).resolve().parent)
except NameError:  # REAPER runs scripts without telling them their own name
    _here = str(Path(RPR_get_action_context()[1]).parent)  # type: ignore[name-defined]  # noqa: F821
if _here not in sys.path:
    sys.path.insert(0, _here)

from anacrusis_reaper.entry import perform

perform("send item")
