"""Many targets at once, by the command's own verb.

Doors: `apply`, `explain`, `load`, `parts`, `plan`, `prove`, `revert`.
"""
