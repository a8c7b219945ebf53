"""Documents merged in place: one reader and one editor for each format.

Doors: `by_key`, `document`, `formats`, `match`, `merge`, `mixed`, `past`, `places`, `unmatched`.
"""
