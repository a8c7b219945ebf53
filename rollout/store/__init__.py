"""Our own bare copy of a repository.

Doors: `store` and `hold`; the verbs `fetch`, `snapshot`, `tree`, `own_commits`, `notes`, `pending`, `build`, `push`,
`lineage`, `mend`; what was learned before, `heard` and `in_sync`; and `looks`.
"""
