"""The JSON documents that commands print: their schemas, and the reference made of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from manual.page import joined, table
from rollout.model.action import Action
from rollout.model.outcomes import Verdict
from rollout.model.plan import State
from rollout.model.reviews import Checks, Deliver, ReviewState, Via

Schema = dict[str, Any]

_HEAD = """# JSON

With `--json` a command prints data for programs: no question, no colour. Most print one document, which begins with its `format`; `apply`, `push`, `revert`
and `review merge|close|comment` print one object a line while they work. Fields are only ever added, so read what you know and skip the rest. Each
document has a JSON Schema (2020-12) beside this page. Commits and digests are in hexadecimal, times in UTC as `2026-02-03T15:20:00Z`, and
file modes as git writes them (`100644`, `100755`, `120000`).

```json
{"type": "target_start", "run": "20260203T152000Z-abc123", "time": "2026-02-03T15:20:01Z", "target": "api"}
{"type": "target_done", "run": "20260203T152000Z-abc123", "time": "2026-02-03T15:20:02Z", "target": "api", "outcome": "pushed", "reason": "", "base": "d6c1af7e0b7a", "commit": "d42625be62d1", "duration_ms": 412, "review": null, "review_act": null}
{"type": "run_summary", "run": "20260203T152000Z-abc123", "time": "2026-02-03T15:20:02Z", "counts": {"pushed": 1}, "exit_code": 0}
```"""


def text(doc: str = "", *among: str, null: bool = False) -> Schema:
    return _of("string", doc, null, {"enum": [*among, *([None] if null else [])]} if among else {})


def number(doc: str = "", *, null: bool = False) -> Schema:
    return _of("integer", doc, null, {})


def part(doc: str = "") -> Schema:
    return _of("number", doc, False, {})


def flag(doc: str = "", *, null: bool = False) -> Schema:
    return _of("boolean", doc, null, {})


def several(item: Schema, doc: str = "") -> Schema:
    return _of("array", doc, False, {"items": item})


def record(doc: str = "", /, **fields: Schema) -> Schema:
    return _of("object", doc, False, {"properties": fields, "required": list(fields)})


def nullable(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def sometimes(schema: Schema, name: str) -> Schema:
    """Return a record in which one field may be left out."""
    return {**schema, "required": [one for one in schema["required"] if one != name]}


def named(value: Schema, doc: str = "") -> Schema:
    return _of("object", doc, False, {"additionalProperties": value})


def anything(doc: str = "") -> Schema:
    return {"description": doc} if doc else {}


def _of(kind: str, doc: str, null: bool, more: Schema) -> Schema:
    described = {"description": doc} if doc else {}
    return {"type": [kind, "null"] if null else kind, **described, **more}


class Format(Struct, frozen=True):
    """One document: its name, what prints it, and its schema."""

    name: str
    command: str
    about: str
    schema: Schema

    @property
    def file(self) -> str:
        return f"{self.name.partition('/')[0]}.schema.json"

    @property
    def published(self) -> Schema:
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": self.name, **self.schema}


_WORDS = tuple(state.value for state in State)
_VERDICTS = tuple(verdict.value for verdict in Verdict)
_REVIEW = nullable(record(
    "The open review, where there is one.",
    url=text("Its address."), number=number("Its number.", null=True), state=text("", *(one.value for one in ReviewState)),
    approved=flag("Whether it is approved; null where the forge does not tell.", null=True),
    checks=text("What the forge's checks say.", *(one.value for one in Checks)),
    conflicts=flag("Whether it conflicts with its branch.", null=True),
))  # fmt: skip
_CHANGED_BY = nullable(record(
    "Who changed the file last, where that asks for a decision.",
    path=text("The file."), who=text("A name, or null where nobody can tell.", null=True), when=text("When.", null=True),
    commit=text("The commit; null in a folder.", null=True),
))  # fmt: skip
_COLLIDES = several(
    record(path=text("A managed path."), commit=text("The commit."), subject=text("Its subject.")),
    "Commits of a person's own that are not upstream and touch a managed path.",
)
_PRINT = nullable(record(sha256=text("The digest of the stored bytes."), mode=text("The mode.")))
_CHANGE = {
    "path": text("The file."),
    "action": text("What is to be done about it.", *(one.value for one in Action)),
    "cause": text("Why, in words."),
    "before": {**_PRINT, "description": "The file as it is; null if there is none."},
    "after": {**_PRINT, "description": "The file as it will be; null where it goes."},
    "diff": text("A unified diff; null if there is none to show.", null=True),
    "rules": several(text(), "The rules for coding agents that it is made of."),
    "changed_by": _CHANGED_BY,
}
_BUDGETS = several(record(
    name=text("Its name."), chars=number("Characters in all."), tokens=number("Tokens, estimated."),
    max_chars=number("Its limit.", null=True), max_tokens=number("Its limit.", null=True),
    parts=several(record(path=text("A file that is loaded."), chars=number("Its characters."), before=number("What it had before.", null=True))),
), "What agents load of it.")  # fmt: skip
_HEADED = {"name": text("The target."), "kind": text("", "repo", "folder"), "state": text("Its state.", *_WORDS)}


def _document(name: str, command: str, about: str, /, **fields: Schema) -> Format:
    return Format(name, command, about, record("", format={"const": name}, **fields))


PLAN = _document(
    "rollout-plan/1", "rollout plan --json", "What `apply` would do. `rollout plan --out FILE` saves the same with what `apply FILE` needs besides.",
    id=text("The plan's id."), created=text("When it was made."), digest=text("What it would do, as one digest."),
    targets=several(record(
        **_HEADED, branch=text("The branch.", null=True), base=text("The commit it was planned on.", null=True), reason=text("Why it is in this state."),
        author=text("Who the commit would be by."), deliver=text("", *(one.value for one in Deliver), null=True),
        via=text("The way on which the change goes.", *(one.value for one in Via), null=True), review=_REVIEW,
        changes=several(record(**_CHANGE), "One for each file."), warnings=several(text(), "What a person should know."),
        orphans=several(text(), "Files that rollout once wrote and that no template names any more."),
        kept=several(text(), "Files that a person decided to keep."), held=flag("Whether it is on hold."),
        held_paths=several(text(), "Files that were reverted and wait for their templates to change."),
        needs=several(text(), "Targets that come first."), budgets=_BUDGETS, collides=_COLLIDES, in_sync=number("How many files are as they should be."),
    ), "In the order of the inventory, repositories first."),
    summary=named(number(), "How many files there are of each action, and how many blocked targets."),
)  # fmt: skip

STATUS = _document(
    "rollout-status/1", "rollout status --json", "Where each target stands.",
    fetched_at=text("When upstream was last asked; null if never.", null=True),
    targets=several(record(
        **_HEADED, branch=text("The branch.", null=True), reason=text("Why it is in this state."), review=_REVIEW,
        commit=text("Rollout's newest commit there.", null=True), ahead=number("Commits of the checkout that upstream does not have.", null=True),
        behind=number("Commits of upstream that the checkout does not have.", null=True), last_run=text("The last run that changed it.", null=True),
        last_outcome=text("What came of it.", *_VERDICTS, null=True), last_applied_at=text("When.", null=True), last_changed_at=text("When.", null=True),
        last_reason=text("Why.", null=True), collides=_COLLIDES, changed_by=several(_CHANGED_BY, "Who changed files that wait for a decision."),
        held=flag("Whether it is on hold."), orphans=several(text(), "Files that no template names any more."),
        disagreement=text("Where the ledger and git say different things.", null=True),
    )),
    summary=named(number(), "How many targets there are in each state; `unmanaged` counts repositories that nobody manages."),
)  # fmt: skip

HISTORY = _document(
    "rollout-history/1", "rollout history --json", "The runs that were recorded, newest first; with a run's id, that run.",
    runs=several(record(
        run=text("Its id."), command=text("What was run."), started_at=text("When it began."), finished_at=text("When it ended.", null=True),
        plan=text("The plan's id."), exit_code=number("Null while it is at work or after it was killed.", null=True), at_work=flag("Whether it is at work."),
        outcomes=several(record(
            target=text("The target."), outcome=text("What came of it.", *_VERDICTS), reason=text("Why."), base=text("The commit before.", null=True),
            commit=text("The commit after.", null=True), duration_ms=number("How long it took."), review=_REVIEW,
            review_act=text("What was done with the review.", null=True),
            paths=several(record(
                path=text("A file."), action=text("What was done.", *(one.value for one in Action)), before=text("Its fingerprint.", null=True),
                after=text("Its fingerprint.", null=True),
            )),
        )),
    )),
)  # fmt: skip

VERIFY = _document(
    "rollout-verify/1", "rollout verify --json", "What is not as it should be.",
    targets=several(record(
        name=text("The target."), ok=flag("Whether all is as it should be."),
        mismatches=several(record(
            path=text("The file.", null=True), reason=text("What is wrong."),
            where=text("", "upstream", "checkout", "folder", "policy", "document", "forbidden", "budget", "capture"),
        )),
    )),
    ok=flag("Whether everything is."),
)  # fmt: skip

EXPLAIN = _document(
    "rollout-explain/1", "rollout explain TARGET PATH --json", "Why a file has these lines.",
    target=text("The target."), path=text("The file."), set=text("The template set.", null=True), template=text("The template.", null=True),
    rules=several(text(), "The rules for coding agents that it is made of."), mode=text("How it is written.", "whole", "block", "merge", "once", "absent"),
    variables=several(record(name=text("A variable."), value=anything("Its value."), source=text("Where it is set."))),
    inputs=several(record(path=text("A file that the template read."), target=text("Whose."), sha256=text("Its digest.", null=True))),
    last_run=text("The last run that wrote it.", null=True), last_commit=text("The last commit of rollout that wrote it.", null=True),
    changed_since=several(text(), "Who changed it since."),
)  # fmt: skip

DIFF = _document(
    "rollout-diff/1", "rollout diff --json", "From what is there to what should be.",
    changes=several(record(target=text("The target."), **_CHANGE)),
    left_out=several(record(name=text("A target that could not be compared."), state=text("", *_WORDS), reason=text("Why."))),
)  # fmt: skip

VALIDATE = _document(
    "rollout-validate/1", "rollout validate --json", "What is wrong with templates and policies. Mistakes in the inventory are error lines instead.",
    via=named(text(), "The way on which each target's change goes."), ok=flag("Whether nothing is wrong."), targets=number("How many there are."),
    files=number("How many managed files there are."), problems=named(several(text()), "What is wrong, for each target that has something."),
    left_out=named(text(), "What settings of reviews are left out, for each target whose way has no such thing."),
)  # fmt: skip

INIT = _document(
    "rollout-init/1", "rollout init DIR --json", "What `init` proposes; nothing is written without `--yes`.",
    repositories=several(record(name=text("Its name."), path=text("Where it is."), branch=text("Its default branch."), url=text("Its remote."))),
    files=several(record(
        path=text("A file."), repositories=several(text(), "Who has it."), variants=number("How many versions there are."),
        proposal=text("What it becomes.", "template", "block", "skip"), variables=several(text(), "What differs."), reason=text("Why it is left out."),
    )),
    left_out=several(record(name=text("A repository."), reason=text("Why it is left out."))),
    sets=several(record(name=text("A template set."), repositories=several(text(), "Who gets it."))),
    fits=several(record(name=text("A new repository."), sets=several(text(), "The sets that fit it already."))), written=several(text(), "What was written."),
)  # fmt: skip

TAKE = _document(
    "rollout-take/1", "rollout take TARGET PATH --json", "What a person's change becomes in the templates.",
    target=text("The target."), changes=several(record(path=text("A file of the templates."), diff=text("Its difference.", null=True))),
    variables=several(record(name=text("A variable."), new=anything("The value that would do it."), source=text("Where it is set."))),
    others=several(text(), "Other targets that the change would reach."),
    also=several(text(), "Other files of the target that it would reach."),
    unchecked=several(text(), "Those of the others whose `check` judges the whole file: `plan` tries it."),
    in_sync=flag("Whether the file is as its template says then: not where the template had changed before the person did."), written=flag("Whether it was written."),
    reason=text("Why there is nothing to take; empty where there is something."),
)  # fmt: skip

REVIEWS = _document(
    "rollout-review/1", "rollout review list --json", "The reviews of all targets.",
    unopened=several(record(target=text("A target whose review is still to be opened."), reason=text("By whom, and where."))),
    reviews=several(record(
        target=text("The target."), url=text("Its address."), number=number("Its number.", null=True), title=text("Its title."),
        state=text("", *(one.value for one in ReviewState)), approved=flag("", null=True), checks=text("", *(one.value for one in Checks)),
        updated_at=text("When it last changed."),
    )),
)  # fmt: skip

DISCOVER = _document(
    "rollout-discover/1", "rollout discover --json", "Repositories that the inventory does not name.",
    unmanaged=several(record(name=text("Its name."), url=text("Its address."), archived=flag("Whether it is archived."), topics=several(text(), "Its topics."))),
)  # fmt: skip

HEALTH = _document(
    "rollout-health/1", "rollout events health --json", "How much of what happened is stored.",
    types=several(record(type=text("A type of event."), seen=number("How often it happened."), stored=number("How often it is stored."), rate=part("The part."))),
    open_sessions=number("Sessions without an end."), inferred=number("Ends that were inferred."), ok=flag("Whether enough is stored."),
    min_rate=part("How much is enough."),
    sessions=several(record(
        instance_id=text("The session."), transcript=text("Its transcript.", null=True), repository=text("Its repository.", null=True),
        rates=named(record(happened=number(), rate=part(), missing=several(text()))), ok=flag(),
    )),
)  # fmt: skip

_TIMED = {"run": text("The run's id."), "time": text("When.")}
_LINES: Mapping[str, Schema] = {
    "run_start": sometimes(record(
        type={"const": "run_start"}, **_TIMED, command=text("What is run."), plan=text("The plan's id."), targets=number("How many there are."),
    ), "plan"),
    "diagnostic": sometimes(record(
        type={"const": "diagnostic"}, **_TIMED, severity=text("", "warning"), code=text("", "orphan", "warning"), target=text("The target."),
        path=text("The file."), message=text("What a person should know."),
    ), "path"),
    "target_start": record(type={"const": "target_start"}, **_TIMED, target=text("The target.")),
    "target_done": record(
        type={"const": "target_done"}, **_TIMED, target=text("The target."), outcome=text("What came of it.", *_VERDICTS), reason=text("Why."),
        base=text("The commit before.", null=True), commit=text("The commit after.", null=True), duration_ms=number("How long it took."), review=_REVIEW,
        review_act=text("What was done with the review.", null=True),
    ),
    "run_summary": record(
        type={"const": "run_summary"}, **_TIMED, counts=named(number(), "How many targets there are of each outcome."), exit_code=number("How the run ends."),
    ),
    "error": record(
        type={"const": "error"}, exit_code=number("How the command ends."), message=text("What is wrong."), place=text("The file and the line.", null=True),
    ),
}  # fmt: skip
LINES = Format(
    "rollout-lines/1", "rollout apply --json --yes", "One object a line, told apart by `type`. An `error` line can come from every command: one for each mistake.",
    {"anyOf": list(_LINES.values())},
)  # fmt: skip

ALL = (PLAN, STATUS, HISTORY, VERIFY, EXPLAIN, DIFF, VALIDATE, INIT, TAKE, REVIEWS, DISCOVER, HEALTH, LINES)


def schemas() -> Iterator[tuple[str, str]]:
    """Yield each schema's file name and text."""
    for one in ALL:
        yield one.file, json.dumps(one.published, indent=2) + "\n"


