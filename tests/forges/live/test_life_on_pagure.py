"""The whole life of a review on a real Pagure: `make forge` runs it."""

import os
import shutil
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

from rollout.forges import openings, pages
from rollout.forges import pagure as interface
from rollout.forges.known import project_of
from rollout.model.reviews import Delivery, Forge, ForgeKind
from tests.forges.live.conftest import logged_in
from tests.forges.live.pagure import Pagure
from tests.forges.live.proxies import Proxy, losing
from tests.world import Ran, World

pytestmark = pytest.mark.forge

BRANCH = "rollout/team"
SLOW = ("--timeout", "240")  # each push runs three hooks, which take a second each where nothing else is at work


def apply(world: World, *more: str) -> tuple[str, str]:
    """Apply; return the outcome and its reason."""
    ran = world.run("apply", "--yes", "--json", *SLOW, *more)
    assert ran.outcomes(), ran.out + ran.err
    return ran.outcomes()["api"], ran.reasons()["api"]


def status(world: World) -> tuple[str, str]:
    """Fetch; return the state and its reason."""
    target = world.run("status", "--json", "--fetch", *SLOW).json["targets"][0]
    return target["state"], target["reason"]


def review(world: World, *words: str) -> Ran:
    return world.run("review", *words, *SLOW)


def tip(world: World, project: str, branch: str = BRANCH) -> str:
    """Return where a branch is on the forge, or nothing."""
    url = world.entries["api"].removeprefix("{url: ").removesuffix("}")
    return world.git(world.root, "ls-remote", url, f"refs/heads/{branch}").partition("\t")[0]


def person(world: World, project: str) -> Path:
    """Return a checkout of the project."""
    url = world.entries["api"].removeprefix("{url: ").removesuffix("}")
    world.git(world.root, "clone", "-q", url, "person")
    return world.root / "person"


def forget() -> None:
    """Lose the state folder."""
    shutil.rmtree(os.environ["ROLLOUT_STATE_DIR"], ignore_errors=True)


def test_a_change_is_one_open_pull_request(world: World, forge: Pagure, project: str) -> None:
    ran = world.run("apply", "--yes", "--json", "-v", *SLOW)
    url = f"{forge.url}/{project}/pull-request/1"
    assert (ran.reasons(), ran.outcomes(), ran.code) == ({"api": url}, {"api": "proposed"}, 0)
    pull = forge.pulls(project)[0]
    assert (pull["title"], pull["branch"], pull["branch_from"]) == ("Roll out AGENTS.md", "main", BRANCH)
    assert "* `AGENTS.md`: create" in pull["initial_comment"]
    assert "<!-- rollout inventory=" in pull["initial_comment"]
    assert apply(world) == ("unchanged", f"{url}; waits for a reviewer")
    forget()
    assert apply(world)[0] == "unchanged"
    assert len(forge.pulls(project)) == 1
    assert_nothing_holds(forge.token, ran)


def assert_nothing_holds(token: str, ran: Ran) -> None:
    """Say that a token stands in nothing that was said or is kept."""
    assert token not in ran.out + ran.err
    for folder, _, names in os.walk(os.environ["ROLLOUT_STATE_DIR"]):
        for name in names:
            assert token.encode() not in (Path(folder) / name).read_bytes(), name


def test_a_moved_tip_and_a_changed_template_renew_it(world: World, forge: Pagure, project: str) -> None:
    apply(world)
    first = tip(world, project)
    other = person(world, project)
    moved = world.commit(other, {"README.md": "moved\n"}, push=True)
    world.template("project/AGENTS.md", "two\n")
    assert apply(world, "--message", "New rules")[0] == "proposed"
    world.git(other, "fetch", "-q")
    assert world.git(other, "log", "--format=%s", f"{moved}..origin/{BRANCH}") == "New rules"
    assert tip(world, project) != first
    (pull,) = forge.pulls(project)
    assert (pull["title"], pull["commit_stop"]) == ("New rules", tip(world, project))


def test_a_kill_between_push_and_opening_opens_one(world: World, forge: Pagure, project: str) -> None:
    running = world.spawn("apply", "--yes", *SLOW)
    branch = forge.home / "repositories" / f"{project}.git" / "refs" / "heads" / BRANCH
    until = time.monotonic() + 240
    while not branch.exists() and time.monotonic() < until:
        assert running.poll() is None, running.stderr and running.stderr.read()
        time.sleep(0.01)
    running.kill()  # the hook after the push is still at work: nothing can be open yet
    running.communicate()
    first = branch.read_text().strip()
    assert forge.pulls(project) == []
    assert apply(world)[0] == "proposed"
    assert (len(forge.pulls(project)), tip(world, project)) == (1, first)


