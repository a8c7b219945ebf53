"""Renders targets in a child process that can be stopped, each distinct set of variables once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import Any

from msgspec import Struct
from msgspec.structs import astuple

from rollout import __version__
from rollout.content import spelled
from rollout.content.modes.table import strategy, traits
from rollout.content.patterns import matches
from rollout.errors import Mistake, UsageError
from rollout.model.files import Desired, Excerpt, Managed, Problem, Slot, TemplateFile
from rollout.model.inventory import FilePattern, Machine, Target
from rollout.model.parts import Answer, Input, Question
from rollout.model.tracing import Segment
from rollout.rendering.child_process import Child
from rollout.rendering.reading import FUNCTIONS
from rollout.rendering.remembered import Reads
from rollout.rendering.rules import own_text, text_of, within
from rollout.rendering.slots import SUFFIX, all_mistakes, named_rules, slots, texts, written_fault
from rollout.rendering.template_fault import TemplateFault, TemplateLimit
from rollout.rendering.variables import context
from rollout.safety import secrets

_READS = re.compile(rf"\b(?:{'|'.join(FUNCTIONS)})\b")
_ROUNDS = 50  # how often a template may ask for files because of what it read
_MAX_READ = 32 << 20  # characters that one template may read from files

Reader = Callable[[Sequence[Question]], Mapping[Question, Answer]]


_Sets = tuple[tuple[str, ...], tuple[str, ...] | None]  # template sets, and the agents for which rules are written


def _sets(target: Target) -> _Sets:
    return target.templates, target.agents


class Rendered(Struct, frozen=True):
    """The result of rendering one managed path: the file, what is wrong with it, and what its template read."""

    managed: Managed | None
    problem: Problem | None = None
    read: tuple[tuple[Question, Answer], ...] = ()


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
        """`memory` is the state folder, which remembers the variables that templates can read."""
        self._templates = templates
        self._patterns = patterns
        self._machines = machines
        self._machine = machine
        self._host = host
        sources = _texts(templates)
        self._any_reads = any(_READS.search(text) for text in sources.values())
        self._child = Child(sources)
        self._uses = Reads(memory, sources)
        self._lock = Lock()
        self._slots: dict[_Sets, list[Slot]] = {}
        self._asked: dict[_Sets, tuple[str, frozenset[str] | None]] = {}
        self._limited: dict[tuple[str, str], TemplateFault] = {}  # templates that hit a limit are not tried again
        self._bodies: dict[tuple[str, str, str], bytes | TemplateFault] = {}

    def __enter__(self) -> Rendering:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._child.release()
            self._uses.keep()
        else:
            self._child.close()  # a request may still be waiting for its answer

    @property
    def templates(self) -> Mapping[str, TemplateFile]:
        """Return the files under templates/, by their paths from there."""
        return self._templates

    def check(self, targets: tuple[Target, ...]) -> None:
        """Parse every template that a target uses; raise UsageError with all that is wrong with them."""
        faults = dict.fromkeys(mistake for target in targets for mistake in self._mistakes(target))
        if faults:
            raise UsageError(*faults)

    def _mistakes(self, target: Target) -> Iterator[Mistake]:
        try:
            slots = [*self.slots(target), *named_rules(target, self._templates, self._patterns)]
        except TemplateFault as fault:
            yield from all_mistakes(target, self._templates, self._patterns) or [fault.mistake]
            return
        for source in (source for slot in slots for source in slot.sources if _is_rendered(source)):
            try:
                self.uses(source)
            except TemplateFault as fault:
                yield fault.mistake

    def slots(self, target: Target) -> list[Slot]:
        with self._lock:
            if _sets(target) not in self._slots:
                self._slots[_sets(target)] = slots(target, self._templates, self._patterns)
            found = self._slots[_sets(target)]
        if not target.ignores:
            return found
        return [slot for slot in found if not any(matches(pattern, str(slot.path)) for pattern in target.ignores)]

    def uses(self, slot: Slot) -> list[str] | None:
        """Return the variables that a path's templates can read, or None where only a run can tell."""
        used = [self._used(source) for source in slot.sources if _is_rendered(source)]
        if None in used:
            return None
        return sorted({name for names in used for name in names or ()})

    def _used(self, slot: Slot) -> list[str] | None:
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
                return None  # reported where the target is rendered
            if None in used:
                return None
            found |= {name for names in used for name in names or ()}
        return found

    def asked(self, target: Target, inputs: tuple[Input, ...] = ()) -> str:
        """Return a digest of all that decides what a target's templates ask for: equal digests, equal desired states.

        `inputs` are the files that its templates read.
        """
        words, names = self._asked_by(target)
        seen = context(target, PurePosixPath(), {}, None)
        used = seen if names is None else {name: seen[name] for name in names if name in seen}
        text = spelled.dumps(
            [target.kind, used, *([list(target.ignores)] if target.ignores else []), [astuple(one) for one in inputs]],
            sort_keys=True,
        )
        return hashlib.sha256(f"{words}\0{text}".encode()).hexdigest()

    def _asked_by(self, target: Target) -> tuple[str, frozenset[str] | None]:
        """Return the digest that targets with the same sets share, and the variables in which they may differ."""
        if _sets(target) not in self._asked:
            slots = self.slots(target)
            rendered = [slot for slot in slots if _is_rendered(slot)]
            used = [self.uses(slot) for slot in rendered]
            names = None if None in used else frozenset(name for list_ in used for name in list_ or ())
            words = hashlib.sha256(f"{__version__}\0{slots!r}\0{self._machines!r}\0{self._machine!r}".encode())
            for name, template in sorted(self._templates.items()):
                words.update(f"\0{name}\0{template.executable}\0{len(template.content)}\0".encode())
                words.update(template.content)
            self._asked[_sets(target)] = (words.hexdigest(), names)
        return self._asked[_sets(target)]

    def reads_files(self, target: Target, slot: Slot) -> bool:
        """Tell whether a path's template reads files of targets, as far as can be known before it is rendered."""
        if not _is_rendered(slot):
            return False
        used = self.uses(slot)
        if used is None:
            return self._any_reads
        return any(name in used and name not in target.variables for name in FUNCTIONS)

    def any_reads_files(self, target: Target) -> bool:
        """Tell whether a target has a template that reads files; a faulty one is reported elsewhere."""
        try:
            return any(self.reads_files(target, slot) for slot in self.slots(target))
        except TemplateFault:
            return False

    def desired(self, target: Target) -> Desired:
        """Return the desired state from a target's templates that read no files, with their problems."""
        return desired_of(
            self.rendered(target, slot) for slot in self.slots(target) if not self.reads_files(target, slot)
        )

    def rendered(self, target: Target, slot: Slot, reader: Reader | None = None) -> Rendered:
        """Render one managed path; `reader` answers what its template asks for."""
        try:
            body, read = self._body(target, slot, reader)
        except TemplateFault as fault:
            return Rendered(None, Problem(slot.path, str(fault), elsewhere=fault.place is not None))
        template = self._templates[slot.template] if slot.template and not slot.parts else None
        item = Managed(
            slot.path,
            slot.rule.mode,
            body,
            template.executable if template else False,
            slot.rule,
            slot.set,
            slot.template or "",
            slot.rules,
        )
        judged = traits(slot.rule.mode).writes and slot.rule.formatter is None
        fault_text = written_fault(body, slot) if judged else None
        fault_text = fault_text or self._secret(target, slot, body) or _unwritable(item)
        return Rendered(item, Problem(slot.path, fault_text) if fault_text else None, read)

    def traced(self, target: Target, slot: Slot) -> list[Segment]:
        """Return the source of each piece of a rendered managed path; raise TemplateFault if it cannot be known."""
        assert slot.template is not None
        if slot.parts:
            return [piece for part in slot.parts for piece in self._traced_part(target, slot, part)]
        if self.reads_files(target, slot):
            raise TemplateFault.of(slot.template, "reads files; change the text in those files")
        if not slot.template.endswith(SUFFIX):
            return [own_text(slot.template, self._templates[slot.template])]
        everything = context(target, slot.path, self._machines, self._machine)
        request = {"ask": "trace", "name": slot.template, "delimiters": slot.rule.delimiters, "variables": everything}
        with self._lock:
            return [Segment(*one) for one in self._child.ask(request)["segments"]]

    def _traced_part(self, target: Target, slot: Slot, part: str | Excerpt) -> list[Segment]:
        if isinstance(part, str):
            return [Segment(part, slot.template or "", 0, 0, 1, literal=False)]
        found = self.traced(target, part.slot)
        return within(found, *text_of(part, "".join(segment.text for segment in found)))

    def _secret(self, target: Target, slot: Slot, body: bytes) -> str | None:
        """Say which secret the file would carry into a repository, if nobody allowed it."""
        if target.kind != "repo" or slot.rule.secrets == "allow":
            return None
        everything = context(target, slot.path, self._machines, self._machine)
        return secrets.fault(body, secrets.named(everything))

    def _body(
        self, target: Target, slot: Slot, reader: Reader | None
    ) -> tuple[bytes, tuple[tuple[Question, Answer], ...]]:
        if slot.template is None or not traits(slot.rule.mode).writes:
            return b"", ()
        if slot.parts:
            return self._made(target, slot.parts, reader)
        if not slot.template.endswith(SUFFIX):
            return self._templates[slot.template].content, ()
        used = self.uses(slot)
        everything = context(target, slot.path, self._machines, self._machine)
        seen = everything if used is None else {name: everything[name] for name in used if name in everything}
        try:
            if self.reads_files(target, slot):
                if reader is None:
                    raise TemplateFault.of(slot.template, "reads files, which is done when targets are looked at")
                return self._read_and_rendered(slot, seen, reader)
            return self._known_body(slot, seen), ()
        except TemplateFault as fault:
            hint = self._no_machine(target) if fault.missing == "machine" else ""
            raise TemplateFault(f"{fault.what}{hint}", fault.place, fault.missing) from None

    def _made(
        self, target: Target, parts: tuple[str | Excerpt, ...], reader: Reader | None
    ) -> tuple[bytes, tuple[tuple[Question, Answer], ...]]:
        """Put a file together that is made of rules."""
        said: list[str] = []
        read: list[tuple[Question, Answer]] = []
        for part in parts:
            if isinstance(part, str):
                said.append(part)
                continue
            body, more = self._body(target, part.slot, reader)
            text = body.decode().replace("\r\n", "\n")
            start, end = text_of(part, text)
            said.append(text[start:end])
            read += more
        return "".join(said).encode(), tuple(dict.fromkeys(read))

    def _known_body(self, slot: Slot, seen: Mapping[str, Any]) -> bytes:
        """Render a template that reads no files, once for each distinct set of variables."""
        assert slot.template is not None
        key = (slot.template, slot.rule.delimiters, spelled.dumps(seen, sort_keys=True))
        with self._lock:
            if key not in self._bodies:
                try:
                    self._bodies[key] = self._asked_child(slot, seen, {})["body"].encode()
                except TemplateFault as fault:
                    self._bodies[key] = fault
            body = self._bodies[key]
        if isinstance(body, TemplateFault):
            raise body
        return body

    def _read_and_rendered(
        self, slot: Slot, seen: Mapping[str, Any], reader: Reader
    ) -> tuple[bytes, tuple[tuple[Question, Answer], ...]]:
        """Render until every question is answered: what a template asks for may depend on what it read."""
        answers: dict[Question, Answer] = {}
        for _ in range(_ROUNDS):
            with self._lock:
                reply = self._asked_child(slot, seen, answers)
            if "open" not in reply:
                used = [Question(*question) for question in reply["used"]]
                return reply["body"].encode(), tuple((question, answers[question]) for question in used)
            answers |= reader([Question(*question) for question in reply["open"]])
            _bounded(slot, answers)
        assert slot.template is not None
        what = f"template limit: what it read made it ask for more files {_ROUNDS} times"
        raise TemplateFault.of(slot.template, what)

    def _asked_child(self, slot: Slot, seen: Mapping[str, Any], answers: Mapping[Question, Answer]) -> dict[str, Any]:
        assert slot.template is not None
        key = (slot.template, slot.rule.delimiters)
        if key in self._limited:
            raise self._limited[key]
        given = [[list(astuple(question)), list(astuple(answer))] for question, answer in answers.items()]
        request = {"ask": "render", "name": key[0], "delimiters": key[1], "variables": seen, "answers": given}
        try:
            return self._child.ask(request)
        except TemplateLimit as fault:
            self._limited[key] = fault
            raise
        except TemplateFault as fault:
            what = secrets.masked(fault.what, secrets.named(seen))
            raise TemplateFault(what, fault.place, fault.missing) from None

    def _no_machine(self, target: Target) -> str:
        if target.kind == "repo":
            return ": files in git must not depend on the machine; use 'machines'"
        return (
            f": this host, {self._host!r}, matches no machine of the inventory; "
            "add it under 'machines' or mark one as default"
        )


