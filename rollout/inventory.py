"""inventory.yaml becomes targets: parsed at the border, every fault reported with its line, all at once."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from rollout import addresses, blocks, markers, paths, sections, yamlnodes
from rollout.description import INVENTORY
from rollout.errors import UsageError
from rollout.globs import is_glob, matches
from rollout.match import steps_of
from rollout.model import (
    Branch,
    FilePattern,
    FileRule,
    Folder,
    Inventory,
    Machine,
    Mode,
    Target,
    Variable,
)
from rollout.schema import Check
from rollout.yamlnodes import Fault

_RESERVED = {"target", "path", "machine", "machines"}


class InventoryError(UsageError):
    """One or more faults of an inventory, a line each."""


def parse(
    text: str,
    path: Path,
    *,
    shown: str,
    sets: Collection[str],
    root: Path | None = None,
    overrides: Mapping[str, str] | None = None,
    read: Callable[[str], tuple[yamlnodes.Node | None, list[Fault]]] = yamlnodes.parse,
) -> Inventory:
    """Return the inventory; raise InventoryError with every fault as `shown:LINE: place: what`.

    `sets` are the template sets there are, `root` replaces the inventory's own, `overrides` are --var; `read` makes a
    document of the text.
    """
    document, faults = read(text)
    if document is None:
        faults = faults or [Fault(1, "the inventory is empty; `rollout init` writes a first one")]
        raise _error(shown, faults)
    check = Check(faults)
    check.walk(document, INVENTORY, "")
    if not isinstance(document, yamlnodes.Mapping):
        raise _error(shown, check.faults)
    reader = _Reader(document, path, sets, root, overrides or {})
    inventory = reader.inventory()
    if check.faults or reader.faults:
        # Where the shape is wrong already, that nothing of it can be used is no news.
        raise _error(
            shown, [*check.faults, *(f for f in reader.faults if not check.faults or "no targets" not in f.message)]
        )
    return inventory


def _error(shown: str, faults: Iterable[Fault]) -> InventoryError:
    ordered = sorted(set(faults), key=lambda fault: fault.line)
    return InventoryError("\n".join(f"{shown}:{fault.line}: {fault.message}" for fault in ordered))


class _Reader:
    """Builds typed values from a document; what the description has refused is passed over here."""

    def __init__(
        self,
        document: yamlnodes.Mapping,
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
        named = _text(document, "root")
        base = Path.cwd() / path.parent
        self.root = Path(os.path.normpath(root if root is not None else base / Path(named or ".").expanduser()))

    def inventory(self) -> Inventory:
        self.base_vars = self._vars(self.document.entries.get("vars"), "vars")
        self.group_vars = {
            name: self._vars(_entry(group, "vars"), f"groups.{name}") for name, group, _ in self._section("groups")
        }
        self.override_vars = {key: Variable(_given(value), "--var") for key, value in self.overrides.items()}
        for name in set(self.overrides) & _RESERVED:
            self.faults.append(Fault(1, f"--var {name}: the name {name!r} belongs to rollout; choose another"))
        self.defaults = self.document.entries.get("defaults")
        targets = (*self._repos(), *self._folders())
        if not targets and not self.faults:
            self.faults.append(Fault(1, "no targets: name at least one under 'repos' or 'folders'"))
        self._one_target_a_place(targets)
        events = self.document.entries.get("events")
        return Inventory(
            path=self.path,
            root=self.root,
            targets=targets,
            machines=self._machines(),
            patterns=tuple(self._patterns()),
            ledger=_text(self.document, "ledger"),
            database=_text(events, "database"),
        )

    def _section(self, key: str) -> Iterator[tuple[str, yamlnodes.Node, int]]:
        node = self.document.entries.get(key)
        if isinstance(node, yamlnodes.Mapping):
            for name, value in node.entries.items():
                yield name, value, node.key_lines[name]

    def _vars(self, node: yamlnodes.Node | None, source: str) -> dict[str, Variable]:
        found: dict[str, Variable] = {}
        if isinstance(node, yamlnodes.Mapping):
            for name, value in node.entries.items():
                if name in _RESERVED:
                    self._fault(node.key_lines[name], f"{source}.{name}: the name belongs to rollout; choose another")
                found[name] = Variable(yamlnodes.written(value), source)
        return found

    def _machines(self) -> dict[str, Machine]:
        machines: dict[str, Machine] = {}
        exact: dict[str, str] = {}
        defaults = []
        for name, node, line in self._section("machines"):
            hostnames = tuple(str(h).lower() for h in _list(node, "hostnames")) or (name.lower(),)
            for host in hostnames:
                if not _is_host_glob(host) and exact.setdefault(host, name) != name:
                    self._fault(line, f"machines.{name}: the host name {host!r} is claimed by {exact[host]!r} too")
            default = yamlnodes.plain(_entry(node, "default") or yamlnodes.Scalar(False, 0)) is True
            if default:
                defaults.append(name)
            if len(defaults) > 1:
                self._fault(line, f"machines.{name}: {defaults[0]!r} is the default already; there can be one")
            variables = self._vars(_entry(node, "vars"), f"machines.{name}")
            machines[name] = Machine(name, hostnames, variables, default, line)
        return machines

    def _repos(self) -> Iterator[Target]:
        for name, node, line in self._section("repos"):
            path, url = _text(node, "path"), _text(node, "url")
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
            yield self._target(f"repos.{name}", name, node, line, location, _list(self.defaults, "templates"))

    def _folders(self) -> Iterator[Target]:
        repos = {name for name, _, _ in self._section("repos")}
        for name, node, line in self._section("folders"):
            if name in repos:
                self._fault(line, f"folders.{name}: a repository has this name already")
            location = Folder(self._place(_text(node, "path") or "."))
            yield self._target(f"folders.{name}", name, node, line, location, [])

    def _target(
        self,
        place: str,
        name: str,
        node: yamlnodes.Node,
        line: int,
        location: Branch | Folder,
        fallback: list[str],
    ) -> Target:
        templates = tuple(_list(node, "templates") or fallback)
        if not templates:
            self._fault(line, f"{place}: names no template sets, and 'defaults' has none")
        for used in templates:
            if used not in self.sets:
                at = _entry(node, "templates") or _entry(self.defaults, "templates")
                known = (
                    ", ".join(sorted(s for s in self.sets if "/" not in s))
                    or "none: there is no templates/ folder beside the inventory"
                )
                self._fault(at.line if at else line, f"{place}: no template set {used!r} (there are: {known})")
        groups = tuple(_list(node, "groups"))
        variables = dict(self.base_vars)
        for group in groups:
            variables.update(self.group_vars.get(group, {}))
        variables.update(self._vars(_entry(node, "vars"), place))
        variables.update(self.override_vars)
        return Target(name, location, templates, groups, variables, line)

    def _patterns(self) -> Iterator[FilePattern]:
        for pattern, node, line in self._section("files"):
            place = f"files.{pattern}"
            settings: dict[str, Any] = {key: v for key, v in _settings(node).items() if isinstance(v, str | int | list)}
            if match := self._match(node, place):
                settings["match"] = match
            why = paths.refusal(pattern.strip("/")) if not is_glob(pattern) else _glob_refusal(pattern)
            self._safe(line, place, why, pattern)
            block_id = settings.get("id")
            if block_id is not None and not blocks.valid_id(str(block_id)):
                self._fault(line, f"{place}.id: {block_id!r} must be letters, digits, '.', '_' and '-'")
            if settings.get("check") is not None and "{path}" not in str(settings["check"]):
                self._fault(line, f"{place}.check: the command must name {{path}}, the file to check")
            for key, fault in _line_faults(settings):
                self._fault(line, f"{place}.{key}: {fault}")
            yield FilePattern(pattern, settings, line)

    def _match(self, node: yamlnodes.Node, place: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Return the lists whose entries are matched, each with the keys that identify an entry."""
        told = _entry(node, "match")
        if not isinstance(told, yamlnodes.Mapping):
            return ()
        for path in told.entries:
            if steps_of(path) is None:
                self._fault(told.key_lines[path], f"{place}.match: {path!r} is no path; write keys with dots, * and []")
        keys = ((path, yamlnodes.plain(value)) for path, value in told.entries.items())
        return tuple((path, tuple(k if isinstance(k, list) else [str(k)])) for path, k in keys)

    def _one_target_a_place(self, targets: tuple[Target, ...]) -> None:
        taken: dict[tuple[str, str], Target] = {}
        checkouts: dict[str, Target] = {}
        of_folder = cache(os.path.realpath)
        for target in targets:
            for place in _places(target, of_folder):
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

    def _setting(self, node: yamlnodes.Node, key: str) -> str | None:
        return _text(node, key) or _text(self.defaults, key)

    def _place(self, path: str) -> Path:
        full = Path(path).expanduser() if path.startswith("~") else path
        return Path(os.path.normpath(os.path.join(self.root, full)))

    def _safe(self, line: int, place: str, why: str | None, value: str | None) -> None:
        if why:
            self._fault(line, f"{place}: {addresses.redact(value or '')!r} {why}")

    def _fault(self, line: int, message: str) -> None:
        self.faults.append(Fault(line, message))


