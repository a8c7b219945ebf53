"""The targets of an inventory: its repositories and its folders."""

from __future__ import annotations

import os.path
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from rollout.content.yaml import nodes as yaml_nodes
from rollout.content.yaml.nodes import Fault
from rollout.inventory.deliveries import Deliveries
from rollout.inventory.entries import Entry, Source, entry, list_of, section, text_of
from rollout.inventory.variables import Variables, variables_of
from rollout.model.inventory import Branch, Folder, Hold, InInventory, Target
from rollout.safety import addresses


def targets(source: Source, common: Variables) -> tuple[tuple[Target, ...], list[Fault]]:
    """Return the targets in the inventory's order, repositories before folders."""
    found: list[Target] = []
    faults: list[Fault] = []
    repos = list(section(source.document, "repos"))
    fallback = tuple(list_of(source.document.entries.get("defaults"), "templates"))
    deliveries = Deliveries(source)
    for repo in repos:
        branch, wrong = _branch(source, repo)
        target, more = _target(source, common, repo, branch, fallback)
        found.append(replace(target, delivery=deliveries.of(repo, target.groups)))
        faults += [*wrong, *more]
    names = {repo.name for repo in repos}
    for folder in section(source.document, "folders"):
        if folder.name in names:
            faults.append(folder.fault(": a repository has this name already"))
        location = Folder(_place(source, text_of(folder.node, "path") or "."))
        target, more = _target(source, common, folder, location, ())
        found.append(target)
        faults += more
    return tuple(found), faults


def _branch(source: Source, repo: Entry) -> tuple[Branch, list[Fault]]:
    path, url = text_of(repo.node, "path"), text_of(repo.node, "url")
    branch = _setting(source, repo, "branch") or "main"
    remote = _setting(source, repo, "remote") or "origin"
    nowhere = path is None and url is None and repo.is_judged
    faults = [repo.fault(": needs a 'path' (a checkout), a 'url', or both")] if nowhere else []
    faults += repo.unsafe(".url", url or "", addresses.refusal(url) if url else None)
    faults += repo.unsafe(".branch", branch, addresses.branch_refusal(branch))
    faults += repo.unsafe(".remote", remote, addresses.remote_refusal(remote))
    if url is not None and addresses.is_local(url) and not url.startswith("file://"):
        url = str(_place(source, url))
    checkout = None if path is None else _place(source, path)
    follow = (_setting(source, repo, "checkout") or "follow") == "follow"
    return Branch(url=url, remote=remote, branch=branch, checkout=checkout, follow=follow), faults


def _target(
    source: Source, common: Variables, told: Entry, location: Branch | Folder, fallback: tuple[str, ...]
) -> tuple[Target, list[Fault]]:
    templates = tuple(list_of(told.node, "templates")) or fallback
    groups = tuple(list_of(told.node, "groups"))
    own, faults = variables_of(entry(told.node, "vars"), InInventory(told.keys))
    seen, hold = common.of(groups, own), _hold(told)
    agents = _agents(source, told, groups)
    target = Target(told.name, location, templates, groups, seen, told.line, *_named(told), hold=hold, agents=agents)
    return target, [*_unknown_sets(source, told, location, templates), *faults]


def _unknown_sets(
    source: Source, told: Entry, location: Branch | Folder, templates: tuple[str, ...]
) -> Iterator[Fault]:
    # Of a folder the description of its keys says it.
    if not templates and isinstance(location, Branch) and told.is_judged:
        yield told.fault(": names no template sets, and 'defaults' has none")
    for used in templates:
        if used not in source.sets:
            at = entry(told.node, "templates") or entry(source.document.entries.get("defaults"), "templates")
            known = ", ".join(sorted(name for name in source.sets if "/" not in name))
            known = known or "none: there is no templates/ folder beside the inventory"
            yield told.fault(f": no template set {used!r} (there are: {known})", at.line if at else None)


def _setting(source: Source, repo: Entry, key: str) -> str | None:
    return text_of(repo.node, key) or text_of(source.document.entries.get("defaults"), key)


def _place(source: Source, path: str) -> Path:
    full = Path(path).expanduser() if path.startswith("~") else path
    return Path(os.path.normpath(os.path.join(source.root, full)))


def root_of(document: yaml_nodes.Mapping, path: Path, root: Path | None) -> Path:
    """Return the folder that paths in the inventory are relative to; `root` replaces the inventory's own."""
    own = Path.cwd() / path.parent / Path(text_of(document, "root") or ".").expanduser()
    return Path(os.path.normpath(own if root is None else root))


def _hold(told: Entry) -> Hold | None:
    found = entry(told.node, "hold")
    if isinstance(found, yaml_nodes.Leaf):
        return Hold() if found.value is True else None
    return None if found is None else Hold(text_of(found, "until"))


def _agents(source: Source, told: Entry, groups: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return who reads a target's rules: its own word beats its groups', the last first, that beats the defaults'."""
    every = [entry(source.document.entries.get("groups"), name) for name in reversed(groups)]
    every += [source.document.entries.get("defaults")] if told.section == "repos" else []
    node = next((node for node in (told.node, *every) if entry(node, "agents") is not None), None)
    return None if node is None else tuple(dict.fromkeys(list_of(node, "agents")))


def _named(told: Entry) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the targets that an entry needs, and the machines that it is for."""
    return tuple(list_of(told.node, "needs")), tuple(list_of(told.node, "machines"))
