"""JSON, with comments or without, read into a document and edited by spans: `edit` begins it.

Doors: none outside `content.documents`.
"""
