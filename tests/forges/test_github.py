"""Reviews by a forge's interface: GitHub, as a server on loopback that is bound to a real repository."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from tests.first_rows import first_rows
from tests.forges.asking import applied, on_the_branch, state
from tests.forges.github import TOKEN, Asked, GitHub, Reply, served
from tests.world import World

ID = "team"
URL = "https://github.example/{}/pull/1"


@pytest.fixture(autouse=True)
def nobody_is_logged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GH_TOKEN", "GITHUB_TOKEN", "GH_HOST", "GH_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def forge(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    bare = world.bare_repo("api")
    (world.root / "templates" / "project" / "conf.txt.j2").unlink()
    world.template("project/AGENTS.md", "one\n")
    monkeypatch.setenv("GH_TOKEN", TOKEN)
    with served(bare) as found:
        rules(world, found)
        yield found


def rules(world: World, forge: GitHub, more: str = "") -> None:
    world.defaults = (
        f"defaults: {{templates: [project], deliver: review, forge: {{kind: github, api: '{forge.api}'}}}}\n"
        f"review: {{branch: {ID}{more}}}\n"
    )


def status(world: World, *more: str) -> dict[str, object]:
    found: dict[str, object] = world.run("status", "--json", *more).json["targets"][0]
    return found


def forget() -> None:
    shutil.rmtree(os.environ["ROLLOUT_STATE_DIR"], ignore_errors=True)


def test_a_change_is_one_open_pull_request(world: World, forge: GitHub) -> None:
    assert world.run("plan", "--json").json["targets"][0]["via"] == "http"
    assert applied(world) == (0, "proposed", URL.format(forge.project))
    assert forge.writes() == ["POST /pulls"]
    assert (forge.pulls[1]["title"], forge.pulls[1]["base"]) == ("Roll out AGENTS.md", "main")
    body = forge.pulls[1]["body"]
    assert "* `AGENTS.md`: create" in body
    assert "When you close it" in body
    assert "To opt out" in body
    assert applied(world)[:2] == (0, "unchanged")
    assert forge.writes() == ["POST /pulls"]


def test_the_pull_request_follows_what_changes(world: World, forge: GitHub) -> None:
    applied(world)
    world.elsewhere("api", {"README.md": "moved\n"})
    assert applied(world)[:2] == (0, "proposed")
    world.template("project/AGENTS.md", "two\n")
    assert applied(world, "--message", "New rules")[:2] == (0, "proposed")
    assert forge.writes() == ["POST /pulls", "PATCH /pulls/1", "PATCH /pulls/1"]
    assert forge.pulls[1]["title"] == "New rules"
    assert len(forge.pulls) == 1


def test_status_tells_of_checks_and_approval(world: World, forge: GitHub) -> None:
    applied(world)
    forge.runs = [{"status": "completed", "conclusion": "success"}, {"status": "in_progress", "conclusion": None}]
    assert status(world, "--fetch")["review"] == {
        "url": URL.format(forge.project), "number": 1, "state": "open", "approved": False, "checks": "pending",
        "conflicts": False,
    }  # fmt: skip
    forge.runs = [{"status": "completed", "conclusion": "success"}]
    forge.opinions = [{"state": "APPROVED", "user": {"login": "ann"}}]
    now = status(world, "--fetch")
    assert now["state"] == "in-review"
    assert now["reason"] == f"{URL.format(forge.project)}; checks green; approved, waits to be merged"
    assert status(world)["review"] == now["review"]


def test_a_pull_request_that_was_closed_is_declined_even_without_the_state_folder(world: World, forge: GitHub) -> None:
    applied(world)
    forge.close(1)
    world.git("api.git", "branch", "-D", f"rollout/{ID}")
    for _ in range(2):
        now = status(world, "--fetch")
        assert (now["state"], "was closed unmerged by octocat" in str(now["reason"])) == ("declined", True)
        assert applied(world)[:2] == (3, "blocked")
        forget()
    world.elsewhere("api", {"README.md": "moved\n"})
    assert applied(world)[:2] == (3, "blocked")
    world.template("project/AGENTS.md", "two\n")
    assert applied(world)[:2] == (0, "proposed")
    assert sorted(forge.pulls) == [1, 2]


def test_reopen_opens_a_new_pull_request(world: World, forge: GitHub) -> None:
    applied(world)
    forge.close(1)
    assert applied(world)[:2] == (3, "blocked")
    assert applied(world, "--reopen")[:2] == (0, "proposed")
    assert applied(world)[:2] == (0, "unchanged")
    assert [forge.pulls[n]["state"] for n in (1, 2)] == ["closed", "open"]


def test_a_merged_pull_request_is_in_sync_and_its_branch_goes(world: World, forge: GitHub) -> None:
    applied(world)
    forge.merge(1)
    assert applied(world)[:2] == (0, "unchanged")
    assert world.git("api.git", "branch", "--list", "rollout/*") == ""
    assert status(world, "--fetch")["state"] == "in-sync"
    world.template("project/AGENTS.md", "two\n")
    assert applied(world)[:2] == (0, "proposed")
    assert sorted(forge.pulls) == [1, 2]


def test_what_upstream_got_another_way_closes_the_pull_request_with_that_reason(world: World, forge: GitHub) -> None:
    applied(world)
    world.elsewhere("api", {"AGENTS.md": "one\n"}, "by hand")
    code, outcome, reason = applied(world)
    assert (code, outcome, f"{URL.format(forge.project)} is closed" in reason) == (0, "unchanged", True)
    assert forge.pulls[1]["state"] == "closed"
    assert forge.comments[1] == ["main has the same content by now, so there is nothing left to review."]
    assert applied(world)[:2] == (0, "unchanged")
    world.template("project/AGENTS.md", "two\n")
    assert applied(world)[:2] == (0, "proposed")


def test_a_pull_request_that_a_person_took_over_is_told_so(world: World, forge: GitHub) -> None:
    applied(world)
    other = world.root / "api.person"
    world.clone("api", "api.person")
    world.git(other, "checkout", "-q", "-b", "theirs", f"origin/rollout/{ID}")
    world.commit(other, {"AGENTS.md": "better\n"}, "fix wording")
    world.git(other, "push", "-q", "origin", f"theirs:rollout/{ID}")
    now = status(world, "--fetch")
    assert now["state"] == "in-review"
    assert now["review"]["state"] == "taken-over"  # type: ignore[index]  # it is the document's
    assert applied(world)[:2] == (3, "blocked")
    assert forge.writes() == ["POST /pulls"]


def killed_at_the_opening(world: World, forge: GitHub, *, arrived: bool) -> None:
    """Apply, and kill the run when it opens its pull request."""
    killed: list[int] = []

    def kill(asked: Asked) -> Reply | bytes | None:
        if asked.method != "POST" or killed:
            return None
        if arrived:
            forge.answer(asked)
        killed.append(process.pid)
        os.killpg(process.pid, signal.SIGKILL)
        return b" "

    with forge.lock:  # or it could ask before we know whom to kill
        process = world.spawn("apply", "--yes", "--message", "New rules")
        forge.trouble = kill
    assert process.wait() == -signal.SIGKILL
    process.communicate()
    assert killed == [process.pid]


@first_rows(1, "arrived", [False, True], ids=["before-it-was-opened", "before-the-answer-came"])
@first_rows(1, "chosen", [(), ("--limit", "web")], ids=["all", "the-other"])
def test_a_review_that_a_killed_run_opened_counts_within_the_hour(
    world: World, forge: GitHub, chosen: tuple[str, ...], *, arrived: bool
) -> None:
    killed_at_the_opening(world, forge, arrived=arrived)
    world.entries["web"] = f"{{url: {world.remote('web')}, forge: pagure}}"
    world.head += "per_hour: 1\n"
    if chosen:
        world.run("status", "--fetch")  # which sees the review, and remembers it
    waits = arrived or not chosen
    assert world.run("plan", "--json", *chosen).states()["web"] == ("waiting" if waits else "pending")
    ran = world.run("apply", "--yes", "--json", *chosen)
    assert ran.outcomes()["web"] == ("not-started" if waits else "proposed"), ran.reasons()


def test_what_was_opened_and_recorded_counts_once_within_the_hour(world: World, forge: GitHub) -> None:
    world.head += "per_hour: 2\n"
    applied(world)
    world.elsewhere("api", {"README.md": "moved\n"})
    applied(world)
    forget()
    world.entries["web"] = f"{{url: {world.remote('web')}, forge: pagure}}"
    assert world.run("plan", "--json").states()["web"] == "pending"


@first_rows(1, "arrived", [False, True], ids=["before-it-was-opened", "before-the-answer-came"])
def test_a_run_that_is_killed_after_its_push_opens_one_pull_request(
    world: World, forge: GitHub, *, arrived: bool
) -> None:
    killed_at_the_opening(world, forge, arrived=arrived)
    first = world.tip("api", f"rollout/{ID}")
    assert len(forge.pulls) == int(arrived)
    assert applied(world)[:2] == (0, "unchanged" if arrived else "proposed")
    assert (world.tip("api", f"rollout/{ID}"), len(forge.pulls)) == (first, 1)
    assert forge.pulls[1]["title"] == "New rules"
    assert applied(world)[:2] == (0, "unchanged")


@first_rows(1, "arrived", [False, True], ids=["before-it-was-opened", "before-the-answer-came"])
def test_the_command_that_status_names_after_a_killed_run_opens_the_review(
    world: World, forge: GitHub, *, arrived: bool
) -> None:
    killed_at_the_opening(world, forge, arrived=arrived)
    assert (state(world)[0], "Next: rollout push\n" in world.run("status").out) == ("ready-to-push", True)
    ran = world.run("push", "--yes", "--json")
    assert (ran.code, ran.outcomes()) == (0, {"api": "unchanged" if arrived else "proposed"}), ran.reasons()
    assert "/pull/1" in ran.reasons()["api"]
    assert (state(world)[0], state(world, "--fetch")[0], len(forge.pulls)) == ("in-review", "in-review", 1)
    assert applied(world)[:2] == (0, "unchanged")


def test_a_review_that_is_yet_to_be_opened_has_its_command(world: World, forge: GitHub) -> None:
    killed_at_the_opening(world, forge, arrived=False)
    for command, following in ((("plan",), "apply"), (("status", "--fetch"), "plan"), (("push", "--yes"), "review")):
        ran = world.run(*command)
        assert f"Next: rollout {following}\n" in ran.out, ran.out


def test_a_forge_that_fails_after_the_push_opens_one_pull_request_later(world: World, forge: GitHub) -> None:
    forge.trouble = lambda asked: (500, {"message": "boom"}, {}) if asked.method == "POST" else None
    code, outcome, reason = applied(world)
    assert (code, outcome) == (3, "failed")
    assert f"rollout/{ID} is pushed, but its review could not be opened: 127.0.0.1:" in reason
    first = world.tip("api", f"rollout/{ID}")
    forge.trouble = lambda _: None
    assert applied(world)[:2] == (0, "proposed")
    assert world.tip("api", f"rollout/{ID}") == first
    assert len(forge.pulls) == 1


def test_an_answer_that_was_lost_opens_no_second_pull_request(world: World, forge: GitHub) -> None:
    def lost(asked: Asked) -> Reply | bytes | None:
        if asked.method != "POST":
            return None
        forge.answer(asked)
        return b"HTTP/1.1 2"

    forge.trouble = lost
    assert applied(world)[:2] == (0, "proposed")
    assert forge.writes() == ["POST /pulls"]
    assert len(forge.pulls) == 1


def test_a_pull_request_that_somebody_opened_meanwhile_is_used(world: World, forge: GitHub) -> None:
    def first(asked: Asked) -> Reply | bytes | None:
        if asked.method == "POST":
            forge.trouble = lambda _: None
            forge.answer(asked)
        return None

    forge.trouble = first
    assert applied(world)[:2] == (0, "proposed")
    assert len(forge.pulls) == 1


ELSEWHERE = {"Location": "http://127.0.0.2:1/elsewhere"}
REFUSALS: list[tuple[Reply | bytes, str]] = [
    ((401, {"message": "Bad credentials"}, {}), "does not accept the token: it is wrong or has expired"),
    ((403, {"message": "Not accessible"}, {}), "does not allow this token to do that (Not accessible)"),
    ((403, {}, {"Retry-After": "3600"}), "has had too many requests; it asks to wait 3600 s"),
    ((429, {}, {"Retry-After": "Fri, 31 Dec 2099 23:59:59 GMT"}), "has had too many requests; it asks to wait 2"),
    ((403, {"message": "no"}, {"Retry-After": "soon"}), "does not allow this token to do that (no)"),
    ((200, b"<html><body>Sign in</body></html>", {}), "something that is not JSON (a page for people)"),
    ((200, {"what": "ever"}, {}), "gave an answer that such a forge does not give"),
    ((502, b"<html>Bad gateway</html>", {}), "failed with status 502"),
    (b"HTTP/1.1 200 OK\r\n\r\n[" + b" " * (9 << 20), "sends an answer that does not end (over 8 MiB)"),
    ((302, b"", ELSEWHERE), "redirects to http://127.0.0.2:1, where the token is not sent"),
]


@first_rows(6, ("reply", "sentence"), REFUSALS, ids=[f"{n}" for n in range(len(REFUSALS))])
def test_a_forge_that_does_not_do_its_part_is_told_in_one_sentence(
    world: World, forge: GitHub, reply: Reply | bytes, sentence: str
) -> None:
    forge.trouble = lambda _: reply
    ran = world.run("apply", "--yes", "--json")
    assert (ran.code, ran.outcomes()) == (3, {"api": "failed"})
    assert sentence in ran.reasons()["api"]
    assert TOKEN not in ran.out + ran.err
    assert world.git("api.git", "branch", "--list", "rollout/*").strip() == f"rollout/{ID}"
    forge.trouble = lambda _: None
    assert applied(world)[:2] == (0, "proposed")
    assert len(forge.pulls) == 1


def test_a_forge_that_asks_for_a_moment_gets_it(world: World, forge: GitHub) -> None:
    asked: list[float] = []

    def later(one: Asked) -> Reply | bytes | None:
        if one.method != "POST" or asked:
            return None
        asked.append(time.monotonic())
        return 403, {"message": "secondary rate limit"}, {"Retry-After": "1"}

    forge.trouble = later
    assert applied(world)[:2] == (0, "proposed")
    assert time.monotonic() - asked[0] >= 1
    assert len(forge.pulls) == 1


@pytest.mark.parametrize("lost", [False, True], ids=["remembered", "forgotten"])
def test_what_a_forge_that_fails_does_not_tell_is_not_known(world: World, forge: GitHub, *, lost: bool) -> None:
    applied(world)
    forge.close(1)
    forge.trouble = lambda _: (500, {"message": "boom"}, {})
    if lost:
        forget()
    now = status(world, "--fetch")
    assert (now["state"], "is not known (127.0.0.1:" in str(now["reason"])) == ("in-review", True)
    assert str(now["reason"]).endswith("failed with status 500 (boom))")
    assert "waits for a reviewer" not in str(now["reason"])
    assert status(world)["reason"] == now["reason"]
    assert "not known" in world.run("review").out
    forge.trouble = lambda _: None
    assert status(world, "--fetch")["state"] == "declined"


@pytest.mark.parametrize("code", [403, 404])
def test_what_a_token_may_not_read_hides_nothing_else(world: World, forge: GitHub, code: int) -> None:
    applied(world)
    forge.opinions = [{"state": "APPROVED", "user": {"login": "ann"}}]
    refused: Reply = (code, {"message": "Resource not accessible by personal access token"}, {})
    forge.trouble = lambda asked: refused if "/check-runs" in asked.path or "/issues/" in asked.path else None
    now = status(world, "--fetch")
    assert now["reason"] == f"{URL.format(forge.project)}; approved, waits to be merged"
    assert now["review"]["checks"] == "unknown"  # type: ignore[index]  # a document
    forge.close(1)
    now = status(world, "--fetch")
    assert now["state"] == "declined"
    assert str(now["reason"]).startswith(f"{URL.format(forge.project)} was closed unmerged;")


@pytest.mark.parametrize("again", [False, True], ids=["opened", "updated"])
def test_status_says_of_a_review_no_more_than_its_forge_does(world: World, forge: GitHub, *, again: bool) -> None:
    applied(world)
    if again:
        world.template("project/AGENTS.md", "two\n")
        applied(world)
    at_once = status(world)["reason"]
    assert at_once == status(world, "--fetch")["reason"] == f"{URL.format(forge.project)}; waits for a reviewer"


def test_a_review_stays_where_it_is_when_the_branch_gets_another_name(world: World, forge: GitHub) -> None:
    applied(world)
    world.defaults = world.defaults.replace(f"branch: {ID}", "branch: other")
    assert status(world, "--fetch")["state"] == "in-review"
    assert applied(world)[:2] == (0, "unchanged")
    world.template("project/AGENTS.md", "two\n")
    assert applied(world)[:2] == (0, "proposed")
    assert (sorted(forge.pulls), forge.pulls[1]["state"]) == ([1], "open")
    assert world.git("api.git", "show", f"rollout/{ID}:AGENTS.md") == "two"
    forge.merge(1)
    assert applied(world)[:2] == (0, "unchanged")
    world.template("project/AGENTS.md", "three\n")
    assert applied(world)[:2] == (0, "proposed")
    assert world.git("api.git", "show", "rollout/other:AGENTS.md") == "three"


def test_a_review_that_is_not_opened_yet_is_told_so(world: World, forge: GitHub) -> None:
    forge.trouble = lambda asked: (500, {"message": "boom"}, {}) if asked.method == "POST" else None
    applied(world)
    wanted = f"rollout/{ID} is pushed, and its review is not opened yet: rollout apply opens it"
    for more in ((), ("--fetch",)):
        now = status(world, *more)
        assert (now["state"], now["reason"].startswith(wanted)) == ("in-review", True)  # type: ignore[attr-defined]  # text


def test_labels_and_people_are_asked_for_and_what_fails_is_told(world: World, forge: GitHub) -> None:
    rules(world, forge, ", labels: [bot], reviewers: [rex], teams: [core], assignees: [ann], draft: true")
    forge.trouble = lambda asked: (
        (422, {"message": "Reviews may only be requested from collaborators."}, {})
        if asked.path.endswith("requested_reviewers")
        else None
    )
    code, outcome, reason = applied(world)
    assert (code, outcome) == (0, "proposed")
    assert "reviewers could not be set: " in reason
    assert (forge.further[1], forge.pulls[1]["draft"]) == ({"labels": ["bot"], "assignees": ["ann"]}, True)


def test_a_pull_request_may_merge_by_itself(world: World, forge: GitHub) -> None:
    rules(world, forge, ", auto_merge: true")
    assert applied(world) == (0, "proposed", URL.format(forge.project))
    assert forge.pulls[1]["auto_merge"] == "SQUASH"
    forge.close(1)
    forge.clean = True
    _, outcome, reason = applied(world, "--reopen")
    assert (outcome, "auto_merge could not be set: 127.0.0.1" in reason) == ("proposed", True)
    assert reason.endswith("Pull request is in clean status")


def test_a_token_for_the_host_beats_the_others(world: World, forge: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    port = forge.api.split(":")[2].partition("/")[0]
    forge.token = "a-token-of-its-own"
    monkeypatch.setenv("ROLLOUT_TOKEN_127_0_0_1", "wrong")
    monkeypatch.setenv(f"ROLLOUT_TOKEN_127_0_0_1_{port}", forge.token)
    assert applied(world)[:2] == (0, "proposed")


def test_the_inventory_has_its_own_words(world: World, forge: GitHub) -> None:
    rules(world, forge, ", title: 'Rules for {{ target.name }}', body: '{{ changes[0].path }} at {{ who }}'")
    applied(world)
    assert forge.pulls[1]["title"] == "Rules for api"
    assert forge.pulls[1]["body"].startswith("AGENTS.md at world\n\n<!-- rollout inventory=")
    rules(world, forge, ", title: '{{ nobody }}'")
    world.template("project/AGENTS.md", "two\n")
    code, outcome, reason = applied(world)
    assert (code, outcome, "'nobody' is undefined" in reason) == (3, "blocked", True)
    rules(world, forge, ", title: '{{ read(\"AGENTS.md\") }}'")
    code, outcome, reason = applied(world)
    assert (code, outcome, "read('AGENTS.md'): no file can be read here" in reason) == (3, "blocked", True)
    rules(world, forge, ", title: '{{ nobody'")
    assert world.run("validate").code == 64


def test_new_words_alone_are_told_to_an_open_review_without_a_push(world: World, forge: GitHub) -> None:
    applied(world)
    first = world.tip("api", f"rollout/{ID}")
    rules(world, forge, ", title: 'Rules for {{ target.name }}'")
    now = status(world, "--fetch")
    assert (now["state"], "its title and text are renewed" in str(now["reason"])) == ("in-review", True)
    assert applied(world) == (0, "proposed", URL.format(forge.project))
    assert (forge.pulls[1]["title"], world.tip("api", f"rollout/{ID}")) == ("Rules for api", first)
    rules(world, forge, ", title: 'Rules for {{ target.name }}', body: 'Because of {{ who }}.'")
    assert applied(world)[:2] == (0, "proposed")
    assert forge.pulls[1]["body"].startswith("Because of world.\n\n<!-- rollout inventory=")
    assert applied(world)[:2] == (0, "unchanged")
    assert forge.writes() == ["POST /pulls", "PATCH /pulls/1", "PATCH /pulls/1"]


def test_what_a_person_wrote_into_a_review_stays(world: World, forge: GitHub) -> None:
    applied(world, "--message", "New rules")
    forge.pulls[1] |= {"title": "Ours", "body": f"What we think.\n\n{forge.pulls[1]['body']}"}
    assert applied(world)[:2] == (0, "unchanged")
    forge.pulls[1]["body"] = "What we think."
    rules(world, forge, ", title: 'Rules for {{ target.name }}'")
    assert applied(world)[:2] == (0, "unchanged")
    assert (forge.pulls[1]["title"], forge.writes()) == ("Ours", ["POST /pulls"])


@pytest.mark.parametrize("lost", [False, True], ids=["remembered", "forgotten"])
@first_rows(1, "deleted", [False, True], ids=["branch-left", "branch-deleted"])
def test_a_closed_review_without_its_marker_is_known_by_its_commit(
    world: World, forge: GitHub, *, lost: bool, deleted: bool
) -> None:
    applied(world)
    forge.close(1)
    forge.pulls[1]["body"] = "We do not want this."
    world.git("api.git", "update-ref", "refs/pull/1/head", world.tip("api", f"rollout/{ID}"))
    if deleted:
        world.git("api.git", "branch", "-D", f"rollout/{ID}")
    if lost:
        forget()
    now = status(world, "--fetch")
    assert (now["state"], "was closed unmerged by octocat" in str(now["reason"])) == ("declined", True)
    assert applied(world)[:2] == (3, "blocked")
    world.template("project/AGENTS.md", "two\n")
    assert applied(world)[:2] == (0, "proposed")


def test_without_a_token_a_person_opens_the_review(
    world: World, forge: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GH_TOKEN")
    code, outcome, reason = applied(world)
    site = forge.api.removesuffix("/api/v3")
    assert (code, outcome) == (0, "proposed")
    assert reason == f"{site}/{forge.project}/compare/main...rollout/{ID}?expand=1"
    assert status(world)["review"] is None
    assert forge.asked == []
    monkeypatch.setenv("GH_TOKEN", TOKEN)
    assert applied(world)[:2] == (0, "proposed")
    assert len(forge.pulls) == 1


def test_a_token_stands_in_nothing_that_is_kept(world: World, forge: GitHub) -> None:
    world.run("plan", "--out", "p.json")
    world.run("apply", "--yes", "-v")
    forge.trouble = lambda _: (401, {"message": f"Bad credentials {TOKEN}"}, {})
    world.elsewhere("api", {"README.md": "moved\n"})
    ran = world.run("plan", "--json")
    assert "does not accept the token" in ran.out
    assert TOKEN not in ran.out + ran.err
    state = os.environ["ROLLOUT_STATE_DIR"]
    kept = [os.path.join(folder, name) for folder, _, names in os.walk(state) for name in names]
    for file in (*kept, str(world.root / "p.json")):
        with open(file, "rb") as content:
            assert TOKEN.encode() not in content.read(), file


def test_the_review_of_another_inventory_is_left_alone(world: World, forge: GitHub) -> None:
    applied(world)
    forge.pulls[1]["body"] = forge.pulls[1]["body"].replace("inventory=", "inventory=f00")
    world.template("project/AGENTS.md", "two\n")
    code, outcome, reason = applied(world)
    assert (code, outcome, "another inventory" in reason) == (3, "blocked", True)


def test_reviews_are_listed(world: World, forge: GitHub) -> None:
    applied(world)
    assert world.run("review", "list", "--json").json == {
        "format": "rollout-review/1",
        "reviews": [
            {
                "target": "api", "url": URL.format(forge.project), "number": 1, "title": "Roll out AGENTS.md",
                "state": "open", "approved": False, "checks": "none", "updated_at": "2026-02-03T15:30:00Z",
            }
        ],
        "unopened": [],
    }  # fmt: skip
    assert URL.format(forge.project) in world.run("review").out
    assert world.run("review", "list", "--state", "red").out == "No reviews.\n"


def test_only_what_is_green_and_approved_is_merged(world: World, forge: GitHub) -> None:
    applied(world)
    ran = world.run("review", "merge", "--yes", "--json")
    assert (ran.code, ran.outcomes()) == (3, {"api": "blocked"})
    assert "is left open: its checks are none, and nobody has approved it; --force merges it" in ran.reasons()["api"]
    forge.runs = [{"status": "completed", "conclusion": "success"}]
    forge.opinions = [{"state": "APPROVED", "user": {"login": "ann"}}]
    ran = world.run("review", "merge", "--yes", "--json", "--state", "green", "--state", "approved")
    assert (ran.code, ran.outcomes()) == (0, {"api": "pushed"})
    assert world.at("api", "AGENTS.md") == "one\n"
    assert applied(world)[:2] == (0, "unchanged")
    assert status(world, "--fetch")["state"] == "in-sync"


def test_a_merge_whose_answer_was_lost_is_asked_for(world: World, forge: GitHub) -> None:
    def lost(asked: Asked) -> Reply | bytes | None:
        if asked.method != "PUT":
            return None
        forge.answer(asked)
        return b"HTTP/1.1 2"

    applied(world)
    forge.trouble = lost
    ran = world.run("review", "merge", "--yes", "--json", "--force")
    assert (ran.outcomes(), ran.reasons()["api"]) == ({"api": "pushed"}, f"{URL.format(forge.project)} is merged")


def test_a_merge_that_failed_is_told(world: World, forge: GitHub) -> None:
    applied(world)
    forge.trouble = lambda asked: (500, {"message": "boom"}, {}) if asked.method == "PUT" else None
    ran = world.run("review", "merge", "--yes", "--json", "--force")
    assert (ran.outcomes(), "failed with status 500 (boom)" in ran.reasons()["api"]) == ({"api": "failed"}, True)


def test_what_review_close_closed_is_declined_and_its_branch_goes(world: World, forge: GitHub) -> None:
    applied(world)
    assert world.run("review", "close").code == 4
    ran = world.run("review", "close", "--yes", "--json", "--message", "Not now.")
    assert (ran.code, ran.outcomes()) == (0, {"api": "unchanged"})
    assert [one["review"]["state"] for one in ran.lines if one["type"] == "target_done"] == ["declined"]
    assert forge.comments[1] == ["Not now."]
    assert status(world, "--fetch")["state"] == "declined"
    code, outcome, reason = applied(world)
    assert (code, outcome, f"the branch rollout/{ID} is deleted" in reason) == (3, "blocked", True)
    assert "last run" not in world.run("status").out
    assert world.git("api.git", "branch", "--list", "rollout/*") == ""
    assert applied(world)[:2] == (3, "blocked")


def test_what_was_done_with_a_review_is_a_run_of_its_own(world: World, forge: GitHub) -> None:
    applied(world)
    world.template("project/AGENTS.md", "two\n")
    applied(world)
    for words in (("comment", "--message", "Look."), ("merge", "--force")):
        assert world.run("review", *words, "--yes").code == 0
    runs = world.run("history", "--json").json["runs"]
    told = [(run["command"], one["outcome"], one["review_act"]) for run in runs for one in run["outcomes"]]
    assert told == [
        ("review", "pushed", "merged"), ("review", "unchanged", "commented"),
        ("apply", "proposed", "updated"), ("apply", "proposed", "opened"),
    ]  # fmt: skip
    assert "api: pushed, review merged" in world.run("history", runs[0]["run"]).out
    assert status(world, "--fetch")["last_outcome"] == "pushed"
    assert applied(world)[:2] == (0, "unchanged")
    explained = world.run("explain", "api", "AGENTS.md", "--json").json
    assert explained["last_run"] == runs[0]["run"]


def test_a_comment_hides_no_failure(world: World, forge: GitHub) -> None:
    applied(world)
    forge.trouble = lambda asked: (500, {"message": "boom"}, {}) if asked.method == "PATCH" else None
    world.template("project/AGENTS.md", "two\n")
    assert applied(world)[:2] == (3, "failed")
    forge.trouble = lambda _: None
    assert world.run("review", "comment", "--message", "Look.", "--yes").code == 0
    assert status(world)["last_outcome"] == "failed"


def test_a_comment_needs_words(world: World, forge: GitHub) -> None:
    applied(world)
    assert world.run("review", "comment", "--yes").code == 64
    assert world.run("review", "comment", "--yes", "--message", "Please look.").code == 0
    assert forge.comments[1] == ["Please look."]


def at_the_nth(method: str, path: str, number: int, act: Callable[[], object]) -> Callable[[Asked], Reply | None]:
    """Return what does something at the n-th request of a kind, before it is answered."""
    seen: list[Asked] = []

    def look(asked: Asked) -> Reply | None:
        if asked.method == method and asked.path.endswith(path):
            seen.append(asked)
            if len(seen) == number:
                act()
        return None

    return look


def overtaken(world: World) -> None:
    """Have a review open whose content upstream got another way."""
    assert applied(world)[:2] == (0, "proposed")
    world.elsewhere("api", {"AGENTS.md": "one\n"}, "by hand")


def test_a_review_that_could_not_be_closed_keeps_its_branch_and_is_closed_by_the_next_run(
    world: World, forge: GitHub
) -> None:
    overtaken(world)
    forge.trouble = lambda asked: (502, {"message": "Bad gateway"}, {}) if asked.method == "PATCH" else None
    outcome, reason = applied(world)[1:]
    assert (outcome, "could not be closed" in reason, forge.pulls[1]["state"]) == ("unchanged", True, "open")
    assert applied(world)[:2] == (0, "unchanged")
    forge.trouble = lambda _: None
    assert applied(world)[:2] == (0, "unchanged")
    assert (forge.pulls[1]["state"], world.git("api.git", "branch", "--list", "rollout/*")) == ("closed", "")
    assert len(forge.comments[1]) == 1


def test_a_review_that_takes_no_comment_is_closed_and_said_so(world: World, forge: GitHub) -> None:
    overtaken(world)
    forge.trouble = lambda asked: (403, {"message": "locked"}, {}) if asked.path.endswith("comments") else None
    outcome, reason = applied(world)[1:]
    assert (outcome, "its reason could not be said there: " in reason) == ("unchanged", True)
    assert (forge.pulls[1]["state"], world.git("api.git", "branch", "--list", "rollout/*")) == ("closed", "")


def test_a_close_that_fails_leaves_no_comment_each_time(world: World, forge: GitHub) -> None:
    applied(world)
    forge.trouble = lambda asked: (502, {"message": "Bad gateway"}, {}) if asked.method == "PATCH" else None
    for _ in range(2):
        assert world.run("review", "close", "--message", "Not now.", "--yes").code == 3
    forge.trouble = lambda _: None
    assert world.run("review", "close", "--message", "Not now.", "--yes").code == 0
    assert forge.comments[1] == ["Not now."]


def test_what_was_merged_is_recorded_and_not_what_templates_ask_for_since(world: World, forge: GitHub) -> None:
    applied(world)
    world.template("project/AGENTS.md", "two\n")
    world.template("project/ci.yml", "ci\n")
    ran = world.run("review", "merge", "--force", "--yes", "--json")
    assert (ran.code, ran.outcomes()) == (0, {"api": "pushed"}), ran.out
    run = ran.lines[0]["run"]
    (outcome,) = world.run("history", run, "--json").json["runs"][0]["outcomes"]
    assert [written["path"] for written in outcome["paths"]] == ["AGENTS.md"]
    assert world.run("revert", run, "--yes", "--json").outcomes() == {"api": "proposed"}
    assert world.at("api", "AGENTS.md", f"rollout/{ID}") is None


def test_a_review_with_a_commit_that_came_after_our_look_is_not_closed(world: World, forge: GitHub) -> None:
    overtaken(world)
    theirs: list[str] = []
    forge.trouble = at_the_nth("GET", "/pulls", 2, lambda: theirs.append(on_the_branch(world, "mine")))
    assert "stays: it has a commit" in applied(world)[2]
    assert (forge.pulls[1]["state"], world.tip("api", f"rollout/{ID}")) == ("open", theirs[0])
    assert applied(world)[0] == 0
    assert (forge.pulls[1]["state"], world.tip("api", f"rollout/{ID}")) == ("open", theirs[0])


@pytest.mark.parametrize("order", [("close",), ("merge", "--force")], ids=["close", "merge"])
@first_rows(1, "asked", [1, 2], ids=["between-branch-and-review", "after-our-look"])
def test_review_does_nothing_to_a_commit_that_it_has_not_looked_at(
    world: World, forge: GitHub, order: tuple[str, ...], asked: int
) -> None:
    applied(world)
    forge.trouble = at_the_nth("GET", "/pulls/1", asked, lambda: on_the_branch(world, "mine"))
    ran = world.run("review", *order, "--yes", "--json")
    assert (ran.code, ran.outcomes(), forge.pulls[1]["state"]) == (3, {"api": "blocked"}, "open")
    assert "has changed since we looked" in ran.reasons()["api"]


def test_a_review_that_is_closed_while_it_is_updated_is_not_opened_again(world: World, forge: GitHub) -> None:
    applied(world)
    world.elsewhere("api", {"README.md": "moved\n"})
    forge.trouble = at_the_nth("GET", "/pulls", 2, lambda: forge.close(1))
    code, outcome, reason = applied(world)
    assert (code, outcome, "somebody has ended" in reason) == (3, "failed", True)
    assert applied(world)[:2] == (3, "blocked")
    assert (len(forge.pulls), forge.pulls[1]["state"]) == (1, "closed")
