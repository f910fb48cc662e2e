"""Thin clients of the engine: they import bridge_protocol, never engine_host."""
