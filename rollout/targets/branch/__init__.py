"""A target that is a branch of a repository.

Doors: `commit`, `glance`, `observe`, `past`, `publish`, `read`.
"""
