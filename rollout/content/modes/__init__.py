"""How a managed file is written: one module a mode, chosen by `mode`.

Doors: `block`, `merge`, `mode`.
"""
