"""What is wrong with one file, in words for its person."""

from __future__ import annotations


class FileFault(ValueError):
    """A file or its template cannot be read or changed as asked; the message says where and what."""
