"""The diffusion engine: noise, schedules, solver steps, and the ring that streams them.

Imports nothing of the rest of the project: a model is a function from latents to velocities.
"""
