"""The page's first sentence, its three groups, and the command that comes next."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from rollout.model.action import Action
from rollout.model.plan import State, Step
from rollout.model.reasons import Reason
from rollout.model.reviews import Checks, Review, Standing
from rollout.planning.file_reasons import causes
from rollout.showing.page import words
from rollout.showing.page.contents import Attention
from tests.showing.pages_made import drift, made, step


def test_the_sentence_says_what_is_fine_and_then_the_worst_first() -> None:
    fleet = [step(f"s{number}") for number in range(46)]
    fleet += [drift(f"d{number}", "theirs\n", "ours\n") for number in range(3)]
    assert words.sentence([*fleet, step("far", State.UNREACHABLE)]) == (
        "46 of 50 in sync; 3 need a decision; 1 unreachable"
    )


def test_every_target_is_counted_once() -> None:
    fleet = [step(state.value, state) for state in State]
    assert words.sentence(fleet) == (
        "1 of 12 in sync; 3 need a decision; 1 missing; 1 unreachable; 1 blocked; 1 waiting; 1 to apply; 1 in review; "
        "1 ready to push; 1 behind"
    )
    assert words.sentence([step("a", State.DRIFT)]) == "0 of 1 in sync; 1 needs a decision"
    assert words.sentence([]) == "0 of 0 in sync"


@pytest.mark.parametrize(
    ("state", "attention"),
    [
        *((state, Attention.NEEDS_YOU) for state in
          (State.MISSING, State.UNREACHABLE, State.BLOCKED, State.CONFLICT, State.DRIFT, State.DECLINED)),
        *((state, Attention.WAITING) for state in
          (State.WAITING, State.PENDING, State.IN_REVIEW, State.READY_TO_PUSH, State.BEHIND)),
        (State.IN_SYNC, Attention.FINE),
    ],
)  # fmt: skip
def test_each_state_has_its_group(state: State, attention: Attention) -> None:
    assert words.attention(step("a", state)) is attention


def reviewed(**review: object) -> Step:
    standing = Standing("rollout/x", head="1", review=Review("https://forge.example/1", **review))  # type: ignore[arg-type]  # its fields by name
    return replace(step("a", State.IN_REVIEW), standing=standing)


def test_a_review_that_goes_no_further_by_itself_needs_a_person() -> None:
    assert words.attention(reviewed(checks=Checks.GREEN)) is Attention.WAITING
    assert words.attention(reviewed(checks=Checks.RED)) is Attention.NEEDS_YOU
    assert words.attention(reviewed(conflicts=True)) is Attention.NEEDS_YOU
    taken = replace(step("a", State.IN_REVIEW), standing=Standing("rollout/x", head="1", ours=False, who="Bob"))
    assert words.attention(taken) is Attention.NEEDS_YOU


def test_a_review_without_a_reason_says_how_it_stands() -> None:
    cluster = made([reviewed(number=7, approved=True, checks=Checks.PENDING)]).groups[0].clusters[0]
    assert cluster.reason == "review 7: open, approved, checks are running"


def test_an_adoption_that_waits_for_a_person_is_a_decision() -> None:
    found = drift("a", "theirs\n", "ours\n")
    adopting = replace(found, state=State.PENDING, changes=(replace(found.changes[0], action=Action.ADOPT),))
    assert words.attention(adopting) is Attention.NEEDS_YOU
    assert words.next_words(adopting) == ("apply", "--adopt")


def test_a_choice_about_what_is_on_hold_releases_it() -> None:
    found = drift("a", "theirs\n", "ours\n")
    why = Reason((causes("a", [replace(found.changes[0], released=True)]),))
    assert words.choices(replace(step("a"), why=why))[0] == ("apply", "--release", "--on-drift", "overwrite")


@pytest.mark.parametrize(
    ("state", "command"),
    [
        (State.UNREACHABLE, "rollout status --fetch -i 'my fleet.yaml' --limit a"),
        (State.DECLINED, "rollout apply --reopen -i 'my fleet.yaml' --limit a"),
        (State.READY_TO_PUSH, "rollout push -i 'my fleet.yaml' --limit a"),
        (State.PENDING, "rollout apply -i 'my fleet.yaml' --limit a"),
        (State.BLOCKED, "rollout plan -i 'my fleet.yaml' --limit a"),
        (State.IN_SYNC, ""),
        (State.WAITING, ""),
    ],
)
def test_each_state_has_its_next_command(state: State, command: str) -> None:
    assert words.typed(words.next_words(step("a", state)), ["a"], ("-i", "my fleet.yaml")) == command


def test_targets_with_one_state_and_reason_are_told_together_with_one_command() -> None:
    page = made([drift("b", "theirs\n", "ours\n"), step("a"), drift("c", "theirs\n", "ours\n")])
    group, fine = page.groups
    assert [(c.state, c.reason, c.command, [e.name for e in c.entries]) for c in group.clusters] == [
        ("drift", "AGENTS.md: others changed it", "rollout diff --base --limit b,c", ["b", "c"])
    ]
    assert fine.clusters[0].entries[0].name == "a"


def test_a_pending_target_says_what_would_change() -> None:
    found = drift("a", "theirs\n", "ours\n")
    changes = tuple(replace(found.changes[0], action=Action.UPDATE, decided=True) for _ in range(6))
    page = made([replace(step("a", State.PENDING), changes=changes)])
    assert page.groups[0].clusters[0].reason == "update AGENTS.md, AGENTS.md, AGENTS.md, AGENTS.md and 2 more"
