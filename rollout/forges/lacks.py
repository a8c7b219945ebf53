"""Settings of a review that a forge, or the way to it, does not have."""

from __future__ import annotations

from rollout.model.reviews import Rules, Via

_HAS = {
    Via.PUSH_OPTIONS: {"labels", "assignees", "draft", "auto_merge"},
    Via.AGIT: set[str](),
    Via.GERRIT: {"labels", "reviewers", "teams", "assignees", "draft"},
    Via.ADDRESS: set[str](),
}
_ALL = {"labels", "reviewers", "teams", "assignees", "draft", "auto_merge"}


def lacks(via: Via, rules: Rules) -> str | None:
    """Say which settings are left out on a way, or None."""
    asked = {name for name in _ALL if getattr(rules, name)}
    missing = sorted(asked - _HAS.get(via, _ALL))
    return f"left out, for there is no such thing by {via.value}: {', '.join(missing)}" if missing else None
