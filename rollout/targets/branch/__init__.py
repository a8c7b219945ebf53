"""A target that is a branch of a repository.

Doors: `default`, `glance`, `observe`, `past`, `publish`, `read`.
"""
