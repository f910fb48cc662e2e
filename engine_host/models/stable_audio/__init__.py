"""Stable Audio 3 on diffusers' own classes, from a folder in diffusers' layout."""
