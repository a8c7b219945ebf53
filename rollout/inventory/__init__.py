"""inventory.yaml, read into targets.

Doors: `choose`, `description`, `first`, `machines`, `read`, `remembered`, `rules`.
"""
