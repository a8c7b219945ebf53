"""Look at a person's work tree.

Doors: `discover`, `index_lock`, `leftovers`, `observe`, `search`, `standing`, `unchanged`.
"""
