"""Which addresses and paths are safe, what is secret, and what may be shown.

Doors: every module.
"""
