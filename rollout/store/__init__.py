"""Our own bare copy of a repository.

Doors: `in_sync`, `layout`, `looks`, `pending`, `store`.
"""