def test_an_answer_that_is_lost_opens_no_second(world: World, forge: Pagure, project: str) -> None:
    """Pagure would open a second one for the same branches."""
    with losing(forge.url, "/pull-request/new") as proxy:
        through(world, forge, proxy)
        assert apply(world)[0] == "proposed"
        assert proxy.lost == 1
    assert len(forge.pulls(project)) == 1


def through(world: World, forge: Pagure, proxy: Proxy) -> None:
    world.defaults = world.defaults.replace(f"{forge.url}/api", f"{proxy.url}/api")


def test_of_two_that_are_opened_at_once_one_stays(world: World, forge: Pagure, project: str) -> None:
    def somebody_is_faster() -> None:
        forge.call(f"{project}/pull-request/new", title="First", branch_from=BRANCH, branch_to="main")

    with losing(forge.url, "", before=("/pull-request/new", somebody_is_faster)) as proxy:
        through(world, forge, proxy)
        assert apply(world)[0] == "proposed"
    assert [(one["title"], one["status"]) for one in forge.pulls(project)] == [
        ("First", "Open"),
        ("Roll out AGENTS.md", "Closed"),
    ]


def test_a_persons_commit_takes_it_over(world: World, forge: Pagure, project: str) -> None:
    apply(world)
    other = person(world, project)
    world.git(other, "checkout", "-q", BRANCH)
    theirs = world.commit(other, {"AGENTS.md": "better\n"}, "fix wording", push=True)
    world.template("project/AGENTS.md", "two\n")
    state, reason = status(world)
    assert (state, f"was taken over by Pat Person ({theirs[:7]} fix wording)" in reason) == ("in-review", True)
    assert review(world, "list", "--json").json["reviews"][0]["state"] == "taken-over"
    assert apply(world)[0] == "blocked"
    assert tip(world, project) == theirs
    assert apply(world, "--reopen")[0] == "proposed"
    assert [one["branch_from"] for one in forge.pulls(project)] == [BRANCH, f"{BRANCH}.2"]


def test_a_closed_one_is_declined_until_it_says_something_else(world: World, forge: Pagure, project: str) -> None:
    apply(world)
    forge.call(f"{project}/pull-request/1/close", why="no")
    state, reason = status(world)
    assert (state, "was closed unmerged by bot" in reason) == ("declined", True)
    assert apply(world)[0] == "blocked"
    assert tip(world, project) == ""
    forget()
    assert status(world)[0] == "declined"
    world.template("project/AGENTS.md", "two\n")
    assert apply(world)[0] == "proposed"
    assert [one["status"] for one in forge.pulls(project)] == ["Closed", "Open"]


def test_a_merge_by_git_is_in_sync_and_closes_what_pagure_leaves_open(
    world: World, forge: Pagure, project: str
) -> None:
    apply(world)
    other = person(world, project)
    world.git(other, "merge", "-q", "--no-ff", "--no-edit", f"origin/{BRANCH}")
    world.git(other, "push", "-q", "origin", "HEAD")
    assert forge.pulls(project)[0]["status"] == "Open"
    outcome, reason = apply(world)
    assert (outcome, f"the branch {BRANCH} is deleted" in reason) == ("unchanged", True)
    assert (forge.pulls(project)[0]["status"], tip(world, project)) == ("Closed", "")
    assert forge.comments(project, 1) == ["main has the same content by now, so there is nothing left to review."]
    assert status(world) == ("in-sync", "")


def test_review_merge_merges_what_is_green_and_approved(world: World, forge: Pagure, project: str) -> None:
    forge.do("setting", project=project, name="Minimum_score_to_merge_pull-request", value=1)
    apply(world)
    ran = review(world, "merge", "--yes", "--json")
    assert ran.outcomes() == {"api": "blocked"}
    assert "its checks are none, and nobody has approved it" in ran.reasons()["api"]
    forge.call(f"{project}/pull-request/1/flag", username="ci", comment="passed", url=forge.url, status="success")
    forge.call(f"{project}/pull-request/1/comment", comment="+1")
    state, reason = status(world)
    assert (state, "checks green; approved, waits to be merged" in reason) == ("in-review", True)
    ran = review(world, "merge", "--yes", "--json", "--state", "green", "--state", "approved")
    assert ran.outcomes() == {"api": "pushed"}, ran.out
    assert forge.pulls(project)[0]["status"] == "Merged"
    assert apply(world)[0] == "unchanged"
    assert (status(world), tip(world, project)) == (("in-sync", ""), "")


def test_reviews_are_listed_commented_and_closed(world: World, forge: Pagure, project: str) -> None:
    apply(world)
    url = f"{forge.url}/{project}/pull-request/1"
    (listed,) = review(world, "list", "--json").json["reviews"]
    assert (listed["url"], listed["number"], listed["state"], listed["checks"]) == (url, 1, "open", "none")
    assert review(world, "comment", "--yes", "--message", "Please look.").code == 0
    assert review(world, "close", "--yes", "--json", "--message", "Not now.").outcomes() == {"api": "unchanged"}
    assert forge.comments(project, 1) == ["Please look.", "Not now."]
    assert status(world)[0] == "declined"


