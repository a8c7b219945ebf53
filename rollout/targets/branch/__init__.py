"""A target that is a branch of a repository.

Doors: `commit`, `default`, `glance`, `observe`, `past`, `publish`, `read`.
"""
