"""Parts of ``anacrusis reaper``."""
