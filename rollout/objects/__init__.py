"""git's objects as values, read and written without a process.

Doors: `build`, `ids`, `index_file`, `messages`, `pack_format`, `pack_write`, `packs`, `seal`, `stored`, `trees`,
`unpack`.
"""