def page() -> str:
    """Return the page: a table of fields for each document."""
    return joined([_HEAD, _overview(), *(piece for one in ALL for piece in _shown(one))])


def _overview() -> str:
    rows = ((f"[`{one.command}`](#{one.name.replace('/', '')})", f"[{one.file}](schemas/{one.file})") for one in ALL)
    return table(("command", "schema"), rows)


def _shown(one: Format) -> Iterator[str]:
    yield f"## {one.name}"
    yield f"`{one.command}`. {one.about}"
    if one is not LINES:
        yield _fields(one.schema)
        return
    for name, schema in _LINES.items():
        yield f"### {name}"
        yield _fields(schema)


def _fields(schema: Schema) -> str:
    rows = [
        (f"`{path}`", _kind(inner), str(inner.get("description", "")))
        for path, inner in _flat("", schema)
        if path not in {"format", "type"}
    ]
    return table(("field", "value", "meaning"), rows)


def _flat(path: str, schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Yield every field of a document with its path; lists end in []."""
    if path:
        yield path, schema
    inner = schema.get("items")
    if inner is not None and inner.get("properties"):
        yield from ((found, one) for found, one in _flat(f"{path}[]", inner) if found != f"{path}[]")
    for name, one in schema.get("properties", {}).items():
        yield from _flat(f"{path}.{name}" if path else name, one)


def _kind(schema: Schema) -> str:
    kinds = schema.get("type", "anything")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    words = {
        "string": "text",
        "integer": "number",
        "boolean": "true or false",
        "array": "list",
        "object": "object",
        "number": "number",
    }
    told = " or ".join(words.get(kind, kind) for kind in kinds)
    among = [str(one) for one in schema.get("enum", []) if one is not None]
    return ", ".join(f"`{one}`" for one in among) + (" or null" if "null" in kinds else "") if among else told
