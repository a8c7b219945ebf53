"""How the inventory wants changes delivered: `deliver`, `review`, `forge` and `forges`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence

from rollout.content.yaml import nodes as yaml_nodes
from rollout.content.yaml.nodes import Fault, Leaf, Node
from rollout.inventory.entries import Entry, Source, entry, list_of, text_of
from rollout.model.reviews import Deliver, Delivery, Forge, ForgeKind, Key, Rules
from rollout.safety import addresses

_OWN = ("deliver", "review", "forge")  # what a repository may say itself


class Deliveries:
    """How repositories deliver their changes: one value for all in the same groups that say nothing themselves."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._rules = rules(source)
        self._of_groups: dict[tuple[str, ...], Delivery] = {}

    def of(self, repo: Entry, groups: tuple[str, ...]) -> Delivery:
        """Return how the changes of a repository are delivered."""
        if any(entry(repo.node, key) is not None for key in _OWN):
            return delivery(self._source, repo, groups, self._rules)
        if groups not in self._of_groups:
            self._of_groups[groups] = delivery(self._source, repo, groups, self._rules)
        return self._of_groups[groups]


def delivery(source: Source, repo: Entry, groups: Sequence[str], common: Rules) -> Delivery:
    """Return how a repository's changes are delivered: its own setting beats its groups', theirs beat the defaults.

    `common` are the rules of a repository that has none of its own.
    """
    own = entry(repo.node, "review")
    told = [repo.node, *_groups(source, groups), source.document.entries.get("defaults")]
    wanted = _text(told, "deliver") or Deliver.PUSH
    forge = next((one for node in told if (one := forge_of(entry(node, "forge")))), None)
    return Delivery(
        deliver=Deliver(wanted) if wanted in set(Deliver) else Deliver.PUSH,
        rules=common if own is None else rules(source, own, f"{repo.place}.review"),
        forge=forge,
        forges=source.forges,
        origin=source.origin,
        may=tuple(list_of(source.document, "target_may")),
    )


def _groups(source: Source, groups: Sequence[str]) -> list[Node | None]:
    """Return the entries of a target's groups, the last first: the order in which variables are settled."""
    return [entry(source.document.entries.get("groups"), name) for name in reversed(groups)]


def forges(document: yaml_nodes.Mapping) -> dict[str, Forge]:
    node = document.entries.get("forges")
    found = node.entries if isinstance(node, yaml_nodes.Mapping) else {}
    return {host.lower(): forge for host, told in found.items() if (forge := forge_of(told)) is not None}


def forge_of(node: Node | None) -> Forge | None:
    """Return a forge from its entry: its kind alone, or with the address of its interface."""
    kind = node.value if isinstance(node, Leaf) else text_of(node, "kind")
    if not isinstance(kind, str) or kind not in set(ForgeKind):
        return None
    api = text_of(node, "api")
    return Forge(ForgeKind(kind), None if api is None else api.rstrip("/"))


def rules(source: Source, own: Node | None = None, place: str = "") -> Rules:
    """Return the settings of a target's reviews: its own keys, which stand at a place, over those of the inventory."""
    told = (own, source.document.entries.get("review"))
    places = (place, "review")
    return Rules(
        id=_text(told, "branch") or _folder_name(source),
        title=_text(told, "title"),
        body=_text(told, "body"),
        labels=_list(told, "labels"),
        reviewers=_list(told, "reviewers"),
        teams=_list(told, "teams"),
        assignees=_list(told, "assignees"),
        draft=_flag(told, "draft", default=False),
        auto_merge=_flag(told, "auto_merge", default=False),
        delete_branch=_flag(told, "delete_branch", default=True),
        title_key=_key(told, places, "title"),
        body_key=_key(told, places, "body"),
    )


def _text(told: Iterable[Node | None], key: str) -> str | None:
    return next((text for node in told if (text := text_of(node, key))), None)


def _key(told: Iterable[Node | None], places: Iterable[str], key: str) -> Key | None:
    """Return where the text stands that counts, as `_text` finds it."""
    both = zip(told, places, strict=True)
    found = ((node, place) for node, place in both if isinstance(node, yaml_nodes.Mapping) and text_of(node, key))
    return next((Key(f"{place}.{key}", node.entries[key].line) for node, place in found), None)


def _list(told: Iterable[Node | None], key: str) -> tuple[str, ...]:
    return tuple(next((list_of(node, key) for node in told if entry(node, key)), ()))


def _flag(told: Iterable[Node | None], key: str, *, default: bool) -> bool:
    for node in told:
        found = entry(node, key)
        if isinstance(found, Leaf) and isinstance(found.value, bool):
            return found.value
    return default


def _folder_name(source: Source) -> str:
    """Return the name of the inventory's folder, as a part of a branch's name."""
    name = os.path.basename(os.path.realpath(source.path.parent))
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "rollout"


def faults(source: Source) -> Iterator[Fault]:
    """Yield what is wrong with `review`, `forge` and `forges`, at every level."""
    for place, node in _everywhere(source):
        yield from _branch_faults(f"{place}review", entry(node, "review"))
        yield from _api_faults(f"{place}forge", entry(node, "forge"))
    named = source.document.entries.get("forges")
    for host, told in named.entries.items() if isinstance(named, yaml_nodes.Mapping) else ():
        yield from _api_faults(f"forges.{host}", told)


def _everywhere(source: Source) -> Iterator[tuple[str, Node | None]]:
    yield "", source.document
    yield "defaults.", source.document.entries.get("defaults")
    for section in ("groups", "repos"):
        node = source.document.entries.get(section)
        for name, told in node.entries.items() if isinstance(node, yaml_nodes.Mapping) else ():
            yield f"{section}.{name}.", told


def _branch_faults(place: str, node: Node | None) -> Iterator[Fault]:
    name = text_of(node, "branch")
    why = None if name is None else addresses.branch_refusal(f"rollout/{name}")
    if why and node is not None:
        yield Fault(node.line, f"{place}.branch: {name!r} {why}")


def _api_faults(place: str, node: Node | None) -> Iterator[Fault]:
    api = text_of(node, "api")
    why = None if api is None else addresses.web_refusal(api)
    if why and node is not None:
        yield Fault(node.line, f"{place}.api: {why}")
