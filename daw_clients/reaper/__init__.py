"""What REAPER runs: actions in Python, a carrier of lanes, and how they get there."""
