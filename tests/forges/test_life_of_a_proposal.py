"""A proposal on a branch of its own, with nothing but git: from the first apply to the merge."""

import json
import shutil
from pathlib import Path

import pytest

from tests.first_rows import first_rows
from tests.forges.asking import applied, on_the_branch, state
from tests.world import Ran, World

ID = "team"


@pytest.fixture
def reviewed(world: World) -> World:
    """Return a world with one repository whose changes are proposed."""
    world.defaults = f"defaults: {{templates: [project], deliver: review}}\nreview: {{branch: {ID}}}\n"
    (world.root / "templates" / "project" / "conf.txt.j2").unlink()
    world.template("project/AGENTS.md", "one\n")
    world.template("project/ci.yml", "ci\n")
    world.bare_repo("api")
    return world


def branch(world: World, name: str = f"rollout/{ID}") -> list[str]:
    """Return the subjects of what a branch has over main."""
    return world.git("api.git", "log", "--format=%s", f"main..{name}").splitlines()


def merge(world: World, *how: str, name: str = f"rollout/{ID}") -> None:
    """Merge the proposal as a person does it in a checkout."""
    other = world.root / "api.elsewhere"
    if not other.exists():
        world.clone("api", "api.elsewhere")
    world.git(other, "fetch", "-q", "origin")
    world.git(other, "reset", "-q", "--hard", "origin/main")
    world.git(other, "merge", "-q", *how, f"origin/{name}")
    if "--squash" in how:
        world.git(other, "commit", "-q", "--no-edit")
    world.git(other, "push", "-q", "origin", "HEAD:main")


def test_plan_and_validate_show_the_way_on_which_a_change_goes(reviewed: World) -> None:
    target = reviewed.run("plan", "--json").json["targets"][0]
    assert (target["state"], target["deliver"], target["via"]) == ("pending", "review", "address")
    assert "the address at which a person opens the review" in reviewed.run("plan").out
    assert reviewed.run("validate", "--json").json["via"] == {"api": "address"}
    assert "api: a branch, and the address" in reviewed.run("validate").out
    pushed = reviewed.run("plan", "--json", "--deliver", "push").json["targets"][0]
    assert (pushed["deliver"], pushed["via"]) == ("push", "push")


def test_a_change_is_one_commit_on_upstreams_tip_on_a_branch_of_its_own(reviewed: World) -> None:
    before = reviewed.tip("api")
    code, outcome, reason = applied(reviewed)
    assert (code, outcome) == (0, "proposed")
    assert reason == f"open a review of rollout/{ID} into main in {reviewed.root}/api.git"
    assert branch(reviewed) == ["Roll out 2 managed files"]
    assert reviewed.tip("api") == before == reviewed.tip("api", f"rollout/{ID}~1")
    assert reviewed.at("api", "AGENTS.md", f"rollout/{ID}") == "one\n"
    assert state(reviewed) == ("in-review", reason)
    assert state(reviewed, "--fetch") == ("in-review", reason)


def test_a_review_that_a_person_opens_is_not_told_as_opened(reviewed: World) -> None:
    for text in ("two\n", "three\n"):
        reviewed.template("project/AGENTS.md", text)
        ran = reviewed.run("apply", "--yes", "--json")
        (done,) = (line for line in ran.lines if line["type"] == "target_done")
        assert (done["outcome"], done["review"], done["review_act"]) == ("proposed", None, None)
    run = reviewed.run("history", "--json").json["runs"][0]
    assert run["outcomes"][0]["review_act"] is None
    reviewed.template("project/AGENTS.md", "four\n")
    forget(reviewed)
    ran = reviewed.run("apply", "--yes")
    assert "review opened" not in ran.out + ran.err
    assert f"open a review of rollout/{ID}" in ran.out + ran.err


def test_the_page_on_which_a_person_opens_the_review_stays_the_reason(reviewed: World) -> None:
    reviewed.git(reviewed.root, "config", "--global", f"url.{reviewed.root}/.insteadOf", "git@codeberg.org:team/")
    reviewed.entries["api"] = (
        "{url: 'git@codeberg.org:team/api.git', forge: {kind: pagure, api: 'https://p.example/api/0'}}"
    )
    page = f"https://p.example/team/api/diff/main..rollout/{ID}"
    assert applied(reviewed) == (0, "proposed", page)
    for more in ((), ("--fetch",)):
        assert state(reviewed, *more) == ("in-review", page)
    target = reviewed.run("status", "--json").json["targets"][0]
    assert target["review"] is None
    forget(reviewed)
    assert state(reviewed, "--fetch") == ("in-review", page)


