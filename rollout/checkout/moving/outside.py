"""Tell which new files a sparse checkout leaves out: they come into the index alone, as they do when git pulls them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from msgspec.structs import replace

from rollout.checkout.edits import Move
from rollout.git.git_folder import GitDir
from rollout.git.run import Git
from rollout.machine import look


def outside(repo: GitDir, git: Git, moves: Iterable[Move], scratch: Path) -> frozenset[PurePosixPath]:
    """Return the paths of new files that a sparse checkout leaves out, but for those where something is already.

    Git says which: it is asked with an index of the new files alone, and a work tree where there is nothing.
    """
    new = [(move.path, move.new) for move in moves if move.old is None and move.new is not None]
    if not new or not os.path.lexists(repo.git_dir / "info" / "sparse-checkout"):
        return frozenset()
    empty, index = scratch / "nothing", scratch / "index.new"
    empty.mkdir(exist_ok=True)
    index.unlink(missing_ok=True)
    lines = "".join(f"{mode} {name}\t{path}\0" for path, (mode, name) in new)
    asked = replace(git.with_options(GIT_INDEX_FILE=str(index)), work_tree=empty)
    asked.run("update-index", "-z", "--index-info", stdin=lines.encode("utf-8", "surrogateescape"))
    if asked.attempt("-c", "index.sparse=false", "sparse-checkout", "reapply").code:
        return frozenset()  # sparse checkout is off; git only keeps its patterns
    listed = asked.run("ls-files", "-t", "-z").out.decode("utf-8", "surrogateescape")
    out = (PurePosixPath(record[2:]) for record in listed.split("\0") if record.startswith("S "))
    return frozenset(path for path in out if look.look(repo.top, path) is None)
