"""Where the REAPER client lies."""

from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "daw_clients" / "reaper"