def _places(target: Target, of_folder: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """Yield what no other target may have: a folder, a branch in a checkout, a branch at an address."""
    match target.location:
        case Folder(root):
            yield _real(root, of_folder), ""
        case Branch(url=url, checkout=checkout, branch=branch):
            if checkout is not None:
                yield _real(checkout, of_folder), branch
            if url is not None:
                yield f"url {addresses.identity(url)}", branch


def _real(path: Path, of_folder: Callable[[str], str]) -> str:
    """Return where a path leads; many lie in one folder, which is followed once."""
    folder, name = os.path.split(path)
    found = os.path.join(of_folder(folder), name)
    return os.path.realpath(found) if not name or os.path.islink(found) else found


def _entry(node: yamlnodes.Node | None, key: str) -> yamlnodes.Node | None:
    return node.entries.get(key) if isinstance(node, yamlnodes.Mapping) else None


def _text(node: yamlnodes.Node | None, key: str) -> str | None:
    found = _entry(node, key)
    return found.value if isinstance(found, yamlnodes.Scalar) and isinstance(found.value, str) else None


def _list(node: yamlnodes.Node | None, key: str) -> list[str]:
    found = _entry(node, key)
    items = yamlnodes.plain(found) if isinstance(found, yamlnodes.Sequence) else []
    return [item for item in items if isinstance(item, str)]


def _settings(node: yamlnodes.Node) -> dict[str, Any]:
    return dict(yamlnodes.plain(node)) if isinstance(node, yamlnodes.Mapping) else {}


def _line_faults(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the keys of a file's rule whose texts cannot be used, and why."""
    given, replaces = settings.get("markers"), settings.get("replaces")
    fault = markers.fault_of(_words(given)) if isinstance(given, list) and len(given) > 1 else None
    if fault:
        yield "markers", fault
    fault = sections.fault_of(replaces) if isinstance(replaces, str) and replaces else None
    if fault:
        yield "replaces", fault


def _words(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def _glob_refusal(pattern: str) -> str | None:
    return "leaves its target through '..'" if ".." in pattern.split("/") else None


def _given(text: str) -> Any:
    """Read the value of --var as YAML does; what is text there, or no one value, stays as it was typed."""
    node, faults = yamlnodes.parse(text)
    if node is None or faults or text != text.strip():
        return text
    match node:
        case yamlnodes.Scalar(value=None):
            return None if text.lower() in {"null", "~"} else text
        case yamlnodes.Scalar(value=str(value)):
            return value if text[0] in "'\"" else text
        case yamlnodes.Scalar():
            return node.value if " " not in text else text
    return yamlnodes.written(node) if text[0] in "[{" else text


def _is_host_glob(name: str) -> bool:
    return any(c in name for c in "*?[")


def rule_for(patterns: Iterable[FilePattern], path: str) -> FileRule:
    """Settle how a managed path is written: later globs over earlier ones, exact paths over globs, key by key."""
    settings: dict[str, Any] = {}
    covering = [p for p in patterns if matches(p.pattern, path)]
    for pattern in sorted(covering, key=lambda p: not is_glob(p.pattern)):
        if is_glob(pattern.pattern) or pattern.pattern.strip("/") == path:
            settings.update(pattern.settings)
    return FileRule(
        mode=Mode(settings.get("mode", Mode.WHOLE)),
        block_id=settings.get("id"),
        delimiters=settings.get("delimiters", "jinja"),
        check=settings.get("check"),
        max_chars=settings.get("max_chars"),
        max_lines=settings.get("max_lines"),
        secrets=settings.get("secrets", "block"),
        markers=_words(settings.get("markers")),
        replaces=settings.get("replaces"),
        formatter=settings.get("formatter"),
        allow=_words(settings.get("allow")),
        placeholders=_words(settings.get("placeholders")),
        format=settings.get("format"),
        match=settings.get("match", ()),
    )


def machine_for(machines: Mapping[str, Machine], hostname: str, shown: str) -> tuple[Machine | None, str | None]:
    """Return the machine that claims a host name, and a warning where a default had to stand in.

    Exact names come before globs. Raises InventoryError when several machines claim the name on one level.
    """
    host = hostname.lower()
    exact = [m for m in machines.values() if {host, host.split(".")[0]} & {*m.hostnames, m.name.lower()}]
    globbed = [m for m in machines.values() if any(fnmatchcase(host, h) for h in m.hostnames if _is_host_glob(h))]
    for level in (exact, globbed):
        if len(level) > 1:
            names = " and ".join(m.name for m in level)
            text = (
                f"machines.{level[1].name}: this host, {hostname!r}, is claimed by {names}; make their hostnames differ"
            )
            raise _error(shown, [Fault(level[1].line, text)])
        if level:
            return level[0], None
    for machine in machines.values():
        if machine.default:
            return machine, f"this host, {hostname!r}, matches no machine; using the default, {machine.name!r}"
    return None, None


def select(targets: tuple[Target, ...], limits: Iterable[str]) -> tuple[Target, ...]:
    """Return the targets that --limit names: names, groups or globs, `!` to leave out; no limit is all.

    Raises UsageError for a pattern that matches nothing, an empty one too: an unset variable of a script is not all.
    """
    limits = tuple(limits)
    words = [word.strip() for limit in limits for word in limit.split(",") if word.strip()]
    if limits and not words:
        raise UsageError("--limit: is empty; leave it out for all targets")
    wanted = [word for word in words if not word.startswith("!")]
    unwanted = [word[1:] for word in words if word.startswith("!")]
    for word in wanted + unwanted:
        if not any(_named_by(target, word) for target in targets):
            names = [name for target in targets for name in (target.name, *target.groups)]
            raise UsageError(f"--limit {word}: matches no target and no group{near(word, names)}")
    chosen = tuple(
        target
        for target in targets
        if (not wanted or any(_named_by(target, word) for word in wanted))
        and not any(_named_by(target, word) for word in unwanted)
    )
    if not chosen:
        raise UsageError("--limit: nothing is left over; leave out fewer targets")
    return chosen


def near(word: str, names: Iterable[str]) -> str:
    """Return a question for the name that was meant, if one is near."""
    from difflib import get_close_matches

    found = get_close_matches(word, sorted(set(names)), 1)
    return f"; did you mean {found[0]!r}?" if found else ""


def _named_by(target: Target, word: str) -> bool:
    return fnmatchcase(target.name, word) or any(fnmatchcase(group, word) for group in target.groups)
