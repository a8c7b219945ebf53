"""The recorded runs and outcomes, in SQLite or PostgreSQL.

Doors: `ledger`, `queries`.
"""
