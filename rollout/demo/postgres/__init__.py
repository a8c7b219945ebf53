"""A PostgreSQL server for the demo and the tests.

Doors: `installation`, `running`, `server`.
"""
