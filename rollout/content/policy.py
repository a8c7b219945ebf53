"""Limits on the length of a rendered text."""

from __future__ import annotations

from rollout.model.inventory import FileRule
from rollout.safety.flaw import Flaw


def policy_fault(content: bytes, rule: FileRule) -> Flaw | None:
    """Say which bound a rendered file breaks, or None."""
    if rule.max_chars is not None:
        chars = len(content.decode("utf-8", "replace"))
        if chars > rule.max_chars:
            return Flaw(f"has {chars:,} characters; max_chars is {rule.max_chars:,}")
    if rule.max_lines is not None:
        lines = content.count(b"\n") + bool(content and not content.endswith(b"\n"))
        if lines > rule.max_lines:
            return Flaw(f"has {lines:,} lines; max_lines is {rule.max_lines:,}")
    found = (limit.fault(content) for limit in (rule.limits if rule.max_chars is None else ()))
    return next((Flaw(fault) for fault in found if fault), None)