def test_a_second_apply_proposes_nothing_new(reviewed: World) -> None:
    applied(reviewed)
    first = reviewed.tip("api", f"rollout/{ID}")
    assert applied(reviewed)[:2] == (0, "unchanged")
    assert reviewed.tip("api", f"rollout/{ID}") == first


def test_a_proposal_is_rendered_again_on_a_tip_that_moved(reviewed: World) -> None:
    applied(reviewed)
    tip = reviewed.elsewhere("api", {"README.md": "moved\n"})
    assert state(reviewed, "--fetch")[0] == "in-review"
    assert applied(reviewed)[:2] == (0, "proposed")
    assert reviewed.tip("api", f"rollout/{ID}~1") == tip
    assert len(branch(reviewed)) == 1


def test_a_changed_template_moves_the_proposal(reviewed: World) -> None:
    applied(reviewed)
    reviewed.template("project/AGENTS.md", "two\n")
    assert state(reviewed, "--fetch")[0] == "pending"
    assert applied(reviewed)[:2] == (0, "proposed")
    assert reviewed.at("api", "AGENTS.md", f"rollout/{ID}") == "two\n"
    assert len(branch(reviewed)) == 1


def said(world: World, name: str = f"rollout/{ID}") -> str:
    """Return the words of the commit that is proposed, without our trailers."""
    text = world.git("api.git", "log", "-1", "--format=%B", name)
    lines = [line for line in text.splitlines() if not line.startswith(("Rollout-", "Change-Id:"))]
    return "\n".join(lines).strip()


WORDS = "New rules\n\nBecause the old ones are old.\n\nReviewed-by: Ann <ann@example.org>"


@pytest.mark.parametrize("lost", [False, True], ids=["remembered", "forgotten"])
def test_a_persons_words_stay_when_a_proposal_is_rendered_again_on_a_tip_that_moved(
    reviewed: World, *, lost: bool
) -> None:
    applied(reviewed, "--message", WORDS, "--signoff")
    assert said(reviewed) == f"{WORDS}\nSigned-off-by: Pat Person <pat@example.org>"
    first = said(reviewed)
    reviewed.elsewhere("api", {"README.md": "moved\n"})
    if lost:
        forget(reviewed)
    assert applied(reviewed)[:2] == (0, "proposed")
    assert (said(reviewed), len(branch(reviewed))) == (first, 1)
    reviewed.elsewhere("api", {"README.md": "moved again\n"})
    assert applied(reviewed, "--message", "Newer rules")[:2] == (0, "proposed")
    assert said(reviewed) == "Newer rules"


def test_a_persons_words_stay_where_upstream_has_a_part_of_it_by_now(reviewed: World) -> None:
    applied(reviewed, "--message", "New rules")
    reviewed.elsewhere("api", {"ci.yml": "ci\n"}, "by hand")
    assert applied(reviewed)[:2] == (0, "proposed")
    assert said(reviewed) == "New rules"


def test_a_persons_words_stay_where_others_changed_the_rest_of_a_file(reviewed: World) -> None:
    reviewed.tail = "files: {AGENTS.md: {mode: block}}\n"
    reviewed.elsewhere("api", {"AGENTS.md": "theirs\n"})
    assert applied(reviewed, "--adopt", "--message", "New rules")[:2] == (0, "proposed")
    reviewed.elsewhere("api", {"AGENTS.md": "theirs, and more\n"})
    assert applied(reviewed, "--adopt")[:2] == (0, "proposed")
    assert said(reviewed) == "New rules"


def test_a_review_that_a_person_has_yet_to_open_is_named_with_its_place(reviewed: World) -> None:
    applied(reviewed)
    _, reason = state(reviewed, "--fetch")
    shown = reviewed.run("review")
    assert (shown.code, shown.out) == (0, f"api: {reason}\n")
    assert reviewed.run("review", "--json").json["unopened"] == [{"target": "api", "reason": reason}]
    assert reviewed.run("review", "--state", "open").out == "No reviews.\n"


