"""Text and documents for people and programs, one module for each thing shown."""
