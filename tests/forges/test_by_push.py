"""Reviews that git's own push opens: push options (GitLab), AGit (Gitea, Forgejo), Gerrit."""

import os
import shutil

import pytest

from tests.first_rows import first_rows, first_values
from tests.forges.asking import applied, state
from tests.forges.servers import as_forge, close, reviews, say_no_address
from tests.world import World

ID = "team"


def team(world: World, kind: str, more: str = "") -> World:
    world.defaults = (
        f"defaults: {{templates: [project], deliver: review, forge: {kind}}}\nreview: {{branch: {ID}{more}}}\n"
    )
    (world.root / "templates" / "project" / "conf.txt.j2").unlink()
    world.template("project/AGENTS.md", "one\n")
    world.bare_repo("api")
    return world


@pytest.fixture(params=first_values(2, ["gitlab", "gerrit", "gitea"]))
def forge(request: pytest.FixtureRequest, world: World) -> World:
    """Return a world whose one repository is on a forge that takes reviews by a push."""
    kind: str = request.param
    team(world, kind)
    as_forge(world, "api", kind)
    return world


VIA = {"gitlab": "push-options", "gitea": "agit", "gerrit": "gerrit"}


def merge(world: World, ref: str) -> None:
    """Merge a ref of the repository, with a commit as a forge makes it."""
    other = world.root / "api.elsewhere"
    if not other.exists():
        world.clone("api", "api.elsewhere")
    world.git(other, "pull", "-q")
    world.git(other, "fetch", "-q", "origin", ref)
    world.git(other, "merge", "-q", "--no-ff", "--no-edit", "FETCH_HEAD")
    world.git(other, "push", "-q", "origin", "HEAD:main")


def carrier(world: World) -> str:
    """Return the ref that carries the newest proposal."""
    refs = world.git("api.git", "for-each-ref", "--sort=-v:refname", "--format=%(refname)").splitlines()
    return next(ref for ref in refs if not ref.startswith("refs/heads/main"))


def forget() -> None:
    shutil.rmtree(os.environ["ROLLOUT_STATE_DIR"], ignore_errors=True)


def test_a_push_opens_one_review_and_moves_it(forge: World) -> None:
    way = VIA[next(kind for kind in VIA if kind in forge.defaults)]
    assert forge.run("plan", "--json").json["targets"][0]["via"] == way
    code, outcome, reason = applied(forge)
    assert (code, outcome, reason.startswith("https://")) == (0, "proposed", True)
    assert len(reviews(forge)) == 1
    assert state(forge, "--fetch")[0] == "in-review"
    assert state(forge)[1].startswith(reason)
    assert applied(forge)[:2] == (0, "unchanged")
    forge.elsewhere("api", {"README.md": "moved\n"})
    assert applied(forge)[:2] == (0, "proposed")
    forge.template("project/AGENTS.md", "two\n")
    assert state(forge, "--fetch")[0] == "pending"
    assert applied(forge)[:2] == (0, "proposed")
    assert len(reviews(forge)) == 1
    assert forge.at("api", "AGENTS.md", carrier(forge)) == "two\n"
    assert forge.git("api.git", "rev-list", "--count", f"main..{carrier(forge)}") == "1"
    assert forge.git("api.git", "for-each-ref", "refs/for") == ""


def test_without_a_token_it_is_not_known_what_became_of_a_review(forge: World) -> None:
    name = {"gitlab": "GITLAB_TOKEN", "gitea": "GITEA_TOKEN"}
    kind = next(kind for kind in VIA if kind in forge.defaults)
    token = name.get(kind, "ROLLOUT_TOKEN_127_0_0_1_9")
    forge.defaults = forge.defaults.replace(f"forge: {kind}", f"forge: {{kind: {kind}, api: 'http://127.0.0.1:9'}}")
    wanted = f"whether it is open, approved and green is not known without a token ({token})"
    applied(forge)
    close(forge, next(iter(reviews(forge))))
    for more in ((), ("--fetch",)):
        assert (state(forge, *more)[0], wanted in state(forge, *more)[1]) == ("in-review", True)
    assert "not known" in forge.run("review").out
    assert wanted in applied(forge)[2]


@first_rows(1, "kind", ["gitlab", "gitea"])
def test_a_review_that_was_ended_unseen_is_told_when_the_next_push_opens_another(world: World, kind: str) -> None:
    team(world, kind)
    as_forge(world, "api", kind)
    applied(world)
    close(world, "1")
    world.elsewhere("api", {"README.md": "moved\n"})
    ran = world.run("apply", "--yes", "--json")
    assert (ran.outcomes(), len(reviews(world))) == ({"api": "proposed"}, 2)
    assert "/1 was ended, which nobody could know without a token, and this is another one" in ran.reasons()["api"]
    (done,) = (line for line in ran.lines if line["type"] == "target_done")
    assert done["review_act"] == "opened"


