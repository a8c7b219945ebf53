"""The text of a commit: its message with the trailers, and the program that makes git build it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rollout.model import Change, Identity, Run


def committed_at(commit: bytes) -> int:
    match = re.search(rb"^committer .*> (\d+) [+-]\d{4}$", commit, re.MULTILINE)
    return int(match[1]) if match else 0


def import_stream(ref: str, base: str, changes: Iterable[Change], identity: Identity, message: str, when: int) -> bytes:
    """Return the fast-import program for one commit."""
    text = message.encode()
    parts = [
        f"commit {ref}\n".encode(),
        f"author {identity.author.name} <{identity.author.email}> {when} +0000\n".encode(),
        f"committer {identity.committer.name} <{identity.committer.email}> {when} +0000\n".encode(),
        f"data {len(text)}\n".encode() + text + b"\n",
        f"from {base}\n".encode(),
    ]
    for change in changes:
        quoted = _quoted(str(change.path))
        if change.after is None:
            parts.append(b"D " + quoted + b"\n")
        else:
            parts.append(b"M " + change.after.mode.encode() + b" inline " + quoted + b"\n")
            parts.append(f"data {len(change.after.content)}\n".encode() + change.after.content + b"\n")
    parts.append(b"done\n")
    return b"".join(parts)


def _quoted(path: str) -> bytes:
    return b'"' + path.encode().replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def message(subject: str, run: Run, target: str, changes: Iterable[Change]) -> str:
    """Return the commit message: the subject, then the trailers by which rollout knows its own commits."""
    first = " ".join(subject.split("\n", 1)[0].split()) or "rollout"
    body = subject.split("\n", 1)[1].strip("\n") if "\n" in subject else ""
    trailers = [f"Rollout-Run: {run.id}", f"Rollout-Plan: {run.digest}", f"Rollout-Target: {target}"]
    trailers += [f"Rollout-Merged: {change.path} {change.template}" for change in changes if change.template]
    parts = [first, *([body] if body else []), "\n".join(trailers)]
    return "\n\n".join(parts) + "\n"
