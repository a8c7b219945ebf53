"""Documents merged in place: one room for each format, one for what is ours in a document, one for uniting.

Doors: `by_key`, `document`, `earlier_format`, `earlier_match`, `formats`, `key_path`, `match`, `merge`, `mixed`,
`places`, `torn`, `twice`, `unmatched`; and `ours.past`.
"""
