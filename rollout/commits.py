"""The text of a commit: its message with the trailers, and what can be read out of it again."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rollout.model import Change, Run


def committed_at(commit: bytes) -> int:
    match = re.search(rb"^committer .*> (\d+) [+-]\d{4}$", commit, re.MULTILINE)
    return int(match[1]) if match else 0


def parts(commit: bytes) -> tuple[list[str], str]:
    """Return a commit's parents and its message."""
    head, _, text = commit.partition(b"\n\n")
    parents = [line[7:].decode() for line in head.split(b"\n") if line.startswith(b"parent ")]
    return parents, text.decode("utf-8", "surrogateescape")


def merged(text: str) -> dict[str, str]:
    """Return the paths at which one of our own messages says that a merge of drift was accepted, and its sha256."""
    last = text.rstrip("\n").rpartition("\n\n")[2]
    named = [line.partition(": ")[2] for line in last.split("\n") if line.startswith("Rollout-Merged: ")]
    return dict(line.rpartition(" ")[::2] for line in named if " " in line)


def run_and_target(text: str) -> tuple[str | None, str | None]:
    """Return the run that one of our own messages names, and the target."""
    last = text.rstrip("\n").rpartition("\n\n")[2]
    named = dict(line.partition(": ")[::2] for line in last.split("\n"))
    return named.get("Rollout-Run"), named.get("Rollout-Target")


def message(subject: str, run: Run, target: str, changes: Iterable[Change]) -> str:
    """Return the commit message: the subject, then the trailers by which rollout knows its own commits."""
    first = " ".join(subject.split("\n", 1)[0].split()) or "rollout"
    body = subject.split("\n", 1)[1].strip("\n") if "\n" in subject else ""
    trailers = [f"Rollout-Run: {run.id}", f"Rollout-Plan: {run.digest}", f"Rollout-Target: {target}"]
    trailers += [f"Rollout-Merged: {change.path} {change.template}" for change in changes if change.template]
    parts = [first, *([body] if body else []), "\n".join(trailers)]
    return "\n\n".join(parts) + "\n"
