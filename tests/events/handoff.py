"""Sessions that break off, and a scripted successor: what it can answer from a page alone, beside what is so.

Every fact carries a word that occurs nowhere else (`way-17`), so that an answer is counted, not judged. The successor
reads text, as an agent does: titles and lines of the page, `git` output, or raw lines of events.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from rollout.events.bundle import Moment
from rollout.events.event import Event
from rollout.events.event_types import canonical_names, shipped_types
from rollout.events.repository_now import RepositoryNow
from rollout.events.resume import resume
from rollout.events.resume_markdown import LIMIT, markdown

QUESTIONS = (
    "goal", "last words", "ruled out", "repository now", "blocked", "next", "epics", "subagents", "decisions",
    "pull requests", "services", "last error",
)  # fmt: skip
INSTANCE = "handoff-PS-000001"
CANONICAL = canonical_names(shipped_types())
FILLER = (
    "so",
    "that",
    "people",
    "wait",
    "no",
    "longer",
    "for",
    "the",
    "whole",
    "page",
    "again",
    "on",
    "a",
    "slow",
    "line",
)
# What hooks log: nobody can forget it.
HOOKED = frozenset({"instance_registered", "user_message", "spawn", "task_completed", "commit", "checkpoint_turn"})

Answers = Mapping[str, frozenset[str]]


@dataclass
class World:
    """What is so, kept by the one who does it; no event is read here."""

    current: dict[str, dict[str, frozenset[str]]] = field(default_factory=lambda: {name: {} for name in QUESTIONS})
    superseded: set[str] = field(default_factory=set)
    branch: str = "main"
    head: str = "0" * 40
    dirty: int = 0

    def put(self, question: str, key: str, *words: str, alone: bool = False) -> None:
        for old in list(self.current[question]) if alone else [key]:
            self.drop(question, old)
        self.current[question][key] = frozenset(words or (key,))

    def drop(self, question: str, key: str) -> None:
        self.superseded |= self.current[question].pop(key, frozenset())

    def truth(self) -> Answers:
        now = {"now": frozenset({self.branch, self.head[:12], f"{self.dirty} changed"})}
        kept = {**self.current, "repository now": now}
        return {name: frozenset(word for words in facts.values() for word in words) for name, facts in kept.items()}


@dataclass
class Worker:
    """Works at random until it breaks off, and logs what it does as an agent with hooks would."""

    chance: random.Random
    world: World = field(default_factory=World)
    logged: list[Event] = field(default_factory=list)
    commits: list[str] = field(default_factory=list)
    count: int = 0

    def log(self, kind: str, **data: object) -> str:
        event_id = str(UUID(int=self.chance.getrandbits(128)))
        moment = f"2026-02-03T15:{len(self.logged) // 60 % 60:02}:{len(self.logged) % 60:02}.000000Z"
        self.logged.append(Event(len(self.logged) + 1, kind, data, moment, moment, event_id))
        return event_id

    def said(self, *words: str) -> str:
        """Return words that count, and words that only take room."""
        return " ".join((*words, *self.chance.choices(FILLER, k=self.chance.randint(0, 14))))

    def one_of(self, question: str) -> str | None:
        return self.chance.choice([*self.world.current[question], *[None]]) if self.world.current[question] else None

    def work(self, steps: int) -> None:
        acts = [
            (self.set_goal, 1), (self.hear, 3), (self.rule_out, 2), (self.commit, 3), (self.turn, 3), (self.block, 1),
            (self.unblock, 1), (self.plan, 1), (self.start_epic, 1), (self.end_epic, 1), (self.spawn, 2), (self.end, 2),
            (self.decide, 2), (self.request, 1), (self.merge, 1), (self.deploy, 1), (self.fail, 1), (self.use_tool, 9),
        ]  # fmt: skip
        self.log("instance_registered", project="handoff")
        for act in self.chance.choices([a for a, _ in acts], [weight for _, weight in acts], k=steps):
            self.count += 1
            act()

    def set_goal(self) -> None:
        self.world.put("goal", f"goal-{self.count}", alone=True)
        self.log("goal", text=self.said(f"goal-{self.count}"))

    def hear(self) -> None:
        self.world.put("last words", f"word-{self.count}", alone=True)
        self.log("user_message", content=self.said(f"word-{self.count}"))

    def rule_out(self) -> None:
        way, because = f"way-{self.count}", f"because-{self.count}"
        self.world.put("ruled out", way, way, because)
        self.log("attempt_failed", approach=self.said(way), reason=self.said(because))

    def commit(self) -> None:
        self.world.head, self.world.dirty = f"{self.chance.getrandbits(160):040x}", 0
        self.commits.append(f"{self.world.head[:7]} feat: step {self.count}")
        self.log(
            "commit", hash=self.world.head, message=self.said(f"feat: step {self.count}"), branch=self.world.branch
        )

    def turn(self) -> None:
        self.world.dirty += self.chance.randint(0, 3)
        state = {"branch": self.world.branch, "head": self.world.head, "dirty": self.world.dirty}
        self.log("checkpoint_created", turn=self.count, **state)

    def block(self) -> None:
        what, by = f"block-{self.count}", f"by-{self.count}"
        self.world.put("blocked", what, what, by)
        self.log("blocked", what=what, by=self.said(by))

    def unblock(self) -> None:
        if what := self.one_of("blocked"):
            self.world.drop("blocked", what)
            self.log("unblocked", what=what)

    def plan(self) -> None:
        self.world.put("next", f"next-{self.count}", alone=True)
        self.log("checkpoint_created", next=self.said(f"next-{self.count}"))

    def start_epic(self) -> None:
        epic = f"epic-{self.count}"
        self.world.put("epics", epic)
        self.world.branch = f"feature/{epic}"
        self.log("epic_start", epic_id=epic, feature=self.said("feature"))

    def end_epic(self) -> None:
        if epic := self.one_of("epics"):
            self.world.drop("epics", epic)
            self.log("epic_completed", epic_id=epic)

    def spawn(self) -> None:
        self.world.put("subagents", f"task-{self.count}")
        self.log("spawn", description=self.said(f"task-{self.count}"), agent_id=f"a-{self.count}", subagent="haiku")

    def end(self) -> None:
        if task := self.one_of("subagents"):
            self.world.drop("subagents", task)
            self.log("task_completed", agent_id=task.replace("task", "a"))

    def decide(self) -> None:
        decision, old = f"decision-{self.count}", self.one_of("decisions")
        instead = {}
        if old and self.chance.random() < 0.5:
            self.world.drop("decisions", old)
            place = next(e.sequence_num for e in self.logged if str(e.data.get("decision", "")).split(" ")[0] == old)
            instead = {"replaces": f"#{place}"}
        self.world.put("decisions", decision)
        self.log("decision", decision=self.said(decision), reason=self.said("because"), **instead)

    def request(self) -> None:
        self.world.put("pull requests", str(self.count), f"PR {self.count}")
        self.log("pr_created", pr_number=self.count, title=self.said("feat:"))

    def merge(self) -> None:
        if number := self.one_of("pull requests"):
            self.world.drop("pull requests", number)
            self.log("pr_merged", pr_number=int(number))

    def deploy(self) -> None:
        service, port = self.chance.choice(("api", "web", "worker")), 5100 + self.count
        kind = self.chance.choice(("deploy_start", "deploy", "deploy_failed"))
        state = {"deploy_start": "started", "deploy": "success", "deploy_failed": "failed"}[kind]
        self.world.put("services", service, f"{service}: {state} on port {port}")
        self.log(kind, service=service, port=port)

    def fail(self) -> None:
        self.world.put("last error", f"error-{self.count}", alone=True)
        self.log("error", error_type="test_failure", message=self.said(f"error-{self.count}"))

    def use_tool(self) -> None:
        self.log("tool_use", tool="Bash", command=self.said("make test"))


def broken_off(seed: int) -> Worker:
    """Return a worker that broke off at a random point; in a third of the cases a person went on in the repository."""
    worker = Worker(random.Random(seed))
    worker.work(worker.chance.randint(5, 200))
    if worker.chance.random() < 1 / 3:
        worker.world.head, worker.world.dirty = f"{worker.chance.getrandbits(160):040x}", worker.chance.randint(0, 4)
        worker.commits.append(f"{worker.world.head[:7]} fix: by hand")
    return worker


def remembered(worker: Worker, forgetting: float) -> list[Event]:
    """Return what reached the store: what hooks log always, the rest unless it was forgotten."""
    kept = [e for e in worker.logged if _kind(e) in HOOKED or worker.chance.random() >= forgetting]
    return [Event(n, e.event_type, e.data, e.timestamp, e.seen, e.event_id) for n, e in enumerate(kept, 1)]


def _kind(event: Event) -> str:
    return "checkpoint_turn" if "turn" in event.data else event.event_type


# --- what a successor is given --------------------------------------------------------------------


def bundle(worker: Worker, events: list[Event], limit: int | None = LIMIT) -> str:
    world = worker.world
    now = RepositoryNow("/r/handoff", world.branch, world.head, world.dirty, None)
    at = Moment(datetime(2026, 2, 3, 18, 0, tzinfo=UTC), now)
    return markdown(resume(INSTANCE, events, None, CANONICAL), at, limit)


def repository(worker: Worker, _: list[Event]) -> str:
    """What `git status -sb` and `git log` say."""
    world = worker.world
    changed = [f" M file-{number}" for number in range(world.dirty)]
    return "\n".join((f"## {world.branch}", *changed, world.head, *reversed(worker.commits)))


def replay(_: Worker, events: list[Event]) -> str:
    return "\n".join(f"{e.sequence_num}\t{e.event_type}\t{e.event_id}\t{json.dumps(e.data)}" for e in events)


def newest(worker: Worker, events: list[Event]) -> str:
    """As much of the raw events as the bundle may have, the newest."""
    return replay(worker, events)[-LIMIT:].partition("\n")[2]


# --- what it answers ------------------------------------------------------------------------------

TITLES = {
    "goal": "Goal", "last words": "Last user message", "ruled out": "Tried, did not work", "blocked": "Blocked",
    "next": "Next", "epics": "Open epics", "subagents": "Subagents in flight", "decisions": "Decisions",
    "pull requests": "Open pull requests", "services": "Services", "last error": "Last error",
}  # fmt: skip
WORD = re.compile(
    r"\b(?:goal|word|way|because|block|by|next|epic|task|decision|error)-\d+\b|PR \d+|\w+: \w+ on port \d+"
)


def from_bundle(page: str) -> Answers:
    sections: dict[str, list[str]] = {}
    title = ""
    for line in page.splitlines():
        if heading := re.match(r"\*\*(.+?)\*\*:?\s*", line):
            title, line = heading[1], line[heading.end() :]
        sections.setdefault(title, []).append(line)
    answers = {name: _words(sections.get(title, [])) for name, title in TITLES.items()}
    here = " ".join(sections.get("Now", [])[:2])
    now = re.search(r"branch (\S+), HEAD (\w+), (\d+ changed)", here)
    return {**answers, "repository now": frozenset(now.groups() if now else ())}


def _words(lines: list[str]) -> frozenset[str]:
    # What a decision replaced is told as replaced.
    return frozenset(WORD.findall(re.sub(r": instead of .*", "", "\n".join(lines))))


def from_repository(said: str) -> Answers:
    first, *rest = said.splitlines()
    branch = first.removeprefix("## ")
    dirty = sum(line.startswith(" M") for line in rest)
    now = frozenset({branch, rest[dirty][:12], f"{dirty} changed"})
    return {**dict.fromkeys(QUESTIONS, frozenset[str]()), "epics": _words([branch]), "repository now": now}


def from_events(raw: str) -> Answers:
    """Read every line and fold them without a mistake: more than a reader of raw lines can be expected to do."""
    lines = [line.split("\t") for line in raw.splitlines()]
    events = [Event(int(n), kind, json.loads(data), event_id=own) for n, kind, own, data in lines]
    told = resume(INSTANCE, events, None, CANONICAL)
    turn = [told["last_turn"]["data"]] if isinstance(told["last_turn"], dict) else []
    page = from_bundle(markdown(told, Moment(datetime(2026, 2, 3, tzinfo=UTC)), None))
    now = frozenset(word for t in turn for word in (t["branch"], t["head"][:12], f"{t['dirty']} changed"))
    return {**page, "repository now": now}


SOURCES: dict[str, tuple[Callable[[Worker, list[Event]], str], Callable[[str], Answers]]] = {
    "bundle": (bundle, from_bundle),
    "bundle, all of it": (partial(bundle, limit=None), from_bundle),
    "repository only": (repository, from_repository),
    "raw replay, all of it": (replay, from_events),
    "raw replay, its newest 2,000 characters": (newest, from_events),
}


# --- how good that is -----------------------------------------------------------------------------


@dataclass
class Marks:
    """Counts over all sessions: right of how many."""

    facts: list[int] = field(default_factory=lambda: [0, 0])
    ruled_out: list[int] = field(default_factory=lambda: [0, 0])
    unknown: list[int] = field(default_factory=lambda: [0, 0])
    superseded: list[int] = field(default_factory=lambda: [0, 0])
    whole: list[int] = field(default_factory=lambda: [0, 0])
    sizes: list[int] = field(default_factory=list)

    def judge(self, world: World, answers: Answers, size: int) -> None:
        truth = world.truth()
        for name in QUESTIONS:
            _count(self.facts, len(answers[name] & truth[name]), len(truth[name]))
            _count(self.unknown, not truth[name] and not answers[name], not truth[name])
        _count(self.ruled_out, len(answers["ruled out"] & truth["ruled out"]), len(truth["ruled out"]))
        _count(self.superseded, len(world.superseded & frozenset().union(*answers.values())), len(world.superseded))
        _count(self.whole, all(answers[name] == truth[name] for name in QUESTIONS), 1)
        self.sizes.append(size)


def _count(mark: list[int], right: int, of: int) -> None:
    mark[0] += right
    mark[1] += of


def measured(sessions: int, forgetting: float) -> dict[str, Marks]:
    """Let the successor of every session answer from every source."""
    marks = {name: Marks() for name in SOURCES}
    for seed in range(sessions):
        worker = broken_off(seed)
        events = remembered(worker, forgetting)
        for name, (given, read) in SOURCES.items():
            said = given(worker, events)
            marks[name].judge(worker.world, read(said), len(said))
    return marks
