"""The sandbox in which the whole story is told: repositories, shared files and a PostgreSQL of its own.

Doors: `event_chapters`, `stage`, `story`.
"""
