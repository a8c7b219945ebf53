"""A reason is a value: its text, its short form and its way out are made of it, and never read back."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from rollout.model.action import Action, OnDrift
from rollout.model.causes import Decide, FileCauses, SaidOfFiles
from rollout.model.changed import ChangedBy, Deed, Did
from rollout.model.hindrances import OnBranch
from rollout.model.reasons import (
    NONE,
    AtWork,
    Collision,
    HeldBack,
    Needs,
    Reason,
    ReasonPart,
    Said,
    SinceWaiting,
    Way,
    WayOut,
    files,
    on_screen,
    pointed,
    said,
    whole,
)

TWO = files([(PurePosixPath("a"), "others changed it"), (PurePosixPath("b"), "others deleted it")], Action.DRIFT)

BOB = ((PurePosixPath("a"), Did("others changed it", Deed.CHANGED, by=ChangedBy(0, 7_200, "Bob", "74b6022aaaaa"))),)


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (Said("no route"), "no route"),
        (TWO, "drift: a: others changed it (and 1 more)"),
        (FileCauses(TWO.found[:1]), "a: others changed it"),
        (WayOut(Way.ADOPT), "rollout apply --adopt takes it over"),
        (FileCauses(BOB, None, Decide("api", False, (OnDrift.OVERWRITE, OnDrift.KEEP))),
         "a: changed by Bob in 74b6022 (2 h ago); see: rollout diff api a --base; "
         "then rollout apply --on-drift overwrite|keep, or: rollout take api a"),
        (FileCauses((*BOB, *BOB), Action.DRIFT, Decide("api", False, (OnDrift.KEEP,))),
         "drift: a: changed by Bob in 74b6022 (2 h ago) (and 1 more); see: rollout diff api --base; "
         "then rollout apply --on-drift keep"),
        (FileCauses(BOB, None, Decide("", False, (OnDrift.KEEP,))),
         "a: changed by Bob in 74b6022 (2 h ago); see: rollout diff --base; then rollout apply --on-drift keep"),
        (FileCauses(BOB, None, Decide("api", True, ()), dated=True),
         "a: changed by Bob in 74b6022 (1970-01-01T00:00:00Z); see: rollout diff api a; "
         "then rollout apply --adopt takes it over, or --on-drift a=keep leaves it"),
        (WayOut(Way.PLAN_AGAIN), "rollout apply decides"),
        (WayOut(Way.RENEW), "rollout apply renews it"),
        (HeldBack(OnBranch("topic")), "on branch topic"),
        (Needs("core", "blocked", NONE), "needs core, which is blocked"),
        (Needs("core", "blocked", said("why")), "needs core, which is blocked: why"),
        (Collision("1234567890", "mine", (PurePosixPath("a"),)),
         "your own commit 1234567 (mine), which is not upstream, touches a"),
        (Collision("1234567890", "mine", tuple(map(PurePosixPath, "abcde"))),
         "your own commit 1234567 (mine), which is not upstream, touches a, b, c (and 2 more)"),
        (AtWork("r1"), "run r1 is at work on it"),
        (AtWork("r1", ended=True), "run r1 was interrupted, and its git is still at work on it"),
        (SinceWaiting(Reason((TWO,))), "drift: a: others changed it (and 1 more) since the commit that waits was made"),
    ],
)  # fmt: skip
def test_each_part_has_its_text(part: ReasonPart, text: str) -> None:
    assert Reason((part,)).text == text


def test_parts_are_told_one_after_the_other_and_none_is_nothing() -> None:
    assert said("one").also(Said("two"), AtWork("r")).text == "one; two; run r is at work on it"
    assert (NONE.text, bool(NONE), bool(said("")), bool(said("x"))) == ("", False, False, True)


def test_the_whole_reason_names_every_file_wherever_they_are() -> None:
    every = "drift: a: others changed it; b: others deleted it"
    assert whole(Reason((TWO,))).text == every
    assert whole(Reason((Needs("core", "drift", Reason((TWO,))),))).text == f"needs core, which is drift: {every}"


@pytest.mark.parametrize(
    ("way", "text"),
    [
        (Way.ADOPT, "rollout apply --adopt -i x.yaml takes it over"),
        (Way.PLAN_AGAIN, "rollout apply -i x.yaml decides"),
    ],
)
def test_a_way_out_works_on_what_the_command_works_on_and_words_that_look_like_one_stay(way: Way, text: str) -> None:
    quoted = Said("git: rollout apply --adopt")
    assert pointed(Reason((quoted, WayOut(way))), "-i x.yaml", "").text == f"git: rollout apply --adopt; {text}"
    inside = Reason((Needs("core", "pending", Reason((WayOut(way),))),))
    assert pointed(inside, "-i x.yaml", "").text == f"needs core, which is pending: {text}"


def test_of_many_files_three_are_named_and_the_screen_says_what_names_them_all() -> None:
    paths = tuple(map(PurePosixPath, "abcde"))
    reason = Reason((SinceWaiting(Reason((SaidOfFiles("upstream changed ", paths, " meanwhile"),))),))
    brief = Reason((SaidOfFiles("", paths[:3], " changed"),))
    assert brief.text == whole(brief).text == "a, b, c changed"
    assert "upstream changed a, b, c (and 2 more; -v names them) meanwhile" in on_screen(reason).text
    assert "upstream changed a, b, c (and 2 more) meanwhile" in reason.text
    assert "upstream changed a, b, c, d, e meanwhile" in whole(reason).text
