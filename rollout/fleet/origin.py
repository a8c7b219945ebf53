"""What the folder of an inventory tells about it: the word that marks its reviews, and its commit."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from rollout.checkout import discover
from rollout.git.git_folder import GitDir, NotOurs, read
from rollout.model.reviews import Origin
from rollout.objects.ids import ID
from rollout.safety import addresses


def origin(path: Path) -> Origin:
    """Return the origin of an inventory: the same on every machine that has cloned its repository."""
    place = Path(os.path.realpath(path))
    repo = _around(place.parent)
    if repo is None:
        return Origin(_word(str(place)))
    try:
        urls = repo.remote_urls("origin")
    except NotOurs:
        urls = []
    name = f"{addresses.project(urls[0])}:{place.relative_to(repo.top)}" if len(urls) == 1 else str(place)
    return Origin(_word(name), _commit(repo))


def _word(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _around(folder: Path) -> GitDir | None:
    for top in (folder, *folder.parents):
        if os.path.lexists(top / ".git"):
            try:
                return discover.discover(top, for_git=False)
            except NotOurs:
                return None
    return None


def _commit(repo: GitDir) -> str | None:
    head = repo.head()
    found = repo.ref(head) if head is not None else (read(f"{repo.git_dir}/HEAD") or "").strip()
    return found if found and ID.match(found) else None
