"""One experiment, how its runs ended, and what it showed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from tests.faults.people import Deed
from tests.faults.points import Point
from tests.faults.shim import Fault


@dataclass(frozen=True)
class Ended:
    """How a run of the program ended."""

    code: int
    out: str
    err: str

    def outcomes(self) -> dict[str, str]:
        lines = [json.loads(line) for line in self.out.splitlines() if line.startswith("{")]
        return {line["target"]: line["outcome"] for line in lines if line["type"] == "target_done"}

    def reasons(self) -> dict[str, str]:
        lines = [json.loads(line) for line in self.out.splitlines() if line.startswith("{")]
        return {line["target"]: line["reason"] for line in lines if line["type"] == "target_done"}


@dataclass(frozen=True)
class Experiment:
    """What goes wrong, where and when; its name is all that is needed to make it again."""

    kind: str
    story: str
    fault: Fault
    deed: Deed | None = None
    second: Fault | None = None  # goes wrong in the first run after
    without: str = ""  # what else is gone after the fault: the ledger or the whole state
    between: Deed | None = None  # what is done to the state folder after the fault
    renamed: bool = False  # the machine has another name from then on

    def __str__(self) -> str:
        deed = self.deed or self.between
        fault = self.fault
        point = Point(fault.call, fault.path, fault.at, fault.after) if fault.call else f"call {fault.at}"
        words = [self.kind, self.story, deed.name if deed else "-", str(point)]
        words += [f"killed {fault.then} calls later"] if fault.then else []
        words += [f"again at call {self.second.at}"] if self.second else []
        return " | ".join(words)


@dataclass
class Finding:
    """What an experiment showed."""

    experiment: Experiment
    fired: bool = True
    code: int = 0
    followed: bool = False
    call: str = ""
    violations: list[str] = field(default_factory=list)
    notes: str = ""
    seconds: float = 0.0