def test_our_own_words_follow_what_is_proposed(reviewed: World) -> None:
    applied(reviewed)
    assert said(reviewed) == "Roll out 2 managed files"
    reviewed.elsewhere("api", {"ci.yml": "ci\n"}, "by hand")
    applied(reviewed)
    assert said(reviewed) == "Roll out AGENTS.md"


def test_a_persons_words_are_not_said_of_something_else(reviewed: World) -> None:
    applied(reviewed, "--message", "New rules")
    reviewed.template("project/AGENTS.md", "two\n")
    for _ in range(2):
        state(reviewed, "--fetch")
    assert applied(reviewed)[:2] == (0, "proposed")
    assert said(reviewed) == "Roll out 2 managed files"


@pytest.mark.parametrize("how", [("--ff-only",), ("--no-ff",), ("--squash",)])
def test_a_merged_proposal_is_in_sync_and_its_branch_goes(reviewed: World, how: tuple[str, ...]) -> None:
    applied(reviewed)
    merge(reviewed, *how)
    code, outcome, reason = applied(reviewed)
    assert (code, outcome) == (0, "unchanged")
    assert f"the branch rollout/{ID} is deleted" in reason
    assert state(reviewed, "--fetch") == ("in-sync", "")
    assert reviewed.git("api.git", "branch", "--list", "rollout/*") == ""


@first_rows(2, "how", [("--ff-only",), ("--no-ff",), ("--squash",)])
def test_what_was_merged_is_ours_without_the_state_folder(reviewed: World, how: tuple[str, ...]) -> None:
    applied(reviewed)
    said = reviewed.git("api.git", "log", "-1", "--format=%B", f"rollout/{ID}")
    merge(reviewed, *how)
    if "--squash" in how:  # as a forge does it: its own subject, and the words of the one commit below
        subject, _, rest = said.partition("\n")
        message = f"{subject} (#7)\n{rest}\nCo-authored-by: Rex Reviewer <rex@example.org>"
        reviewed.git("api.elsewhere", "commit", "-q", "--amend", "-m", message)
        reviewed.git("api.elsewhere", "push", "-q", "-f", "origin", "HEAD:main")
    forget(reviewed)
    reviewed.template("project/AGENTS.md", "two\n")
    assert applied(reviewed)[:2] == (0, "proposed")


def squash(world: World, *, more: bool = False) -> None:
    """Merge the proposal in one commit with the merger's own words, as a person does, and delete its branch."""
    merge(world, "--squash")
    other = world.root / "api.elsewhere"
    if more:
        world.write(other, {"mine.txt": "mine\n"})
        world.git(other, "add", "mine.txt")
    world.git(other, "commit", "-q", "--amend", "-m", "squashed (#1)")
    world.git(other, "push", "-q", "-f", "origin", "HEAD:main", f":rollout/{ID}")


def changes(world: World) -> dict[str, str]:
    (target,) = world.run("plan", "--json", "--no-diff").json["targets"]
    return {change["path"]: change["action"] for change in target["changes"]}


@first_rows(1, "more", [False, True], ids=["alone", "with-a-file"])
def test_what_was_squashed_under_other_words_is_ours_though_the_template_changed_before_a_look(
    reviewed: World, more: bool
) -> None:
    applied(reviewed)
    squash(reviewed, more=more)
    reviewed.template("project/AGENTS.md", "two\n")
    assert changes(reviewed) == {"AGENTS.md": "update"}
    assert applied(reviewed)[:2] == (0, "proposed")
    squash(reviewed)
    reviewed.template("project/AGENTS.md", "three\n")
    assert applied(reviewed)[:2] == (0, "proposed")
    reviewed.elsewhere("api", {"ci.yml": "theirs\n"})
    assert changes(reviewed) == {"AGENTS.md": "update", "ci.yml": "drift"}


def test_what_a_person_made_of_a_proposal_in_squashing_it_is_theirs(reviewed: World) -> None:
    applied(reviewed)
    squash(reviewed)
    other = reviewed.root / "api.elsewhere"
    reviewed.write(other, {"AGENTS.md": "better\n"})
    reviewed.git(other, "commit", "-q", "-a", "--amend", "--no-edit")
    reviewed.git(other, "push", "-q", "-f", "origin", "HEAD:main")
    assert changes(reviewed) == {"AGENTS.md": "adopt"}
    reviewed.template("project/ci.yml", "more\n")
    assert changes(reviewed) == {"AGENTS.md": "adopt", "ci.yml": "update"}


