"""The process with the model."""
