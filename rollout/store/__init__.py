"""Our own bare copy of a repository.

Doors: `authors`, `build`, `fetch`, `heard`, `hold`, `in_sync`, `keeping`, `lineage`, `looks`, `mend`, `names`, `notes`,
`own_commits`, `pending`, `proposals`, `push`, `snapshot`, `store`, `tree`.
"""