def test_a_persons_words_stay_when_the_review_is_rendered_again(forge: World) -> None:
    applied(forge, "--message", "New rules")
    for lost in (False, True)[: 1 + ("gerrit" not in forge.defaults)]:  # Gerrit's refs do not say which is ours
        forge.elsewhere("api", {"README.md": f"moved {lost}\n"})
        if lost:
            forget()
        assert applied(forge)[:2] == (0, "proposed")
        assert forge.git("api.git", "log", "-1", "--format=%s", carrier(forge)) == "New rules"
    if "gerrit" not in forge.defaults:
        review = reviews(forge)["1"]
        assert "New rules" in (review.get("title"), *(one.partition("title=")[2] for one in review.get("options", ())))


def test_the_review_is_told_with_the_outcome_and_the_state(forge: World) -> None:
    forge.run("apply", "--yes")
    told = forge.run("status", "--json", "--fetch").json["targets"][0]["review"]
    assert (told["state"], told["checks"]) == ("open", "unknown")
    line = forge.run("apply", "--yes", "--json").lines[1]
    assert line["review"]["url"] == told["url"]


def test_a_lost_state_folder_opens_no_second_review(forge: World) -> None:
    applied(forge)
    forget()
    code, outcome, _ = applied(forge)
    assert (code, outcome in {"unchanged", "proposed"}) == (0, True)
    forge.elsewhere("api", {"README.md": "moved\n"})
    forget()
    assert applied(forge)[:2] == (0, "proposed")
    assert len(reviews(forge)) == 1


def test_a_pull_request_without_an_address_is_named_by_its_number(world: World) -> None:
    team(world, "gitea")
    as_forge(world, "api", "gitea")
    say_no_address(world)
    place = f"pull request 1 of {world.root}/api.git"
    assert applied(world) == (0, "proposed", place)
    unknown = "whether it is open, approved and green is not known without a token"
    for lost in (False, True):
        if lost:
            forget()
        for more in ("--fetch",), ():
            assert state(world, *more) == ("in-review", f"{place}; {unknown}")
        assert place in world.run("review").out
        (found,) = world.run("review", "--json").json["reviews"]
        assert (found["url"], found["number"]) == ("", 1)
        assert applied(world)[1:] == ("unchanged", f"{place}; {unknown}")
    assert len(reviews(world)) == 1


def test_what_was_merged_is_in_sync_and_the_next_change_is_a_new_review(forge: World) -> None:
    applied(forge)
    merge(forge, carrier(forge))
    close(forge, next(iter(reviews(forge))))
    assert applied(forge)[:2] == (0, "unchanged")
    assert state(forge, "--fetch") == ("in-sync", "")
    forge.template("project/AGENTS.md", "two\n")
    assert applied(forge)[:2] == (0, "proposed")
    assert len(reviews(forge)) == 2


def test_what_upstream_got_another_way_leaves_a_review_that_a_person_has_to_close(forge: World) -> None:
    """Without a token nobody here can, and whether it is open is not known."""
    _, _, url = applied(forge)
    forge.elsewhere("api", {"AGENTS.md": "one\n"}, "by hand")
    code, outcome, reason = applied(forge)
    assert (code, outcome) == (0, "unchanged")
    assert f"nobody is logged in to close {url.partition(';')[0]}, if it is still open; close it by hand" in reason
    assert applied(forge) == (0, "unchanged", "")


def test_a_review_that_a_person_took_over_is_left_alone(forge: World) -> None:
    applied(forge)
    ref = carrier(forge)
    other = forge.root / "api.person"
    forge.clone("api", "api.person")
    forge.git(other, "fetch", "-q", "origin", ref)
    forge.git(other, "checkout", "-q", "FETCH_HEAD")
    theirs = forge.commit(other, {"AGENTS.md": "better\n"}, "fix wording")
    to = f"{ref.rpartition('/')[0]}/2" if ref.startswith("refs/changes/") else ref
    forge.git("api.git", "fetch", "-q", str(other), f"+HEAD:{to}")
    forge.template("project/AGENTS.md", "two\n")
    now, reason = state(forge, "--fetch")
    assert (now, "was taken over by Pat Person" in reason) == ("in-review", True)
    assert applied(forge)[:2] == (3, "blocked")
    assert forge.tip("api", to) == theirs
    assert applied(forge, "--reopen")[:2] == (0, "proposed")
    assert forge.tip("api", to) == theirs
    assert len(reviews(forge)) == 2


