"""YAML 1.2, read into nodes that know their lines.

Doors: `nodes`, `parse`.
"""
