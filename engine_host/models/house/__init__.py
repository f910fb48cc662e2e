"""The house model: a small music model of our own, shipped with its weights."""
