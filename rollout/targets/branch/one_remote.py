"""Ask a remote once where several of its branches are, for all targets that live there."""

from __future__ import annotations

import time

from rollout.model.inventory import Branch
from rollout.remote import upstream
from rollout.remote.upstream import Unreachable
from rollout.safety.faults import first_line
from rollout.store import heard as last_heard
from rollout.store.store import Store
from rollout.targets.branch.locate import locate
from rollout.targets.job import Heard, OneRemote, Unfit


def ask_once(there: OneRemote) -> dict[str, Heard]:
    """Return what a remote says of each target; nothing of those that have to ask themselves to learn what is wrong."""
    branches = {t.name: t.location for t in there.targets if isinstance(t.location, Branch)}
    began = time.time()
    refs = {name: f"refs/heads/{where.branch}" for name, where in branches.items()}
    try:
        at = locate(next(iter(branches.values())), there.settings.person, for_git=False)
        tips = upstream.ask_for(at.remote, tuple(dict.fromkeys(refs.values())))
    except Unreachable as error:
        if error.silent:
            return dict.fromkeys(refs, Heard(silent=first_line(str(error)), at=began))
        return {}
    except (Unfit, OSError):
        return {}
    return {name: Heard(tips[ref], at=began) for name, ref in refs.items() if ref in tips}


def said(heard: Heard | None, store: Store) -> str | None:
    """Return the commit that a remote told a moment ago; None if it has to be asked.

    It has if it was asked since: a run may have pushed, and its knowledge must not be replaced by what is older. Raises
    Unreachable if it did not answer.
    """
    if heard is None or (last_heard.asked_at(store) or 0) > heard.at:
        return None
    if heard.silent:
        raise Unreachable(heard.silent)
    return heard.tip
