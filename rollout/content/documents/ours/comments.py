"""What the comments of a document say, and which of them are ours by what they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rollout.content.documents.document import Document, Node
from rollout.content.documents.template_text import comment_behind


def comments_since(comments: Counter[str], before: Document, after: Document) -> Counter[str]:
    """Return the texts of our comments once we have written a document."""
    had, has = Counter(comment_texts(before)), Counter(comment_texts(after))
    return comments + (has - had) - (had - has)


def comment_texts(document: Document) -> Iterator[str]:
    return (document.text[start:end] for start, end in document.comments)


def behind(document: Document, comments: Counter[str], value: Node) -> str:
    """Return which of these comments stands behind a value; nothing if none does."""
    said = comment_behind(document, value.end)
    return said if said in comments else ""
