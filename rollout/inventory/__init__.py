"""inventory.yaml, read into targets.

Doors: `choose`, `description`, `machines`, `read`, `remembered`, `rules`, `wish`.
"""
