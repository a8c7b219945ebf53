"""What most commands start with: open the inventory, read the person's settings, plan with progress on the screen."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from itertools import takewhile
from pathlib import Path

import click
from msgspec import Struct, field
from msgspec.structs import replace

from rollout.cli.common_options import INVENTORY, Options, given_options
from rollout.cli.terminal.interrupt import Interrupt, interruptible
from rollout.cli.terminal.progress import Progress
from rollout.cli.terminal.screen import Screen
from rollout.errors import RolloutError, UsageError, near
from rollout.fleet import hosts, load
from rollout.fleet.load import InventorySource, Loaded
from rollout.fleet.plan import PlanRequest, Watcher, make_plan
from rollout.git import environment
from rollout.machine import state_folder
from rollout.machine.above import above
from rollout.model import reasons
from rollout.model.circumstances import Decisions
from rollout.model.files import Problem
from rollout.model.inventory import Branch, Target
from rollout.model.plan import Plan
from rollout.model.reasons import Reason
from rollout.remote import ssh
from rollout.safety import secrets
from rollout.targets.job import Settings
from rollout.targets.units import GLANCING
from rollout.work import threads
from rollout.work.executors import Executor, Threads


class Session(Struct, frozen=True):
    """One command at work."""

    options: Options
    screen: Screen
    loaded: Loaded
    state: Path
    executor: Executor
    interrupt: Interrupt
    unreached: dict[str, RolloutError] = field(default_factory=dict)  # event stores that did not answer

    @property
    def run_lock(self) -> Path:
        """Return the lock file of runs on this inventory."""
        return self.state / "locks" / f"{state_folder.key(str(self.loaded.inventory.path.resolve()))}.lock"

    def again(self, command: str, *options: str) -> str:
        """Return a rollout command line for the same inventory, targets and variables."""
        return shlex.join(["rollout", command, *options, *self.same()])

    def page(self, text: str) -> None:
        """Print what a person reads at length."""
        self.screen.long(text, self.interrupt)

    def next(self, words: tuple[str, ...]) -> str:
        """Return the next command as it is typed here; "" if there is none.

        On a terminal apply asks about each file, so there it decides nothing beforehand.
        """
        if words[:1] == ("apply",) and sys.stdin.isatty() and not self.options.json:
            words = tuple(takewhile(lambda word: word != "--on-drift", words))
        return self.again(*words) if words else ""

    def same(self, *, everywhere: bool = False) -> tuple[str, ...]:
        """Return the options that name the same inventory, targets and variables; `everywhere` leaves out targets."""
        words = ["-i", self.options.inventory] if self.options.inventory else []
        words += ["--limit", ",".join(self.options.limit)] if self.options.limit and not everywhere else []
        words += [word for name, value in self.options.var.items() for word in ("--var", f"{name}={value}")]
        return (*words, *self.options.typed)

    def pointed(self, why: Reason) -> Reason:
        """Return a reason whose commands work on what this command works on and on nothing else."""
        if not why.parts:
            return why
        return reasons.pointed(why, shlex.join(self.same()), shlex.join(self.same(everywhere=True)))

    def on_screen(self, why: Reason) -> Reason:
        """Return a reason as a person reads it here: whole with -v, and otherwise saying that -v tells more."""
        pointed = self.pointed(why)
        return reasons.whole(pointed) if self.options.verbose else reasons.on_screen(pointed)

    def as_data(self, why: Reason) -> Reason:
        """Return a reason as a program reads it: whole with -v."""
        return reasons.whole(why) if self.options.verbose else why

    def shown(self, plan: Plan) -> Plan:
        """Return a plan as a person reads it here."""
        return replace(plan, steps=tuple(replace(step, why=self.on_screen(step.why)) for step in plan.steps))

    def settings(self, *, offline: bool = False, push: bool = True, writes: bool = False) -> Settings:
        """Return the settings of a command; one that `writes` waits for others that write, one that reads does not."""
        from rollout.git.person import read_person

        person = replace(read_person(), patience=self.options.timeout)
        found = Settings(self.state, person, offline, push)
        return found if writes else replace(found, wait=0.0)

    def plan(
        self,
        settings: Settings,
        decisions: Decisions | None = None,
        targets: tuple[Target, ...] | None = None,
        problems: Mapping[str, tuple[Problem, ...]] | None = None,
        *,
        from_memory: bool = True,
    ) -> Plan:
        """Observe the chosen targets and decide, with progress on the screen; raise Interrupted when told to end.

        `problems` are faults of the targets' files that are known already.
        """
        chosen = self.loaded.chosen if targets is None else targets
        self._managed(chosen, decisions or Decisions())
        with Progress(self.screen, len(chosen), "looked at") as progress:
            question = PlanRequest(chosen, settings, decisions or Decisions(), problems or {}, from_memory)
            watcher = Watcher(progress.begun, progress.left_open, progress.ended)
            plan = make_plan(self.loaded, question, self.executor, watcher, self.interrupt.stop)
        self.interrupt.checked()
        return plan

    def _managed(self, targets: tuple[Target, ...], decisions: Decisions) -> None:
        """Raise UsageError if a decision is about a file that none of the targets has."""
        if not decisions.files:
            return
        paths = {slot.path for target in targets for slot in self.loaded.rendering.slots(target)}
        for path in sorted({one.path for one in decisions.files} - paths):
            meant = near(str(path), map(str, paths))
            raise UsageError(f"--on-drift: no template of these targets names {path}{meant}")


def _secrets(loaded: Loaded) -> Iterator[tuple[str, str]]:
    """Yield every variable of the inventory whose name marks it as a secret."""
    owners = [target.variables for target in loaded.inventory.targets]
    owners += [machine.variables for machine in loaded.inventory.machines.values()]
    for variables in owners:
        yield from secrets.named({name: variable.value for name, variable in variables.items()})


def _state_folder(loaded: Loaded) -> Path:
    """Return the state folder; raise UsageError if it is inside a checkout."""
    named = state_folder.named_state_folder()
    for target in loaded.inventory.targets:
        match target.location:
            case Branch(checkout=Path() as top) if named.is_relative_to(top):
                raise UsageError(
                    f"the state folder {named} is inside the checkout of {target.name}; "
                    "name another place with ROLLOUT_STATE_DIR"
                )
    return state_folder.state_folder()


@contextmanager
def opened(context: click.Context, *, check: bool = True, spread: bool = True, looks: bool = True) -> Iterator[Session]:
    """Open the inventory that the options name.

    `spread` says whether other machines may do the work, `looks` whether the command looks at all chosen targets.
    """
    options = given_options(context)
    if options.scheduler is None:
        options = replace(options, jobs=threads.affordable(options.jobs))
    screen = Screen(options)
    asked = source(options)
    environment.withhold()  # where the search for an inventory ends is said there, too
    for note in load.cleared(asked.path, state_folder.named_state_folder()):
        screen.warn(note)
    with (
        interruptible() as interrupt,
        ssh.sharing(),
        _executor(options, spread=spread) as executor,
        load.opened(
            asked,
            check=check,
            memory=state_folder.named_state_folder(),
            foreseen=partial(executor.expect, GLANCING) if looks else lambda _: None,
            whole=options.verbose > 0,
        ) as loaded,
    ):
        state = _state_folder(loaded)
        loaded = hosts.with_remembered(loaded, hosts.remembered(state))
        screen.hide(value for _, value in _secrets(loaded))
        for warning in loaded.warnings:
            screen.warn(warning)
        yield Session(options, screen, loaded, state, executor, interrupt)


def source(options: Options) -> InventorySource:
    """Return the inventory that the options name."""
    path, shown = _inventory(options)
    return InventorySource(path, shown, options.root, options.limit, options.var, options.hostname)


def _inventory(options: Options) -> tuple[Path, str]:
    """Return the inventory and how to name it: the one that was named, or the nearest here or above."""
    if options.inventory is not None:
        return options.path, options.inventory
    here = Path.cwd()
    found = above(INVENTORY, here)
    if found is None or found.parent == here:
        return options.path, INVENTORY
    return found, os.path.relpath(found, here)


@contextmanager
def _executor(options: Options, *, spread: bool) -> Iterator[Executor]:
    """Yield the executor that --executor names; it contacts a cluster once there is work for it."""
    if options.scheduler is None or not spread:
        with closing(Threads(options.jobs)) as here:
            yield here
        return
    from rollout.work.dask_cluster import DaskCluster

    with closing(DaskCluster(options.scheduler, options.jobs, options.timeout)) as cluster:
        yield cluster
