"""How a managed file is written: one module a mode, chosen by `table`.

Doors: `mode`, `table`.
"""
