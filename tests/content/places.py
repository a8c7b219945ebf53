"""A managed file on a branch or in a shared folder, whichever a test is about."""

from __future__ import annotations

from pathlib import Path

from tests.world import World


def shared(world: World, kind: str, named: str, theirs: str | None) -> tuple[Path, str]:
    """Return a file that others may have begun, and what the inventory says of the folder that it is in."""
    if kind == "branch":
        world.repo("api", {"README.md": "x\n"} | ({} if theirs is None else {named: theirs}))
        return world.root / "api" / named, ""
    (world.root / "shared").mkdir()
    if theirs is not None:
        (world.root / "shared" / named).write_text(theirs)
    return world.root / "shared" / named, "folders: {f: {path: shared, templates: [project]}}\n"


def pushed(world: World, kind: str, there: Path, text: str) -> None:
    """Let others change the file, upstream or on the disk."""
    if kind == "branch":
        world.elsewhere("api", {there.name: text})
    else:
        there.write_text(text)
