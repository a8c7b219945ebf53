"""Whether a run waits for a decision is a value: the words of a reason are for people only."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from msgspec.structs import replace

from rollout.model.action import Action
from rollout.model.files import File
from rollout.model.inventory import Folder
from rollout.model.outcomes import Outcome, Verdict
from rollout.model.plan import Change, Plan, State, Step
from rollout.model.plan_document import change_document
from rollout.model.plan_file import plan_file, read_plan
from rollout.model.reasons import said
from rollout.planning.writable import exit_code, sort
from rollout.showing.diffs import diff_of
from tests.world import World


def _blocked(reason: str, awaits: Action | None) -> Outcome:
    return Outcome("api", Verdict.BLOCKED, said(reason), awaits=awaits)


def _step(awaits: Action | None) -> Step:
    return Step("api", Folder(Path("/shared")), State.BLOCKED, said("another project"), None, awaits=awaits)


def test_a_decision_that_is_awaited_is_exit_code_4_whatever_the_words() -> None:
    assert exit_code((), [_blocked("another project is there", Action.ADOPT)]) == 4
    assert exit_code((), [_blocked("adopt: a template has this name", None)]) == 3


def test_a_run_that_moved_a_checkout_did_something_beside_what_waits(world: World) -> None:
    for name in ("api", "web"):
        world.repo(name)
    assert world.run("apply", "--yes").code == 0
    world.elsewhere("api", {"conf.txt": "bo\n"})
    world.git("web", "reset", "-q", "--hard", "HEAD~1")
    ran = world.run("apply", "--yes")
    assert ran.code == 3
    assert "Done: 1 unchanged, 1 blocked." in ran.out
    assert world.run("apply", "--yes").code == 4


def test_a_blocked_step_hands_on_what_it_awaits() -> None:
    assert [outcome.awaits for outcome in sort([_step(Action.ADOPT), _step(None)]).settled] == [Action.ADOPT, None]


def test_a_saved_plan_holds_what_is_awaited() -> None:
    saved = plan_file(Plan("1", "now", (_step(Action.ADOPT), _step(None))), lambda step, change: None)
    assert [step.awaits for step in read_plan(saved, "plan")[0].steps] == [Action.ADOPT, None]


def test_what_could_not_be_decided_has_no_diff() -> None:
    for actual in (None, File(b"theirs\n", executable=False)):
        change = Change(PurePosixPath("f.txt"), Action.ERROR, "it cannot be read", actual, None, decided=False)
        assert change_document(_step(None), change, lambda _step, change: diff_of(change))["diff"] is None


def test_a_saved_plan_holds_what_was_decided_before_apart_from_why_it_was() -> None:
    change = Change(PurePosixPath("f.txt"), Action.CREATE, "revert", None, File(b"a"), earlier=True, reverts=True)
    saved = plan_file(Plan("1", "now", (replace(_step(None), changes=(change,)),)), lambda step, change: None)
    assert read_plan(saved, "plan")[0].steps[0].changes == (change,)
    assert change.words == "revert; decided before"