def test_an_older_proposal_that_a_person_brings_back_is_drift(reviewed: World) -> None:
    """It was merged, and then we pushed something else: what stands there now is their decision."""
    applied(reviewed)
    squash(reviewed)
    reviewed.template("project/AGENTS.md", "two\n")
    assert applied(reviewed, "--deliver", "push")[:2] == (0, "pushed")
    reviewed.elsewhere("api", {"AGENTS.md": "one\n"})
    assert changes(reviewed) == {"AGENTS.md": "drift"}


@pytest.mark.parametrize(
    ("script", "why"), [("echo keep it; exit 1", "keep it"), ("kill -9 $PPID", "the remote end hung up")]
)
def test_a_branch_that_the_server_does_not_delete_stays_with_the_reason_until_it_does(
    reviewed: World, script: str, why: str
) -> None:
    applied(reviewed)
    merge(reviewed, "--ff-only")
    hook = reviewed.root / "api.git" / "hooks" / "pre-receive"
    hook.write_text(f"#!/bin/sh\n{script}\n")
    hook.chmod(0o755)
    code, outcome, reason = applied(reviewed)
    assert (code, outcome) == (0, "unchanged")
    said = reason.partition(f"the branch rollout/{ID} stays (")[2]
    assert why in said
    assert "moved" not in said
    hook.unlink()
    assert f"the branch rollout/{ID} is deleted" in applied(reviewed)[2]
    assert applied(reviewed) == (0, "unchanged", "")


def test_a_server_that_is_silent_when_a_branch_is_to_go_is_told_as_after_a_push(reviewed: World) -> None:
    applied(reviewed)
    merge(reviewed, "--ff-only")
    hook = reviewed.root / "api.git" / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexec sleep 20\n")
    hook.chmod(0o755)
    code, outcome, reason = applied(reviewed, "--timeout", "0.5")
    assert (code, outcome) == (0, "unchanged")
    assert f"the branch rollout/{ID} stays (the server did not answer the push in time); the next run tries" in reason


def test_the_branch_stays_when_the_inventory_says_so(reviewed: World) -> None:
    reviewed.defaults = reviewed.defaults.replace("}\nreview: {", "}\nreview: {delete_branch: false, ")
    applied(reviewed)
    merge(reviewed, "--ff-only")
    assert applied(reviewed)[:2] == (0, "unchanged")
    assert reviewed.git("api.git", "branch", "--list", "rollout/*").strip() == f"rollout/{ID}"
    assert applied(reviewed) == (0, "unchanged", "")


def test_a_proposal_that_a_person_took_over_is_never_overwritten(reviewed: World) -> None:
    applied(reviewed)
    theirs = on_the_branch(reviewed, "fix wording")
    reviewed.template("project/AGENTS.md", "two\n")
    now, reason = state(reviewed, "--fetch")
    assert now == "in-review"
    assert f"was taken over by Pat Person ({theirs[:7]} fix wording)" in reason
    code, outcome, why = applied(reviewed)
    assert (code, outcome) == (3, "blocked")
    assert "--reopen" in why
    assert reviewed.tip("api", f"rollout/{ID}") == theirs


def test_reopen_begins_again_on_another_branch(reviewed: World) -> None:
    applied(reviewed)
    theirs = on_the_branch(reviewed, "fix wording")
    assert applied(reviewed, "--reopen")[:2] == (0, "proposed")
    assert reviewed.tip("api", f"rollout/{ID}") == theirs
    assert branch(reviewed, f"rollout/{ID}.2") == ["Roll out 2 managed files"]
    assert applied(reviewed)[:2] == (0, "unchanged")


def test_a_merge_of_upstream_into_the_proposal_takes_nothing_over(reviewed: World) -> None:
    """A forge's button "update branch" does this."""
    applied(reviewed)
    tip = reviewed.elsewhere("api", {"README.md": "moved\n"})
    other = reviewed.root / "api.elsewhere"
    reviewed.clone("api", "api.elsewhere")
    reviewed.git(other, "fetch", "-q")
    reviewed.git(other, "checkout", "-q", "-b", "update", f"origin/rollout/{ID}")
    reviewed.git(other, "merge", "-q", "--no-edit", "origin/main")
    reviewed.git(other, "push", "-q", "origin", f"update:rollout/{ID}")
    assert state(reviewed, "--fetch")[0] == "in-review"
    reviewed.template("project/AGENTS.md", "two\n")
    assert applied(reviewed)[:2] == (0, "proposed")
    assert reviewed.tip("api", f"rollout/{ID}~1") == tip


