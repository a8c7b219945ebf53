"""The port: look at a target, write a target.

Doors: `destination`, `job`, `past`, `source`, `units`.
"""
