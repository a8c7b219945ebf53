"""Documents merged in place: one reader and one editor for each format.

Doors: `by_key`, `document`, `earlier_match`, `formats`, `match`, `merge`, `mixed`, `past`, `places`, `torn`,
`twice`, `unmatched`.
"""
