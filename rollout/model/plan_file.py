"""A saved plan: written, read back, and refused when it was altered."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, assert_never

from msgspec import convert, to_builtins
from msgspec.structs import asdict

from rollout.errors import Refused
from rollout.model import tree_modes
from rollout.model.action import Action
from rollout.model.files import File
from rollout.model.inputs import Input
from rollout.model.inventory import Branch, Folder, Location
from rollout.model.own_writes import FileShare
from rollout.model.plan import Change, Plan, State, Step
from rollout.model.plan_document import DOCUMENT, PLAN, plan_document
from rollout.model.reasons import said
from rollout.model.reviews import Proposal, Via
from rollout.safety import paths
from rollout.safety.shown import redact

_NEW = "make a new one: rollout plan --out"

# --- plan files


def plan_file(plan: Plan, diff: Callable[[Step, Change], str | None]) -> bytes:
    """Return a plan with all the bytes it would write, each content once."""
    contents: dict[str, str] = {}
    document = plan_document(plan, diff)
    for step, shown in zip(plan.steps, document["targets"], strict=True):
        shown["location"] = _location(step.location)
        shown["identity"] = step.identity
        shown["managed"] = {str(path): found for path, found in step.managed.items()}
        shown["pending"] = step.pending
        shown["follow"] = step.follow
        shown["awaits"] = step.awaits
        shown["inputs"] = [asdict(one) for one in step.inputs]
        shown["proposal"] = to_builtins(step.proposal)
        for change, entry in zip(step.changes, shown["changes"], strict=True):
            entry["decided"] = change.decided
            entry["template"] = change.template
            entry["asks"], entry["keep"] = change.asks, change.keep
            entry["why"], entry["earlier"], entry["reverts"] = change.cause, change.earlier, change.reverts
            entry["released"] = change.released
            entry["takes_away"], entry["goes_back"], entry["share"] = change.takes_away, change.goes_back, change.share
            for file in (change.before, change.after):
                if file is not None:
                    contents[file.sha256] = base64.b64encode(file.content).decode()
    document["contents"] = contents
    document["digest"] = _digest_of(document)
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


# Here a plan crosses the border of JSON.


def _digest_of(document: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in document.items() if key != "digest"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _location(location: Location) -> DOCUMENT:
    match location:
        case Branch():
            return {
                "url": None if location.url is None else redact(location.url),
                "remote": location.remote,
                "branch": location.branch,
                "checkout": None if location.checkout is None else str(location.checkout),
                "follow": location.follow,
            }
        case Folder():
            return {"root": str(location.root)}
        case never:
            assert_never(never)


def read_plan(content: bytes, shown: str) -> tuple[Plan, dict[str, DOCUMENT]]:
    """Return a saved plan and the place of each target when it was made.

    Raises Refused for another version, for damage, and for what no plan of ours contains.
    """
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Refused.at(shown, "is damaged or not a plan (not JSON)", _NEW) from error
    found = document.get("format") if isinstance(document, dict) else None
    if found != PLAN:
        raise Refused.at(shown, f"has the format {found!r}; this rollout reads {PLAN!r}", "make a new plan")
    if document.get("digest") != _digest_of(document):
        raise Refused.at(shown, "is damaged (its digest does not match)", _NEW)
    try:
        return _read(document)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise Refused.at(shown, f"is damaged ({error})", _NEW) from error


def _read(document: Mapping[str, Any]) -> tuple[Plan, dict[str, DOCUMENT]]:
    contents = {name: base64.b64decode(text, validate=True) for name, text in document["contents"].items()}
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != name:
            raise ValueError("a content does not match its hash")
    steps = tuple(_read_step(entry, contents) for entry in document["targets"])
    plan = Plan(str(document["id"]), str(document["created"]), steps, str(document["digest"]))
    return plan, {entry["name"]: entry["location"] for entry in document["targets"]}


def _read_step(entry: Mapping[str, Any], contents: Mapping[str, bytes]) -> Step:
    return Step(
        target=str(entry["name"]),
        location=_read_location(entry["location"], entry["kind"]),
        state=State(entry["state"]),
        why=said(str(entry["reason"])),
        base=entry["base"],
        changes=tuple(_read_change(change, contents) for change in entry["changes"]),
        managed={_path(path): str(found) for path, found in entry["managed"].items()},
        in_sync=int(entry["in_sync"]),
        pending=entry["pending"],
        follow=bool(entry["follow"]),
        identity=str(entry["identity"]),
        author=str(entry.get("author") or ""),
        awaits=Action(entry["awaits"]) if entry.get("awaits") else None,
        inputs=tuple(convert(one, Input) for one in entry.get("inputs", ())),
        via=Via(entry.get("via") or Via.PUSH),
        proposal=convert(entry["proposal"], Proposal) if entry.get("proposal") else None,
    )


def _read_location(entry: Mapping[str, Any], kind: str) -> Location:
    if kind == "folder":
        return Folder(Path(entry["root"]))
    checkout = entry["checkout"]
    return Branch(entry["url"], entry["remote"], entry["branch"], Path(checkout) if checkout else None, entry["follow"])


def _read_change(entry: Mapping[str, Any], contents: Mapping[str, bytes]) -> Change:
    return Change(
        path=_path(entry["path"]),
        action=Action(entry["action"]),
        cause=str(entry.get("why", entry["cause"])),
        before=_file(entry["before"], contents),
        after=_file(entry["after"], contents),
        decided=bool(entry["decided"]),
        template=entry["template"],
        asks=entry.get("asks"),
        keep=bool(entry.get("keep", False)),
        earlier=bool(entry.get("earlier", False)),
        reverts=bool(entry.get("reverts", False)),
        takes_away=bool(entry.get("takes_away", False)),
        goes_back=bool(entry.get("goes_back", True)),
        released=bool(entry.get("released", False)),
        share=FileShare(entry["share"]) if entry.get("share") else None,
        rules=tuple(map(str, entry.get("rules", ()))),
    )


def _path(text: str) -> PurePosixPath:
    why = paths.refusal(text)
    if why:
        raise ValueError(f"the path {text!r} {why}")
    return PurePosixPath(text)


def _file(entry: Mapping[str, str] | None, contents: Mapping[str, bytes]) -> File | None:
    if entry is None:
        return None
    if entry["mode"] not in {tree_modes.FILE, tree_modes.EXECUTABLE}:
        raise ValueError(f"the mode {entry['mode']!r} is not a file's")
    return File(contents[entry["sha256"]], entry["mode"] == tree_modes.EXECUTABLE)
