"""Sockets and signs of life."""
