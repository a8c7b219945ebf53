"""The units of work (glance, observe, write), run here or on a worker with its own caches and credentials."""

from __future__ import annotations

import time
from functools import lru_cache

from msgspec.structs import replace

from rollout.git.person import Person, read_person
from rollout.machine import state_folder
from rollout.model.inventory import Branch, Location
from rollout.model.outcomes import Outcome, Verdict
from rollout.model.plan import State, Step
from rollout.model.reasons import said
from rollout.targets import destination
from rollout.targets.branch.glance import Glanced
from rollout.targets.destination import Glance, Look
from rollout.targets.job import Heard, Job, OneRemote, Settings
from rollout.work.executors import Work


def glance_elsewhere(glance: Glance) -> Glanced:
    """Compare a target with what the worker remembers of it."""
    return destination.glance(replace(glance, settings=_of_this_machine(glance.settings)))


def ask_elsewhere(there: OneRemote) -> dict[str, Heard]:
    """Ask on a worker."""
    return destination.ask_once(replace(there, settings=_of_this_machine(there.settings)))


def observe_elsewhere(look: Look) -> Step:
    """Observe on a worker."""
    return destination.observe(replace(look, settings=_of_this_machine(look.settings)))


def write_elsewhere(job: Job) -> Outcome:
    """Write on a worker."""
    return destination.write(replace(job, settings=_of_this_machine(job.settings)))


def _of_this_machine(settings: Settings) -> Settings:
    """Return a run's settings for this machine: our state folder and access to remotes, the run's identity."""
    theirs, own = settings.person, _own_person(int(time.monotonic() // 60))
    key = own.identity.signing if own.identity is not None else ()
    identity = None if theirs.identity is None else replace(theirs.identity, signing=key)
    person = replace(own, identity=identity, fault=theirs.fault, patience=theirs.patience)
    return replace(settings, state=state_folder.state_folder(), person=person)


@lru_cache(maxsize=1)
def _own_person(_minute: int) -> Person:
    """Read the worker's own git configuration, once a minute: a worker lives for weeks, a unit of work a moment."""
    return read_person()


def _cached(name: str, location: Location, settings: Settings) -> str | None:
    """Return the repository that a worker caches; None if a path or a commit to keep is on this machine."""
    if not isinstance(location, Branch) or location.checkout is not None or settings.offline or not settings.push:
        return None
    if settings.person.conditional:
        return None  # the person's files on this machine decide who commits there
    return location.url or name


def _forgotten(_glance: Glance, _reason: str, _begun: bool) -> Glanced:
    return Glanced()  # the full look then says what is wrong


def _unseen(look: Look, reason: str, _begun: bool) -> Step:
    return Step(look.target.name, look.target.location, State.UNREACHABLE, said(reason), None)


def _unheard(job: Job, reason: str, begun: bool) -> Outcome:
    step = job.step
    verdict = Verdict.UNKNOWN if begun else Verdict.FAILED
    why = f"{reason}; the next run finds out what happened" if begun else reason
    return Outcome(step.target, verdict, said(why), step.base, None, 0, step.kind, step.branch)


def _cached_for_look(look: Glance | Look) -> str | None:
    return _cached(look.target.name, look.target.location, look.settings)


def _cached_for_job(job: Job) -> str | None:
    return _cached(job.step.target, job.step.location, job.settings)


def _cached_for_all(there: OneRemote) -> str | None:
    first, *_ = there.targets
    return _cached(first.name, first.location, there.settings)


def _unasked(_there: OneRemote, _reason: str, _begun: bool) -> dict[str, Heard]:
    return {}  # each target then asks for itself


ASKING = Work(destination.ask_once, ask_elsewhere, _cached_for_all, _unasked)
GLANCING = Work(destination.glance, glance_elsewhere, _cached_for_look, _forgotten, only_looks=True)
OBSERVING = Work(destination.observe, observe_elsewhere, _cached_for_look, _unseen, only_looks=True)
WRITING = Work(destination.write, write_elsewhere, _cached_for_job, _unheard)