def test_a_merge_that_adds_something_is_a_persons(reviewed: World) -> None:
    applied(reviewed)
    reviewed.elsewhere("api", {"README.md": "moved\n"})
    other = reviewed.root / "api.elsewhere"
    reviewed.clone("api", "api.elsewhere")
    reviewed.git(other, "fetch", "-q")
    reviewed.git(other, "checkout", "-q", "-b", "update", f"origin/rollout/{ID}")
    reviewed.git(other, "merge", "-q", "--no-commit", "origin/main")
    reviewed.write(other, {"more": "theirs\n"})
    reviewed.git(other, "add", "more")
    reviewed.git(other, "commit", "-q", "-m", "merge with more")
    reviewed.git(other, "push", "-q", "origin", f"update:rollout/{ID}")
    assert "was taken over" in state(reviewed, "--fetch")[1]


def test_a_proposal_whose_branch_was_deleted_is_declined_until_it_says_something_else(reviewed: World) -> None:
    applied(reviewed)
    reviewed.git("api.git", "branch", "-D", f"rollout/{ID}")
    now, reason = state(reviewed, "--fetch")
    assert (now, "was deleted" in reason) == ("declined", True)
    assert applied(reviewed)[:2] == (3, "blocked")
    reviewed.elsewhere("api", {"README.md": "moved\n"})
    assert applied(reviewed)[:2] == (3, "blocked")
    assert reviewed.git("api.git", "branch", "--list", "rollout/*") == ""
    reviewed.template("project/AGENTS.md", "two\n")
    assert applied(reviewed)[:2] == (0, "proposed")


def test_what_is_asked_for_since_is_not_what_was_declined(reviewed: World) -> None:
    """A look in between sees the old proposal, and what is asked for by then."""
    applied(reviewed)
    reviewed.template("project/AGENTS.md", "two\n")
    assert state(reviewed, "--fetch")[0] == "pending"
    reviewed.git("api.git", "branch", "-D", f"rollout/{ID}")
    assert applied(reviewed)[:2] == (0, "proposed")


def test_reopen_proposes_what_was_declined(reviewed: World) -> None:
    applied(reviewed)
    reviewed.git("api.git", "branch", "-D", f"rollout/{ID}")
    assert applied(reviewed)[0] == 3
    assert applied(reviewed, "--reopen")[:2] == (0, "proposed")
    assert applied(reviewed)[:2] == (0, "unchanged")


def test_what_upstream_got_another_way_closes_the_proposal(reviewed: World) -> None:
    applied(reviewed)
    reviewed.elsewhere("api", {"AGENTS.md": "one\n", "ci.yml": "ci\n"}, "by hand")
    code, outcome, reason = applied(reviewed)
    assert (code, outcome) == (0, "unchanged")
    assert reason.startswith("upstream has what was proposed")
    assert reviewed.git("api.git", "branch", "--list", "rollout/*") == ""


def test_a_lost_state_folder_changes_nothing(reviewed: World) -> None:
    applied(reviewed)
    first = reviewed.tip("api", f"rollout/{ID}")
    forget(reviewed)
    assert state(reviewed, "--fetch")[0] == "in-review"
    assert applied(reviewed)[:2] == (0, "unchanged")
    reviewed.elsewhere("api", {"README.md": "moved\n"})
    forget(reviewed)
    assert applied(reviewed)[:2] == (0, "proposed")
    assert reviewed.tip("api", f"rollout/{ID}") != first
    assert len(branch(reviewed)) == 1


def test_a_lost_state_folder_hides_no_person(reviewed: World) -> None:
    applied(reviewed)
    theirs = on_the_branch(reviewed, "fix wording")
    forget(reviewed)
    assert applied(reviewed)[:2] == (3, "blocked")
    assert reviewed.tip("api", f"rollout/{ID}") == theirs


