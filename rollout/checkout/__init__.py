"""A person's work tree, looked at.

Doors: `conversions`, `discover`, `edits`, `index_lock`, `notes`, `observe`, `search`, `standing`.
"""
