"""A person's work tree, moved to a new commit without touching an edit.

Doors: `bring`, `follow`, `rescue`.
"""
