"""Push our commit, and tell from upstream what came of it."""

from __future__ import annotations

from rollout.git import complaints
from rollout.safety import shown
from rollout.safety.shown import plain


class Moved(Exception):
    """Upstream moved between our look and our push."""


def server_words(said: str) -> str:
    """Return what the server said about its refusal."""
    words = [plain(line.strip().removeprefix("remote:").strip()) for line in said.splitlines() if "remote:" in line]
    verdict = [plain(line.split("\t")[-1].strip()) for line in said.splitlines() if "rejected]" in line]
    text = "; ".join(dict.fromkeys([*filter(None, words), *verdict])) or complaints.complaint(said)
    return shown.redact(text)[:600]
