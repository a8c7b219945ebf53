"""Look at a person's work tree.

Doors: `discover`, `index_lock`, `observe`, `search`, `standing`, `unchanged`.
"""
