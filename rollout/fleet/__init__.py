"""Work on many targets at once, one module for each verb of the command line.

Doors: `apply`, `explain`, `load`, `parts`, `plan`, `prove`, `revert`.
"""
