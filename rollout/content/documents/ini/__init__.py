"""INI files, read as the program that uses them does, and edited by spans: `edit` begins it.

Doors: none outside `content.documents`.
"""
