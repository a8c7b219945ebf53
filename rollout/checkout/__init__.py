"""Look at a person's work tree.

Doors: `conversions`, `discover`, `edits`, `index_lock`, `notes`, `observe`, `search`, `standing`.
"""
