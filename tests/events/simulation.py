"""Sessions whose truth is known: what an agent did, what it logged of it, and what its successor must be told."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from rollout.events.event import Event

SERVICES = ("api", "web", "worker")
# What a hook or a program logs without anybody having to remember it.
MECHANICAL = frozenset(
    {
        "instance_registered",
        "user_message",
        "spawn",
        "task_spawned",
        "task_completed",
        "task_failed",
        "commit",
        "commit_created",
    }
)


@dataclass
class Truth:
    """What is so, kept by the one who does it, in plain containers: no event is read here."""

    message: str | None = None
    epics: dict[str, None] = field(default_factory=dict)
    tasks: dict[str, str] = field(default_factory=dict)
    commit: str | None = None
    deploys: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    checkpoint: str | None = None
    requests: dict[int, str] = field(default_factory=dict)


@dataclass
class Agent:
    """Works at random, and logs what it does in the words of old and new clients alike."""

    chance: random.Random
    truth: Truth = field(default_factory=Truth)
    logged: list[Event] = field(default_factory=list)
    count: int = 0

    def work(self, steps: int) -> None:
        acts = [
            (self.hear, 3), (self.think, 4), (self.start_epic, 2), (self.end_epic, 2), (self.spawn, 3),
            (self.end_task, 3), (self.commit, 3), (self.start_deploy, 1), (self.deploy, 2), (self.fail, 1),
            (self.save, 1), (self.request, 1), (self.merge, 1), (self.use_tool, 6),
        ]  # fmt: skip
        self.log("instance_registered", {"project": "simulated"})
        for act in self.chance.choices([a for a, _ in acts], [weight for _, weight in acts], k=steps):
            self.count += 1
            act()

    def log(self, event_type: str, data: Mapping[str, object], parent: str | None = None) -> str:
        event_id = str(UUID(int=self.chance.getrandbits(128)))
        moment = f"2026-02-03T15:20:00.{len(self.logged):06}Z"
        self.logged.append(Event(len(self.logged) + 1, event_type, data, moment, moment, event_id, parent))
        return event_id

    def either(self, *names: str) -> str:
        return self.chance.choice(names)

    def hear(self) -> None:
        self.truth.message = f"please do {self.count}"
        self.log("user_message", {"content": self.truth.message})

    def think(self) -> None:
        self.log("assistant_start", {"epic": "epic-1", "context_percent": self.count % 100})

    def start_epic(self) -> None:
        epic = f"epic-{self.count}"
        self.truth.epics[epic] = None
        self.log(self.either("epic_start", "epic_started"), {"epic_id": epic, "feature": "auth"})

    def end_epic(self) -> None:
        if self.truth.epics:
            epic = self.chance.choice(list(self.truth.epics))
            del self.truth.epics[epic]
            self.log(self.either("epic_completed", "epic_completed", "epic_failed"), {"epic_id": epic})

    def spawn(self) -> None:
        task = f"task-{self.count}"
        data = {"description": f"step {self.count}", "subagent": "haiku"}
        if self.chance.random() < 0.5:
            data |= {"task_id": task}
        self.truth.tasks[data["description"]] = self.log(self.either("spawn", "task_spawned"), data)

    def end_task(self) -> None:
        if not self.truth.tasks:
            return
        described = self.chance.choice(list(self.truth.tasks))
        parent = self.truth.tasks.pop(described)
        kind = self.either("task_completed", "task_completed", "task_failed")
        if self.chance.random() < 0.5:
            self.log(kind, {"result": "done"}, parent)
        else:
            self.log(kind, {"description": described})

    def commit(self) -> None:
        self.truth.commit = f"{self.chance.getrandbits(28):07x}"
        name = self.either("hash", "commit_hash")
        self.log(self.either("commit", "commit_created"), {name: self.truth.commit, "message": f"feat: {self.count}"})

    def start_deploy(self) -> None:
        service = self.either(*SERVICES)
        self.truth.deploys[service] = "started"
        self.log(self.either("deploy_start", "deployment_started"), {"service": service, "port": 5100})

    def deploy(self) -> None:
        service = self.either(*SERVICES)
        kind = self.either("deploy", "deploy_complete", "deployment_completed", "deployment_failed")
        self.truth.deploys[service] = "failed" if kind == "deployment_failed" else "success"
        status = {"status": "success"} if kind == "deploy" else {}
        self.log(kind, {"service": service, "port": 5100} | status)

    def fail(self) -> None:
        self.truth.errors.append(f"error {self.count}")
        self.log("error", {"error_type": "test_failure", "message": self.truth.errors[-1]})

    def save(self) -> None:
        self.truth.checkpoint = f"step {self.count}"
        self.log("checkpoint_created", {"next": self.truth.checkpoint})

    def request(self) -> None:
        self.truth.requests[self.count] = "open"
        self.log("pr_created", {"pr_number": self.count, "title": f"feat: {self.count}"})

    def merge(self) -> None:
        if self.truth.requests:
            number = self.chance.choice(list(self.truth.requests))
            self.truth.requests[number] = "merged"
            self.log("pr_merged", {"pr_number": number})

    def use_tool(self) -> None:
        self.log("tool_use", {"tool": "Bash", "number": self.count})


def simulate(seed: int) -> Agent:
    """Return an agent that worked until it broke off, at a random point."""
    chance = random.Random(seed)
    agent = Agent(chance)
    agent.work(chance.randint(1, 150))
    return agent


def remembered(agent: Agent, forgetting: float, *, hooks: bool) -> list[Event]:
    """Return what of its events reaches the store when each is forgotten at this rate; positions have no gap."""
    kept = [
        event
        for event in agent.logged
        if (hooks and event.event_type in MECHANICAL) or agent.chance.random() >= forgetting
    ]
    return [_at(position, event) for position, event in enumerate(kept, 1)]


def _at(position: int, event: Event) -> Event:
    return Event(position, event.event_type, event.data, event.timestamp, event.seen, event.event_id, event.parent_uuid)


def wrong_fields(truth: Truth, answer: Mapping[str, Any]) -> list[str]:
    """Return the fields of a resume that are not so."""
    told = {
        "message": (answer["last_user_message"] or {}).get("content"),
        "epics": [epic["epic_id"] for epic in answer["open_epics"]],
        "tasks": [spawn["description"] for spawn in answer["subagents_in_flight"]],
        "commit": (answer["last_commit"] or {}).get("hash"),
        "deploys": {deploy["service"]: deploy["state"] for deploy in answer["deploys"]},
        "errors": [error["message"] for error in answer["recent_errors"]],
        "checkpoint": ((answer["last_checkpoint"] or {}).get("data") or {}).get("next"),
        "requests": {int(request["number"]): request["state"] for request in answer["pull_requests"]},
        "complete": answer["complete"],
        "not_understood": answer["not_understood"],
    }
    so = {
        "message": truth.message,
        "epics": list(truth.epics),
        "tasks": list(truth.tasks),
        "commit": truth.commit,
        "deploys": truth.deploys,
        "errors": truth.errors[:-6:-1],
        "checkpoint": truth.checkpoint,
        "requests": truth.requests,
        "complete": True,
        "not_understood": [],
    }
    return [name for name, value in so.items() if told[name] != value]


@dataclass(frozen=True)
class Share:
    """How many of how many, with the 95 % interval of Wilson."""

    right: int
    of: int

    @property
    def interval(self) -> tuple[float, float]:
        z = 1.959964
        p, n = self.right / self.of, self.of
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{100 * self.right / self.of:.1f} % ({100 * low:.1f} to {100 * high:.1f} %) of {self.of:,}"


def share(wrong: Iterable[Sequence[str]]) -> Share:
    """Count the sessions in which nothing is wrong."""
    counted = [not fields for fields in wrong]
    return Share(sum(counted), len(counted))
