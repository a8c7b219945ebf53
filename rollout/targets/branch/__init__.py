"""A target that is a branch of a repository.

Doors: `default`, `glance`, `observe`, `one_remote`, `past`, `publish`, `read`.
"""
