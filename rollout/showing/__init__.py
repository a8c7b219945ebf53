"""Text and documents for people and programs: one module a thing shown."""
