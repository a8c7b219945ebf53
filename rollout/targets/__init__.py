"""Look at targets and write them, whether branch or folder.

Doors: `destination`, `job`, `past`, `source`, `units`.
"""
