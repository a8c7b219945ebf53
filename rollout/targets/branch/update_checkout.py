"""Let the checkout follow, or clone it."""

from __future__ import annotations

CLONE = ".rollout-clone."
