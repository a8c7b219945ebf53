"""Ask each remote once that has several of the targets: on branches of one repository they wait for each other."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Event

from rollout.model.inventory import Branch, Target
from rollout.safety import addresses
from rollout.targets.job import Heard, OneRemote, Settings
from rollout.targets.units import ASKING
from rollout.work.executors import Executor


def ask_once(targets: Iterable[Target], settings: Settings, executor: Executor, stop: Event) -> dict[str, Heard]:
    """Return what those remotes said of their targets; nothing of the others, which ask for themselves."""
    if settings.offline:
        return {}
    there: dict[str, list[Target]] = {}
    for target in targets:
        match target.location:
            case Branch(url=str(url)):
                there.setdefault(url, []).append(target)
    several = (found for url, found in there.items() if len(found) > 1 and addresses.host(url))
    shared = [OneRemote(tuple(found), settings) for found in several]
    found: dict[str, Heard] = {}
    for _, heard in executor.run(ASKING, shared, stop, len(shared)) if shared else ():
        found |= heard
    return found