def test_the_branch_of_another_inventory_is_left_alone(reviewed: World, tmp_path: Path) -> None:
    applied(reviewed)
    first = reviewed.tip("api", f"rollout/{ID}")
    shutil.copytree(reviewed.root / "templates", tmp_path / "other" / "templates")
    other = World(tmp_path / "other", {"api": f"{{url: {reviewed.root}/api.git}}"}, defaults=reviewed.defaults)
    other.template("project/AGENTS.md", "other\n")
    ran = other.run("apply", "--yes", "--json")
    assert (ran.code, ran.outcomes()) == (3, {"api": "blocked"})
    assert "another inventory" in ran.reasons()["api"]
    assert reviewed.tip("api", f"rollout/{ID}") == first


def test_a_refused_branch_is_rejected_with_the_servers_words(reviewed: World) -> None:
    hook = reviewed.root / "api.git" / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'no bots here' >&2\nexit 1\n")
    hook.chmod(0o755)
    code, outcome, reason = applied(reviewed)
    assert (code, outcome) == (3, "rejected")
    assert "no bots here" in reason
    assert f"if this account may not push rollout/{ID}, allow it that: rollout opens no review from a fork" in reason
    assert state(reviewed, "--fetch")[0] == "pending"
    hook.unlink()
    assert applied(reviewed)[:2] == (0, "proposed")


def test_without_a_push_the_commit_waits_and_is_proposed_later(reviewed: World) -> None:
    assert applied(reviewed, "--no-push")[:2] == (0, "committed")
    assert state(reviewed)[0] == "ready-to-push"
    ran = reviewed.run("push", "--yes", "--json")
    assert (ran.code, ran.outcomes()) == (0, {"api": "proposed"})
    assert len(branch(reviewed)) == 1


def test_drift_that_was_decided_stays_decided_while_it_is_in_review(reviewed: World) -> None:
    applied(reviewed, "--deliver", "push")
    reviewed.elsewhere("api", {"AGENTS.md": "theirs\n"})
    assert applied(reviewed)[:2] == (4, "blocked")
    assert applied(reviewed, "--on-drift", "overwrite")[:2] == (0, "proposed")
    assert state(reviewed, "--fetch")[0] == "in-review"
    assert applied(reviewed)[:2] == (0, "unchanged")


def test_a_checkout_is_left_alone_until_its_branch_has_the_change(reviewed: World) -> None:
    top = reviewed.clone("api")
    reviewed.entries["api"] = "{path: api}"
    before = reviewed.git(top, "rev-parse", "HEAD")
    assert applied(reviewed)[:2] == (0, "proposed")
    assert reviewed.git(top, "rev-parse", "HEAD") == before
    assert reviewed.git(top, "status", "--porcelain") == ""
    merge(reviewed, "--no-ff")
    assert applied(reviewed)[:2] == (0, "unchanged")
    assert (top / "AGENTS.md").read_text() == "one\n"


def test_what_needs_a_target_waits_until_its_review_is_merged(reviewed: World) -> None:
    reviewed.remote("web")
    reviewed.entries["web"] = f"{{url: {reviewed.root}/web.git, needs: [api], deliver: push}}"
    ran = reviewed.run("apply", "--yes", "--json")
    assert (ran.code, ran.outcomes()) == (3, {"api": "proposed", "web": "not-started"})
    ran = reviewed.run("apply", "--yes", "--json")
    assert (ran.code, ran.outcomes()) == (3, {"api": "unchanged", "web": "not-started"})
    merge(reviewed, "--ff-only")
    ran = reviewed.run("apply", "--yes", "--json")
    assert (ran.code, ran.outcomes()) == (0, {"api": "unchanged", "web": "pushed"})


def test_a_saved_plan_is_proposed_as_it_was_reviewed(reviewed: World) -> None:
    assert reviewed.run("plan", "--out", "p.json").code == 0
    ran: Ran = reviewed.run("apply", "p.json", "--yes", "--json")
    assert (ran.code, ran.outcomes()) == (0, {"api": "proposed"})
    assert json.loads((reviewed.root / "p.json").read_text())["targets"][0]["via"] == "address"


def test_history_tells_what_was_proposed(reviewed: World) -> None:
    applied(reviewed)
    outcome = reviewed.run("history", "--json").json["runs"][0]["outcomes"][0]
    assert (outcome["outcome"], outcome["review"]) == ("proposed", None)
    assert reviewed.run("status", "--json").json["targets"][0]["last_outcome"] == "proposed"


def forget(world: World) -> None:
    """Lose the state folder."""
    import os

    shutil.rmtree(os.environ["ROLLOUT_STATE_DIR"], ignore_errors=True)