def test_a_branch_that_a_person_may_not_push_is_proposed(
    world: World, forge: Pagure, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The branches are a collaborator's, and the token is a committer's: Pagure lets no collaborator open one."""
    forge.do("collaborator", project=project, person="ann", branches="rollout/*")
    token = forge.do("token", person="ann", may=["commit", "pull_request_create"])
    logged_in(world, forge, "ann", token)
    outcome, reason = apply(world, "--deliver", "push")
    assert (outcome, "Denied push for ref 'refs/heads/main' for user 'ann'" in reason) == ("rejected", True)
    monkeypatch.setenv("PAGURE_TOKEN", token)
    outcome, reason = apply(world)
    assert (outcome, "You do not have sufficient permissions" in reason, token in reason) == ("failed", True, False)
    monkeypatch.setenv("PAGURE_TOKEN", forge.token)
    assert apply(world)[0] == "proposed"


def test_a_project_of_pull_requests_alone_takes_no_branch(world: World, forge: Pagure, project: str) -> None:
    forge.do("setting", project=project, name="pull_request_access_only", value=True)
    for more in (("--deliver", "push"), ()):
        outcome, reason = apply(world, *more)
        assert (outcome, "Pull request required" in reason) == ("rejected", True)
    assert forge.pulls(project) == []


def test_a_token_that_may_only_open_says_what_it_may_not(
    world: World, forge: Pagure, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = forge.do("token", person="bot", may=["pull_request_create", "pull_request_update"])
    monkeypatch.setenv("PAGURE_TOKEN", token)
    ran = world.run("apply", "--yes", "--json", *SLOW)
    assert ran.outcomes() == {"api": "proposed"}
    closed = review(world, "close", "--yes", "--json")
    assert closed.outcomes() == {"api": "failed"}
    assert "does not allow this token to do that" in closed.reasons()["api"]
    assert "Missing ACLs: pull_request_close" in closed.reasons()["api"]
    assert_nothing_holds(token, closed)


def test_a_wrong_token_is_one_sentence(
    world: World, forge: Pagure, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGURE_TOKEN", "NOBODYS0TOKEN0NOBODYS0TOKEN")
    outcome, reason = apply(world)
    assert (outcome, "does not accept the token: it is wrong or has expired" in reason) == ("failed", True)
    assert "NOBODYS" not in reason
    monkeypatch.setenv("PAGURE_TOKEN", forge.token)
    assert apply(world)[0] == "proposed"


def test_an_assignee_is_set_and_the_rest_is_told(
    world: World, forge: Pagure, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pagure lets only a token of the project itself assign one."""
    monkeypatch.setenv("PAGURE_TOKEN", forge.do("token", person="bot", project=project))
    wishes = "branch: team, assignees: [ann], labels: [bot], draft: true"
    world.defaults = world.defaults.replace("branch: team", wishes)
    outcome, reason = apply(world)
    assert outcome == "proposed"
    assert forge.pulls(project)[0]["assignee"]["name"] == "ann"
    assert "labels is left out" in reason
    assert "draft is left out" in reason


def test_the_branch_of_a_fork_is_not_ours_and_all_pages_are_read(
    world: World, forge: Pagure, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(world)
    forge.call("fork", repo=project)
    fork = f"{forge.url}/forks/bot/{project}.git"
    assert project_of(fork) == f"forks/bot/{project}"
    other = person(world, project)
    world.git(other, "checkout", "-q", BRANCH)
    world.git(other, "push", "-q", fork, f"{BRANCH}:{BRANCH}")
    theirs = {"repo_from": project, "repo_from_username": "bot", "title": "Theirs"}
    forge.call(f"{project}/pull-request/new", branch_from=BRANCH, branch_to="main", **theirs)
    assert [one["title"] for one in forge.pulls(project)] == ["Roll out AGENTS.md", "Theirs"]
    monkeypatch.setattr(interface, "_ON_PAGE", 1)
    world.template("project/AGENTS.md", "two\n")
    outcome = apply(world, "--message", "New rules")
    assert outcome == ("proposed", f"{forge.url}/{project}/pull-request/1")
    assert [one["title"] for one in forge.pulls(project)] == ["New rules", "Theirs"]
    assert_pages_are_there(forge, fork, world.git(other, "rev-parse", "origin/main"))


def assert_pages_are_there(forge: Pagure, url: str, commit: str) -> None:
    """Say that the pages which a person is sent to exist."""
    there = Forge(ForgeKind.PAGURE, f"{forge.url}/api/0")
    assert urlopen(openings.opening(there, url, "main", BRANCH)).status == 200
    assert urlopen(pages.before_commit(Delivery(forge=there), url) + commit).status == 200
