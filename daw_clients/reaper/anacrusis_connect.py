# @description Anacrusis: Connect (or disconnect), and the other actions
# @version 0.1.0
# @author The Anacrusis authors
# @about
#   # Anacrusis for REAPER
#   Actions that send the project to the Anacrusis engine on this machine and lay its bars on
#   tracks. Needs the engine (anacrusis serve) and a Python for REAPER; the action "Render without
#   Python" needs the engine's command alone.
# @provides
#   [main] anacrusis_*.py
#   [main] anacrusis_render.lua
#   [nomain] anacrusis_reaper/*.py
#   [effect] Anacrusis Lanes.jsfx
"""Anacrusis: Connect (or disconnect)."""

import sys
from pathlib import Path

try:
    _here = str(Path(__file__).resolve().parent)
except NameError:  # REAPER runs scripts without telling them their own name
    _here = str(Path(RPR_get_action_context()[1]).parent)  # type: ignore[name-defined]  # noqa: F821
if _here not in sys.path:
    sys.path.insert(0, _here)

from anacrusis_reaper.entry import perform

perform("connect")
