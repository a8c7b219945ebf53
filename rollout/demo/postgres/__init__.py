"""A PostgreSQL server for the demo and the tests. Door: `running`."""
