"""Renders targets in a child process that can be stopped, each distinct set of variables once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from threading import Lock

from rollout import __version__
from rollout.content import spelled
from rollout.content.modes.table import traits
from rollout.errors import UsageError
from rollout.model.files import Desired, Managed, Problem, Slot, TemplateFile
from rollout.model.inventory import FilePattern, Machine, Target
from rollout.rendering.child_process import Child, TemplateLimit
from rollout.rendering.jinja import TemplateFault
from rollout.rendering.remembered import Reads
from rollout.rendering.slots import SUFFIX, slots, texts, written_fault
from rollout.rendering.variables import context
from rollout.safety import secrets

_NO_MACHINE = "'machine' is undefined"


class Rendering:
    """Desired states of targets, from templates that were read once at the start."""

    def __init__(
        self,
        templates: Mapping[str, TemplateFile],
        patterns: tuple[FilePattern, ...],
        machines: Mapping[str, Machine],
        machine: Machine | None,
        host: str = "",
        memory: Path | None = None,
    ) -> None:
        """`memory` is the state folder, where it is remembered which variables templates can read."""
        self._templates = templates
        self._patterns = patterns
        self._machines = machines
        self._machine = machine
        self._host = host
        sources = _texts(templates)
        self._child = Child(sources)
        self._uses = Reads(memory, sources)
        self._lock = Lock()
        self._slots: dict[tuple[str, ...], list[Slot]] = {}
        self._asked: dict[tuple[str, ...], tuple[str, frozenset[str] | None]] = {}
        self._limited: dict[tuple[str, str], TemplateFault] = {}  # templates that hit a limit are not tried again
        self._bodies: dict[tuple[str, str, str], bytes | TemplateFault] = {}

    def __enter__(self) -> Rendering:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._child.close()
        if kind is None:
            self._uses.keep()

    def check(self, targets: tuple[Target, ...]) -> None:
        """Parse every template that a target uses; raise UsageError with all that is wrong with them."""
        faults: dict[str, None] = {}
        for target in targets:
            try:
                for slot in self.slots(target):
                    if _is_rendered(slot):
                        self.uses(slot)
            except TemplateFault as fault:
                faults[str(fault)] = None
        if faults:
            raise UsageError("\n".join(faults))

    def slots(self, target: Target) -> list[Slot]:
        with self._lock:
            if target.templates not in self._slots:
                self._slots[target.templates] = slots(target, self._templates, self._patterns)
            return self._slots[target.templates]

    def uses(self, slot: Slot) -> list[str] | None:
        """Return the variables that a path's template can read, or None where only a run can tell."""
        assert slot.template is not None
        key = (slot.template, slot.rule.delimiters)
        with self._lock:
            if key not in self._uses:
                reply = self._child.ask({"ask": "uses", "name": key[0], "delimiters": key[1]})
                self._uses[key] = reply["uses"]
            return self._uses[key]

    def reads(self, targets: Iterable[Target]) -> set[str] | None:
        """Return all variables that the templates of targets can read, or None where only a run can tell."""
        found: set[str] = set()
        for target in targets:
            try:
                used = [self.uses(slot) for slot in self.slots(target) if _is_rendered(slot)]
            except TemplateFault:
                return None  # told where the target is rendered
            if None in used:
                return None
            found |= {name for names in used for name in names or ()}
        return found

    def asked(self, target: Target) -> str:
        """Return in one word all that decides what a target's templates ask for: equal words, equal desired states."""
        words, names = self._asked_by(target)
        seen = context(target, PurePosixPath(), {}, None)
        used = seen if names is None else {name: seen[name] for name in names if name in seen}
        text = spelled.dumps([target.kind, used], sort_keys=True)
        return hashlib.sha256(f"{words}\0{text}".encode()).hexdigest()

    def _asked_by(self, target: Target) -> tuple[str, frozenset[str] | None]:
        """Return what targets with the same template sets have in common, and the variables that tell them apart."""
        if target.templates not in self._asked:
            slots = self.slots(target)
            rendered = [slot for slot in slots if _is_rendered(slot)]
            used = [self.uses(slot) for slot in rendered]
            names = None if None in used else frozenset(name for list_ in used for name in list_ or ())
            words = hashlib.sha256(f"{__version__}\0{slots!r}\0{self._machines!r}\0{self._machine!r}".encode())
            for name, template in sorted(self._templates.items()):
                words.update(f"\0{name}\0{template.executable}\0{len(template.content)}\0".encode())
                words.update(template.content)
            self._asked[target.templates] = (words.hexdigest(), names)
        return self._asked[target.templates]

    def desired(self, target: Target) -> Desired:
        """Return what a target's templates ask for, with what keeps a path from being rendered."""
        managed, problems = [], []
        for slot in self.slots(target):
            try:
                body = self._body(target, slot)
            except TemplateFault as fault:
                problems.append(Problem(slot.path, str(fault)))
                continue
            template = self._templates[slot.template] if slot.template else None
            item = Managed(
                slot.path,
                slot.rule.mode,
                body,
                template.executable if template else False,
                slot.rule,
                slot.set,
                slot.template or "",
            )
            judged = traits(slot.rule.mode).writes and slot.rule.formatter is None
            fault_text = written_fault(body, slot.rule, slot.path) if judged else None
            fault_text = fault_text or self._secret(target, slot, body)
            if fault_text:
                problems.append(Problem(slot.path, fault_text))
            managed.append(item)
        return Desired(tuple(managed), tuple(problems))

    def _secret(self, target: Target, slot: Slot, body: bytes) -> str | None:
        """Say which secret the file would carry into a repository, where nobody allowed it."""
        if target.kind != "repo" or slot.rule.secrets == "allow":
            return None
        everything = context(target, slot.path, self._machines, self._machine)
        why = secrets.fault(body, secrets.named(everything))
        return f"{slot.path}: {why}" if why else None

    def _body(self, target: Target, slot: Slot) -> bytes:
        if slot.template is None or not traits(slot.rule.mode).writes:
            return b""
        if not slot.template.endswith(SUFFIX):
            return self._templates[slot.template].content
        used = self.uses(slot)
        everything = context(target, slot.path, self._machines, self._machine)
        seen = everything if used is None else {name: everything[name] for name in used if name in everything}
        key = (slot.template, slot.rule.delimiters, spelled.dumps(seen, sort_keys=True))
        with self._lock:
            if key[:2] in self._limited:
                raise self._limited[key[:2]]
            if key not in self._bodies:
                try:
                    reply = self._child.ask({"ask": "render", "name": key[0], "delimiters": key[1], "variables": seen})
                    self._bodies[key] = reply["body"].encode()
                except TemplateLimit as fault:
                    self._limited[key[:2]] = self._bodies[key] = fault
                except TemplateFault as fault:
                    self._bodies[key] = TemplateFault(secrets.masked(str(fault), secrets.named(seen)))
            body = self._bodies[key]
        if isinstance(body, TemplateFault):
            raise TemplateFault(f"{body}{self._no_machine(target)}") if _NO_MACHINE in str(body) else body
        return body

    def _no_machine(self, target: Target) -> str:
        if target.kind == "repo":
            return ": what goes into git must not depend on the machine; use 'machines'"
        return (
            f": this host, {self._host!r}, matches no machine of the inventory; "
            "add it under 'machines' or mark one as default"
        )


def _is_rendered(slot: Slot) -> bool:
    return slot.template is not None and slot.template.endswith(SUFFIX)


def _texts(templates: Mapping[str, TemplateFile]) -> dict[str, str]:
    try:
        return texts(templates.values())
    except TemplateFault as fault:
        raise UsageError(str(fault)) from fault