def test_the_words_of_a_review_fit_into_one_option(world: World) -> None:
    team(world, "gitea")
    as_forge(world, "api", "gitea")
    applied(world, "--message", "Rules for agents\n\nwith a body")
    review = reviews(world)["1"]
    assert review["title"] == "Rules for agents"
    assert "• `AGENTS.md`: create" in review["description"]
    assert "<!-- rollout inventory=" in review["description"]
    assert review["topic"] == f"rollout/{ID}"


def test_gitlab_gets_the_rules_of_a_review_as_options(world: World) -> None:
    team(world, "gitlab", ", labels: [rollout, bot], assignees: [ann], reviewers: [rex], draft: true")
    as_forge(world, "api", "gitlab")
    _, _, reason = applied(world)
    options = reviews(world)["1"]["options"]
    assert {"merge_request.label=rollout", "merge_request.label=bot", "merge_request.assign=ann"} <= set(options)
    assert {"merge_request.draft", "merge_request.target=main", "merge_request.remove_source_branch"} <= set(options)
    assert "left out, for there is no such thing by push-options: reviewers" in reason


def test_what_a_way_has_no_such_thing_of_is_told_before_it_is_left_out(world: World) -> None:
    """Gerrit would submit at once, before anybody has looked."""
    team(world, "gerrit", ", auto_merge: true, labels: [bot]")
    as_forge(world, "api", "gerrit")
    ran = world.run("validate")
    told = "left out, for there is no such thing by gerrit: auto_merge"
    assert (ran.code, f"review: {told}" in ran.err) == (0, True), ran.err
    assert world.run("validate", "--json").json["left_out"] == {"api": told}
    assert told in applied(world)[2]
    assert next(iter(reviews(world).values()))["ref"].endswith(",hashtag=bot")


def test_an_abandoned_change_of_gerrit_is_declined(world: World) -> None:
    team(world, "gerrit")
    as_forge(world, "api", "gerrit")
    applied(world)
    close(world, "1201")
    world.elsewhere("api", {"README.md": "moved\n"})
    code, outcome, reason = applied(world)
    assert (code, outcome) == (3, "blocked")
    assert "a person closed it" in reason
    assert state(world)[0] == "declined"
    assert applied(world)[:2] == (3, "blocked")
    assert applied(world, "--reopen")[:2] == (0, "proposed")
    assert len(reviews(world)) == 2
    assert applied(world)[:2] == (0, "unchanged")


@pytest.mark.parametrize("kind", ["gitlab", "gitea", "gerrit"])
def test_a_server_that_knows_no_such_push_gets_the_next_way(world: World, kind: str) -> None:
    team(world, kind)
    code, outcome, reason = applied(world)
    assert (code, outcome) == (0, "proposed")
    assert f"not by {VIA[kind]}: the server" in reason
    refs = world.git("api.git", "for-each-ref", "--format=%(refname)").splitlines()
    assert refs == ["refs/heads/main", f"refs/heads/rollout/{ID}"]
    assert world.run("plan", "--json").json["targets"][0]["via"] == "address"
    assert applied(world)[:2] == (0, "unchanged")


@pytest.mark.parametrize(
    ("kind", "left"), [("gitea", "refs/for/main"), ("gerrit", f"refs/for/main%topic=rollout/{ID}")]
)
def test_a_plain_ref_that_a_killed_run_left_is_taken_back_by_the_next(world: World, kind: str, left: str) -> None:
    team(world, kind)
    world.git("api.git", "config", "receive.advertisePushOptions", "true")
    applied(world)
    ours = world.tip("api", f"rollout/{ID}")
    world.git("api.git", "update-ref", left, ours)
    world.git("api.git", "update-ref", "-d", f"refs/heads/rollout/{ID}")
    forget()
    world.elsewhere("api", {"README.md": "moved\n"})
    assert applied(world)[:2] == (0, "proposed")
    refs = world.git("api.git", "for-each-ref", "--format=%(refname)").splitlines()
    assert refs == ["refs/heads/main", f"refs/heads/rollout/{ID}"]


def test_only_our_own_ref_is_taken_back(world: World) -> None:
    team(world, "gerrit")
    theirs = world.tip("api")
    world.git("api.git", "update-ref", "refs/for/main", theirs)
    assert applied(world)[:2] == (0, "proposed")
    assert world.tip("api", "refs/for/main") == theirs