def _unwritable(item: Managed) -> str | None:
    """Say why the text can be written into no file in its mode."""
    if item.rule.formatter is not None and traits(item.mode).formatted:
        return None
    return strategy(item.mode).template_fault(item)


def desired_of(rendered: Iterable[Rendered], inputs: tuple[Input, ...] = ()) -> Desired:
    """Return the desired state of rendered paths."""
    found = tuple(rendered)
    return Desired(
        tuple(one.managed for one in found if one.managed is not None),
        tuple(one.problem for one in found if one.problem is not None),
        inputs,
    )


def _bounded(slot: Slot, answers: Mapping[Question, Answer]) -> None:
    """Raise TemplateFault for a template that reads more than a renderer can hold."""
    if sum(len(answer.text or "") for answer in answers.values()) > _MAX_READ:
        assert slot.template is not None
        raise TemplateFault.of(slot.template, f"template limit: reads more than {_MAX_READ >> 20} MiB")


def _is_rendered(slot: Slot) -> bool:
    return any((source.template or "").endswith(SUFFIX) for source in slot.sources)


def _texts(templates: Mapping[str, TemplateFile]) -> dict[str, str]:
    try:
        return texts(templates.values())
    except TemplateFault as fault:
        raise UsageError(fault.mistake) from fault
