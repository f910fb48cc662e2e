"""One folder per model family behind one small interface."""
