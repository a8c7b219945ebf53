"""A target that is a shared folder.

Doors: `folder`, `memory`, `past`, `read`, `snapshot`, `sources`.
"""
