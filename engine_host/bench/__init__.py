"""The engine's benchmark: ours against three rivals, on one machine, in one run, on the same weights.

Nothing here knows a goal's verdict or the date; it measures, and hands back numbers.
"""
