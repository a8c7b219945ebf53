"""The values that travel between wings; none of them touches the world.

Doors: every module.
"""
