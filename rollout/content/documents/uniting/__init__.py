"""What a document comes to when the template's keys go into it, as nodes and without a byte of text.

Doors: none outside `content.documents`.
"""
