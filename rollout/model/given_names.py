"""The names that templates get from rollout and from Jinja, and those of them that no variable may have."""

from __future__ import annotations

OF_ROLLOUT = frozenset({"target", "path", "machine", "machines", "read", "files"})

OF_JINJA = frozenset(
    {"loop", "self", "super", "caller", "varargs", "kwargs", "true", "false", "none", "True", "False", "None"}
)

FUNCTIONS_OF_JINJA = frozenset({"range", "dict", "cycler", "joiner", "namespace"})  # a variable comes before these


def refusal(name: str) -> str | None:
    """Say why a variable may not have this name, or None."""
    owner = "rollout" if name in OF_ROLLOUT else "Jinja" if name in OF_JINJA else None
    return f"the name belongs to {owner}; choose another" if owner else None
