# @noindex
# @description Anacrusis: Settings
# @about Prompts, seed and bars rendered together, kept in the project.
"""Anacrusis: Settings."""

import sys
from pathlib import Path

try:
    _here = str(Path(__file__).resolve().parent)
except NameError:  # REAPER runs scripts without telling them their own name
    _here = str(Path(RPR_get_action_context()[1]).parent)  # type: ignore[name-defined]  # noqa: F821
if _here not in sys.path:
    sys.path.insert(0, _here)

from anacrusis_reaper.entry import perform

perform("settings")
