"""inventory.yaml becomes targets: parsed at the border, every fault reported with its line, all at once."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from rollout.content import blocks, yaml_nodes
from rollout.content.documents.match import steps_of
from rollout.content.patterns import is_glob
from rollout.content.yaml_nodes import Fault
from rollout.inventory import limits, needs
from rollout.inventory.check import Check, error
from rollout.inventory.description import INVENTORY
from rollout.inventory.entries import RESERVED, entry, list_of, settings_of, text_of
from rollout.inventory.machines import is_host_glob
from rollout.inventory.rules import glob_refusal, line_faults
from rollout.inventory.targets import places
from rollout.model.inventory import Branch, FilePattern, Folder, Inventory, Machine, Target, Variable
from rollout.safety import addresses, paths
from rollout.safety.shown import redact


def parse(
    text: str,
    path: Path,
    *,
    shown: str,
    sets: Collection[str],
    root: Path | None = None,
    overrides: Mapping[str, str] | None = None,
    read: Callable[[str], tuple[yaml_nodes.Node | None, list[Fault]]] = yaml_nodes.parse,
) -> Inventory:
    """Return the inventory; raise InventoryError with every fault as `shown:LINE: place: what`.

    `sets` are the template sets there are, `root` replaces the inventory's own, `overrides` are --var; `read` makes a
    document of the text.
    """
    document, faults = read(text)
    if document is None:
        faults = faults or [Fault(1, "the inventory is empty; `rollout init` writes a first one")]
        raise error(shown, faults)
    check = Check(faults)
    check.walk(document, INVENTORY, "")
    if not isinstance(document, yaml_nodes.Mapping):
        raise error(shown, check.faults)
    reader = _Reader(document, path, sets, root, overrides or {})
    inventory = reader.inventory()
    if check.faults or reader.faults:
        # Where the shape is wrong already, that nothing of it can be used is no news.
        raise error(
            shown, [*check.faults, *(f for f in reader.faults if not check.faults or "no targets" not in f.message)]
        )
    return inventory


class _Reader:
    """Builds typed values from a document; what the description has refused is passed over here."""

    def __init__(
        self,
        document: yaml_nodes.Mapping,
        path: Path,
        sets: Collection[str],
        root: Path | None,
        overrides: Mapping[str, str],
    ) -> None:
        self.document = document
        self.path = path
        self.sets = sets
        self.faults: list[Fault] = []
        self.overrides = overrides
        named = text_of(document, "root")
        base = Path.cwd() / path.parent
        self.root = Path(os.path.normpath(root if root is not None else base / Path(named or ".").expanduser()))

    def inventory(self) -> Inventory:
        self.base_vars = self._vars(self.document.entries.get("vars"), "vars")
        self.group_vars = {
            name: self._vars(entry(group, "vars"), f"groups.{name}") for name, group, _ in self._section("groups")
        }
        self.override_vars = {key: Variable(_given(value), "--var") for key, value in self.overrides.items()}
        for name in set(self.overrides) & RESERVED:
            self.faults.append(Fault(1, f"--var {name}: the name {name!r} belongs to rollout; choose another"))
        self.defaults = self.document.entries.get("defaults")
        targets = (*self._repos(), *self._folders())
        if not targets and not self.faults:
            self.faults.append(Fault(1, "no targets: name at least one under 'repos' or 'folders'"))
        self._one_target_a_place(targets)
        self.faults.extend(needs.faults(targets))
        self._known_machines(targets)
        told, forbidden = self.document.entries.get("budgets"), self.document.entries.get("forbid")
        self.faults.extend(limits.faults(told, forbidden))
        events = self.document.entries.get("events")
        return Inventory(
            path=self.path,
            root=self.root,
            targets=targets,
            machines=self._machines(),
            patterns=tuple(self._patterns()),
            ledger=text_of(self.document, "ledger"),
            database=text_of(events, "database"),
            budgets=limits.budgets(told),
            forbid=limits.forbids(forbidden),
        )

    def _section(self, key: str) -> Iterator[tuple[str, yaml_nodes.Node, int]]:
        node = self.document.entries.get(key)
        if isinstance(node, yaml_nodes.Mapping):
            for name, value in node.entries.items():
                yield name, value, node.key_lines[name]

    def _vars(self, node: yaml_nodes.Node | None, source: str) -> dict[str, Variable]:
        found: dict[str, Variable] = {}
        if isinstance(node, yaml_nodes.Mapping):
            for name, value in node.entries.items():
                if name in RESERVED:
                    self._fault(node.key_lines[name], f"{source}.{name}: the name belongs to rollout; choose another")
                found[name] = Variable(yaml_nodes.written(value), source)
        return found

    def _machines(self) -> dict[str, Machine]:
        machines: dict[str, Machine] = {}
        exact: dict[str, str] = {}
        defaults = []
        for name, node, line in self._section("machines"):
            hostnames = tuple(str(h).lower() for h in list_of(node, "hostnames")) or (name.lower(),)
            for host in hostnames:
                if not is_host_glob(host) and exact.setdefault(host, name) != name:
                    self._fault(line, f"machines.{name}: the host name {host!r} is claimed by {exact[host]!r} too")
            default = yaml_nodes.plain(entry(node, "default") or yaml_nodes.Scalar(False, 0)) is True
            if default:
                defaults.append(name)
            if len(defaults) > 1:
                self._fault(line, f"machines.{name}: {defaults[0]!r} is the default already; there can be one")
            variables = self._vars(entry(node, "vars"), f"machines.{name}")
            machines[name] = Machine(name, hostnames, variables, default, line)
        return machines

    def _repos(self) -> Iterator[Target]:
        for name, node, line in self._section("repos"):
            path, url = text_of(node, "path"), text_of(node, "url")
            if path is None and url is None:
                self._fault(line, f"repos.{name}: needs a 'path' (a checkout), a 'url', or both")
            branch = self._setting(node, "branch") or "main"
            remote = self._setting(node, "remote") or "origin"
            self._safe(line, f"repos.{name}.url", url and addresses.refusal(url), url)
            self._safe(line, f"repos.{name}.branch", addresses.branch_refusal(branch), branch)
            self._safe(line, f"repos.{name}.remote", addresses.branch_refusal(remote), remote)
            if url is not None and addresses.is_local(url) and not url.startswith("file://"):
                url = str(self._place(url))
            location = Branch(
                url=url,
                remote=remote,
                branch=branch,
                checkout=None if path is None else self._place(path),
                follow=(self._setting(node, "checkout") or "follow") == "follow",
            )
            yield self._target(f"repos.{name}", name, node, line, location, list_of(self.defaults, "templates"))

    def _folders(self) -> Iterator[Target]:
        repos = {name for name, _, _ in self._section("repos")}
        for name, node, line in self._section("folders"):
            if name in repos:
                self._fault(line, f"folders.{name}: a repository has this name already")
            location = Folder(self._place(text_of(node, "path") or "."))
            yield self._target(f"folders.{name}", name, node, line, location, [])

    def _target(
        self,
        place: str,
        name: str,
        node: yaml_nodes.Node,
        line: int,
        location: Branch | Folder,
        fallback: list[str],
    ) -> Target:
        templates = tuple(list_of(node, "templates") or fallback)
        if not templates:
            self._fault(line, f"{place}: names no template sets, and 'defaults' has none")
        for used in templates:
            if used not in self.sets:
                at = entry(node, "templates") or entry(self.defaults, "templates")
                known = (
                    ", ".join(sorted(s for s in self.sets if "/" not in s))
                    or "none: there is no templates/ folder beside the inventory"
                )
                self._fault(at.line if at else line, f"{place}: no template set {used!r} (there are: {known})")
        groups = tuple(list_of(node, "groups"))
        variables = dict(self.base_vars)
        for group in groups:
            variables.update(self.group_vars.get(group, {}))
        variables.update(self._vars(entry(node, "vars"), place))
        variables.update(self.override_vars)
        return Target(
            name,
            location,
            templates,
            groups,
            variables,
            line,
            *(tuple(list_of(node, key)) for key in ("needs", "machines")),
        )

    def _patterns(self) -> Iterator[FilePattern]:
        for pattern, node, line in self._section("files"):
            place = f"files.{pattern}"
            settings: dict[str, Any] = {
                key: v for key, v in settings_of(node).items() if isinstance(v, str | int | list)
            }
            if match := self._match(node, place):
                settings["match"] = match
            why = paths.refusal(pattern.strip("/")) if not is_glob(pattern) else glob_refusal(pattern)
            self._safe(line, place, why, pattern)
            block_id = settings.get("id")
            if block_id is not None and not blocks.valid_id(str(block_id)):
                self._fault(line, f"{place}.id: {block_id!r} must be letters, digits, '.', '_' and '-'")
            if settings.get("check") is not None and "{path}" not in str(settings["check"]):
                self._fault(line, f"{place}.check: the command must name {{path}}, the file to check")
            for key, fault in line_faults(settings):
                self._fault(line, f"{place}.{key}: {fault}")
            yield FilePattern(pattern, settings, line)

    def _match(self, node: yaml_nodes.Node, place: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Return the lists whose entries are matched, each with the keys that identify an entry."""
        told = entry(node, "match")
        if not isinstance(told, yaml_nodes.Mapping):
            return ()
        for path in told.entries:
            if steps_of(path) is None:
                self._fault(told.key_lines[path], f"{place}.match: {path!r} is no path; write keys with dots, * and []")
        keys = ((path, yaml_nodes.plain(value)) for path, value in told.entries.items())
        return tuple((path, tuple(k if isinstance(k, list) else [str(k)])) for path, k in keys)

    def _known_machines(self, targets: tuple[Target, ...]) -> None:
        known = {name for name, _, _ in self._section("machines")}
        for target in targets:
            for name in target.machines:
                if name not in known:
                    self._fault(target.line, f"{target.name}.machines: there is no machine {name!r}")

    def _one_target_a_place(self, targets: tuple[Target, ...]) -> None:
        taken: dict[tuple[str, str], Target] = {}
        checkouts: dict[str, Target] = {}
        of_folder = cache(os.path.realpath)
        for target in targets:
            for place in places(target, of_folder):
                if isinstance(target.location, Branch) and place[0].startswith("/"):
                    checkouts[place[0]] = target
                other = taken.setdefault(place, target)
                if isinstance(target.location, Folder):
                    other = checkouts.get(place[0], other)
                if other is not target:
                    self._fault(
                        target.line,
                        f"{target.name}: is at the same place as {other.name}: {place[0].removeprefix('url ')}",
                    )
                    break

    def _setting(self, node: yaml_nodes.Node, key: str) -> str | None:
        return text_of(node, key) or text_of(self.defaults, key)

    def _place(self, path: str) -> Path:
        full = Path(path).expanduser() if path.startswith("~") else path
        return Path(os.path.normpath(os.path.join(self.root, full)))

    def _safe(self, line: int, place: str, why: str | None, value: str | None) -> None:
        if why:
            self._fault(line, f"{place}: {redact(value or '')!r} {why}")

    def _fault(self, line: int, message: str) -> None:
        self.faults.append(Fault(line, message))


def _given(text: str) -> Any:
    """Read the value of --var as YAML does; what is text there, or no one value, stays as it was typed."""
    node, faults = yaml_nodes.parse(text)
    if node is None or faults or text != text.strip():
        return text
    match node:
        case yaml_nodes.Scalar(value=None):
            return None if text.lower() in {"null", "~"} else text
        case yaml_nodes.Scalar(value=str(value)):
            return value if text[0] in "'\"" else text
        case yaml_nodes.Scalar():
            return node.value if " " not in text else text
    return yaml_nodes.written(node) if text[0] in "[{" else text
