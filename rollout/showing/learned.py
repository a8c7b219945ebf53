"""What `init` proposes, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from rollout.model.learning import Form, Learned, LeftOut, Takeover
from rollout.safety.shown import redact
from rollout.showing.colour import count
from rollout.showing.table import Column, table

_MOST = 20  # lines to show of what is left out


def proposed(proposal: Takeover, width: int | None = None) -> str:
    """Return the table of what is taken over, with a line that sums it up; nothing if that is empty."""
    if not proposal.sets:
        return ""
    sets = {(one.path, one.repositories[0]): made.name for made in proposal.sets for one in made.files}
    taken = [one for one in proposal.files if one.form is not Form.SKIP]
    rows = [
        [str(one.path), str(len(one.repositories)), str(one.variants), _becomes(one, sets), _differs(one)]
        for one in taken
    ]
    made = table([*map(Column, ("PATH", "IN", "VARIANTS", "BECOMES", "WHAT DIFFERS"))], rows, width)
    return f"{made}\n{_summary(proposal)}.\n"


def _becomes(one: Learned, sets: Mapping[tuple[PurePosixPath, str], str]) -> str:
    return f"{one.form.value} in {sets[one.path, one.repositories[0]]}"


def _differs(one: Learned) -> str:
    if one.form is Form.BLOCK:
        return "the rest of the file"
    return ", ".join(one.values) if one.values else "nothing"


def left_out(proposal: Takeover, *, everything: bool = False) -> str:
    """Return a line for each thing that is not taken over, with the reason."""
    lines = [f"{one.path}: {one.reason} ({_in(one)})" for one in proposal.files if one.form is Form.SKIP]
    lines += [f"{one.name}: {one.reason}" for one in proposal.left_out]
    if len(lines) > _MOST and not everything:
        lines = [*lines[:_MOST], f"and {len(lines) - _MOST} more; -v lists them"]
    return "".join(f"left out: {line}\n" for line in lines)


def _in(one: Learned) -> str:
    return one.repositories[0] if len(one.repositories) == 1 else f"in {len(one.repositories)}"


def _summary(proposal: Takeover) -> str:
    taken = [one for one in proposal.files if one.form is not Form.SKIP]
    return (
        f"{count(len(taken), 'template')} for {count(len(proposal.sources), 'repository')} "
        f"in {count(len(proposal.sets), 'template set')}"
    )


def document(proposal: Takeover, written: Iterable[str], fits: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the proposal as `init --json` prints it; `fits` are the sets that new repositories have already."""
    return {
        "format": "rollout-init/1",
        "repositories": [
            {
                "name": one.name,
                "path": str(one.checkout.path),
                "branch": one.checkout.branch,
                "url": redact(one.url),
            }
            for one in proposal.sources
        ],
        "files": [_file(one) for one in proposal.files],
        "left_out": [_left(one) for one in proposal.left_out],
        "sets": [{"name": one.name, "repositories": list(one.repositories)} for one in proposal.sets],
        "fits": [{"name": name, "sets": list(sets)} for name, sets in fits.items()],
        "written": list(written),
    }


def _file(one: Learned) -> dict[str, Any]:
    return {
        "path": str(one.path),
        "repositories": list(one.repositories),
        "variants": one.variants,
        "proposal": one.form.value,
        "variables": list(one.values),
        "reason": one.reason,
    }


def _left(one: LeftOut) -> dict[str, str]:
    return {"name": one.name, "reason": one.reason}
