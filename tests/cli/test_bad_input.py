"""Bad input: one clear message that names the place and the way out, and the other targets go on."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.world import Ran, World


def refused(ran: Ran, *words: str, code: int = 64) -> None:
    """Expect an exit code and a message with all the words, without a traceback."""
    assert ran.code == code, (ran.out, ran.err)
    assert "Traceback" not in ran.err
    for word in words:
        assert word in ran.err, (word, ran.err)


def inventory(world: World, text: str) -> Ran:
    world.remote("api")
    world.remote("web")
    (world.root / "inventory.yaml").write_text(text)
    return world.run("plan", write=False)


HEAD = "version: 1\ndefaults: {templates: [project]}\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD + "repos: {api: {url: api.git, brnach: x}}\n", ("inventory.yaml:3:", "unknown key 'brnach'", "'branch'")),
        (HEAD + "repos:\n  api: {url: api.git}\n  api: {url: web.git}\n", ("inventory.yaml:5:", "duplicate key 'api'")),
        (
            HEAD + "repos: {api: {url: api.git, templates: [projcet]}}\n",
            ("inventory.yaml:3:", "no template set 'projcet'", "project"),
        ),
        (
            HEAD + "repos: {api: {url: api.git}, web: {url: ./api.git}}\n",
            ("inventory.yaml:3:", "web: is at the same place as api"),
        ),
        (
            HEAD + "repos: {api: {url: api.git}}\nfiles: {../../etc/passwd: {mode: absent}}\n",
            ("inventory.yaml:4:", "leaves its target"),
        ),
        (
            HEAD + "repos: {api: {url: api.git}}\nfiles: {docs//x.md: {mode: absent}}\n",
            ("inventory.yaml:4:", "a single '/' stands between names, and none at the end"),
        ),
        (
            HEAD + "repos: {api: {url: api.git}}\nmachines:\n  a: {hostnames: [here]}\n  b: {hostnames: [HERE]}\n",
            ("inventory.yaml:6:", "claimed by 'a' too"),
        ),
        ("", ("inventory.yaml:1:", "empty", "rollout init")),
        ("version: 1\n", ("inventory.yaml:1:", "no targets", "repos")),
        ("version: 2\nrepos: {api: {url: api.git}}\n", ("inventory.yaml:1:", "this rollout reads 1")),
        (HEAD + "repos: {api: {url: 7}}\n", ("inventory.yaml:3:", "takes text")),
        (HEAD + "repos: [api]\n", ("inventory.yaml:3:", "takes a mapping, not a list")),
        (HEAD + "repos: {api: {url: api.git}\n", ("inventory.yaml:4:", "not valid YAML")),
        (HEAD + "repos: {api: {templates: [project]}}\n", ("inventory.yaml:3:", "needs a 'path'")),
        (HEAD + "repos: {api: {url: api.git, vars: {target: x}}}\n", ("inventory.yaml:3:", "belongs to rollout")),
    ],
)
def test_a_wrong_inventory_is_refused_with_its_line_and_the_way_out(
    world: World, text: str, words: tuple[str, ...]
) -> None:
    refused(inventory(world, text), *words)


def test_all_faults_are_told_at_once(world: World) -> None:
    ran = inventory(world, "version: 1\nrepoz: {}\nrepos:\n  api: {ulr: x}\n  web: {branch: 7}\n")
    refused(ran, "inventory.yaml:2:", "inventory.yaml:4:", "inventory.yaml:5:")


def test_a_mistake_in_a_command_line_names_the_whole_command(world: World) -> None:
    refused(world.run("events", "growth", "--nope"), "rollout events growth: no such option '--nope'")
    refused(world.run("plan", "--nope"), "rollout plan: no such option '--nope'")
    refused(world.run("--nope"), "rollout: no such option '--nope'")


def test_an_inventory_that_is_not_there_is_told_with_the_option_that_names_one(world: World) -> None:
    refused(world.run("plan", write=False), "inventory.yaml", "-i FILE")


def test_a_limit_that_matches_nothing_is_refused(world: World) -> None:
    world.bare_repo("api")
    refused(world.run("plan", "--limit", "nobody"), "nobody: matches no target")


def test_a_hostname_that_two_globs_claim_is_refused(world: World) -> None:
    world.bare_repo("api")
    world.tail = 'machines:\n  a: {hostnames: ["*odin*"]}\n  b: {hostnames: ["odin*"]}\n'
    refused(world.run("--hostname", "odin3", "plan"), "inventory.yaml:", "claimed by a and b")
    world.tail += "bogus: 1\n"
    both = world.run("--hostname", "odin3", "plan")
    refused(both, "claimed by a and b", "unknown key 'bogus'")  # all mistakes at once


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{% if %}", ("templates/project/bad.txt.j2:1:",)),
        ("one\n{{ unclosed\n", ("templates/project/bad.txt.j2:", "unexpected")),
        ("{% include 'gone.j2' %}", ("templates/project/bad.txt.j2", "'gone.j2'", "not under templates/")),
        ("{% include '../../etc/passwd' %}", ("not under templates/",)),
        (b"\xff\xfe", ("templates/project/bad.txt.j2:1: is not UTF-8 (byte 0); save it as UTF-8",)),
        (b"one\ntwo \xff\n", ("templates/project/bad.txt.j2:2: is not UTF-8 (byte 8); save it as UTF-8",)),
    ],
)
def test_a_template_that_is_none_is_refused_before_anything_happens(
    world: World, template: str | bytes, words: tuple[str, ...]
) -> None:
    world.bare_repo("api")
    world.template("project/bad.txt.j2", template)
    refused(world.run("apply", "--yes"), *words)
    assert world.log("api") == ["first"]


@pytest.mark.parametrize("kind", ["repo", "folder"])
def test_a_machine_that_is_not_to_be_seen_is_told_with_its_line(world: World, kind: str) -> None:
    world.template("seen/a.txt.j2", "{{ machine is defined }}\n")
    world.template("seen/b.txt.j2", "one\n{{ machine.name }}\n")
    if kind == "repo":
        world.defaults = "defaults: {templates: [seen]}\n"
        world.bare_repo("api")
    else:
        world.tail = "folders:\n  shared: {path: shared, templates: [seen]}\n"
    (target,) = world.run("plan", "--json").json["targets"]
    words = "must not depend on the machine" if kind == "repo" else "matches no machine"
    assert target["reason"].startswith("templates/seen/b.txt.j2:2: 'machine' is undefined: "), target
    assert words in target["reason"]
    assert [c["path"] for c in target["changes"] if c["action"] == "create"] == ["a.txt"]


def test_an_undefined_variable_blocks_its_target_with_template_line_and_name(world: World) -> None:
    world.bare_repo("api")
    world.bare_repo("web")
    world.entries["web"] = world.entries["web"].replace("}", ", vars: {missing: here}}")
    world.template("project/conf.txt.j2", "one\n{{ missing }}\n")
    plan = world.run("plan", "--json")
    assert plan.states() == {"api": "blocked", "web": "pending"}
    assert "templates/project/conf.txt.j2:2" in plan.out
    assert "'missing' is undefined" in plan.out
    applied = world.run("apply", "--yes", "--json")
    assert (applied.code, applied.outcomes()) == (3, {"api": "blocked", "web": "pushed"})


BAD_PATHS = (
    ".git/hooks/pre-commit", ".GIT/config", "git~1/x", "sub/.git/x", ".g\u200cit/x", "con", "x. ", "a\\b", "x\ny",
    ".gitmodules.", "aux.txt", ".git::$INDEX_ALLOCATION/x",
)  # fmt: skip


@pytest.mark.parametrize("path", BAD_PATHS)
def test_a_managed_path_that_leaves_its_target_or_is_gits_own_is_refused(world: World, path: str) -> None:
    world.bare_repo("api")
    world.template(f"project/{path}", "x\n")
    refused(world.run("apply", "--yes"), "templates/project/")
    assert world.log("api") == ["first"]


def test_two_managed_paths_that_are_one_on_some_file_systems_are_refused(world: World) -> None:
    for name in ("api", "web", "ops"):
        world.bare_repo(name)
    world.template("project/CONF.txt", "x\n")
    ran = world.run("plan")
    refused(ran, "templates/project/conf.txt.j2", "templates/project/CONF.txt", "differ only in case")
    assert ran.err.count("differ only in case") == 1, ran.err


def test_a_remote_that_is_gone_concerns_its_target_alone(world: World) -> None:
    world.bare_repo("api")
    world.entries["gone"] = f"{{url: {world.root}/gone.git}}"
    applied = world.run("apply", "--yes", "--json")
    assert (applied.code, applied.outcomes()) == (1, {"api": "pushed", "gone": "failed"})
    assert "does not appear to be a git repository" in applied.reasons()["gone"]
    assert world.run("status", "--fetch", "--json").states()["gone"] == "unreachable"


def test_a_missing_checkout_without_an_address_names_both_ways_out(world: World) -> None:
    world.bare_repo("api")
    world.entries["gone"] = "{path: gone}"
    plan = world.run("plan", "--json")
    assert (plan.code, plan.states()) == (1, {"api": "pending", "gone": "missing"})
    assert "has no url to clone from" in plan.out


def test_a_remote_that_refuses_is_told_in_its_words_and_the_commit_waits(world: World) -> None:
    bare = world.bare_repo("api")
    world.bare_repo("web")
    (bare / "hooks").mkdir(exist_ok=True)
    (bare / "hooks/pre-receive").write_text("#!/bin/sh\necho 'use a merge request' >&2; exit 1\n")
    (bare / "hooks/pre-receive").chmod(0o755)
    applied = world.run("apply", "--yes", "--json")
    assert (applied.code, applied.outcomes()) == (3, {"api": "rejected", "web": "pushed"})
    assert "use a merge request" in applied.reasons()["api"]
    assert world.run("status", "--json").states()["api"] == "ready-to-push"


def test_a_branch_that_upstream_does_not_have_is_blocked_and_not_created(world: World) -> None:
    world.bare_repo("api")
    world.entries["api"] = world.entries["api"].replace("}", ", branch: dev}")
    applied = world.run("apply", "--yes", "--json")
    assert (applied.code, applied.outcomes()) == (3, {"api": "blocked"})
    assert "no branch 'dev'" in applied.reasons()["api"]
    assert world.git("api.git", "branch", "--format=%(refname:short)") == "main"


def test_without_an_identity_nothing_is_committed_and_the_message_says_how_to_give_one(
    world: World, sealed: Path
) -> None:
    world.bare_repo("api")
    (sealed / ".gitconfig").write_text("")
    applied = world.run("apply", "--yes", "--json")
    assert applied.code == 3
    assert applied.outcomes() == {"api": "blocked"}
    assert "git config --global user.name" in applied.reasons()["api"]


# --- plan files and the ledger


def saved(world: World) -> Path:
    world.bare_repo("api")
    assert world.run("plan", "--out", "p.json").code == 0
    return world.root / "p.json"


def test_a_plan_file_of_another_version_is_refused(world: World) -> None:
    file = saved(world)
    document = json.loads(file.read_text())
    document["format"] = "rollout-plan/9"
    file.write_text(json.dumps(document))
    refused(world.run("apply", "p.json", "--yes"), "p.json", "'rollout-plan/9'", "make a new plan", code=4)


def test_a_plan_is_used_once(world: World) -> None:
    saved(world)
    assert world.run("apply", "p.json", "--yes").code == 0
    refused(world.run("apply", "p.json", "--yes"), "used already, by run", "rollout plan --out", code=4)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"create"', '"delete"', 1),
        lambda text: "",
        lambda text: "[" * 100_000,
        lambda text: "null",
        lambda text: '{"format": "rollout-plan/1"}',
    ],
    ids=["half", "changed", "empty", "deep", "null", "bare"],
)
def test_a_damaged_plan_file_is_refused(world: World, damage: Callable[[str], str]) -> None:
    file = saved(world)
    file.write_text(damage(file.read_text()))
    refused(world.run("apply", "p.json", "--yes"), "p.json", "plan", code=4)
    assert world.log("api") == ["first"]


def test_a_plan_file_that_is_not_there_is_told(world: World) -> None:
    world.bare_repo("api")
    refused(world.run("apply", "gone.json", "--yes"), "gone.json", "rollout plan --out")


def ledger(sealed: Path) -> Path:
    return sealed / "state/ledger.db"


def garbage(file: Path) -> None:
    file.write_bytes(b"this is no database at all\n" * 100)


def truncated(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:5000])


def flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[4096:4396] = b"\xff" * 300
    file.write_bytes(content)


def rows(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE outcome SET outcome = 'nonsense', paths = '{'")


@pytest.mark.parametrize("damage", [garbage, truncated, flipped])
def test_a_damaged_ledger_is_kept_aside_and_the_run_goes_on(
    world: World, sealed: Path, damage: Callable[[Path], None]
) -> None:
    world.bare_repo("api")
    assert world.run("apply", "--yes").code == 0
    damage(ledger(sealed))
    ledger(sealed).with_name("ledger.db-journal").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + b"\0" * 504)
    again = world.run("apply", "--yes", "--json")
    assert again.outcomes() == {"api": "unchanged"}, again.err
    assert "is damaged" in again.err
    assert list(ledger(sealed).parent.glob("ledger.db.damaged-*"))
    assert world.run("status", "--json").states() == {"api": "in-sync"}


def test_a_ledger_with_nonsense_in_its_rows_is_told_and_stops_no_status(world: World, sealed: Path) -> None:
    world.bare_repo("api")
    assert world.run("apply", "--yes").code == 0
    rows(ledger(sealed))
    for command in ("status", "history", "apply"):
        ran = world.run(command, *(["--yes"] if command == "apply" else []))
        assert "Traceback" not in ran.err
        assert ran.code in {0, 1}


def test_a_ledger_of_a_newer_program_is_refused(world: World, sealed: Path) -> None:
    world.bare_repo("api")
    assert world.run("apply", "--yes").code == 0
    with sqlite3.connect(ledger(sealed)) as connection:
        connection.execute("PRAGMA user_version = 999")
    refused(world.run("apply", "--yes"), "ledger.db", "upgrade", code=1)


def test_a_ledger_that_does_not_answer_stops_the_run_before_any_change(world: World) -> None:
    world.bare_repo("api")
    world.tail = "ledger: postgresql://pat:sesame@127.0.0.1:1/x\n"
    ran = world.run("apply", "--yes")
    refused(ran, "ledger", "127.0.0.1", code=1)
    assert "sesame" not in ran.err
    assert world.log("api") == ["first"]


@pytest.mark.parametrize("kind", ["directory", "symlink"])
def test_a_managed_path_that_is_no_file_upstream_blocks_its_target(world: World, kind: str) -> None:
    top = world.repo("api")
    world.bare_repo("web")
    if kind == "directory":
        world.commit(top, {"conf.txt/inner": "x\n"}, push=True)
    else:
        (top / "conf.txt").symlink_to("/etc/passwd")
        world.git(top, "add", "conf.txt")
        world.git(top, "commit", "-q", "-m", "link")
        world.git(top, "push", "-q", "origin", "main")
    applied = world.run("apply", "--yes", "--json")
    assert (applied.code, applied.outcomes()) == (3, {"api": "blocked", "web": "pushed"})
    assert "conf.txt" in applied.reasons()["api"]
    assert kind in applied.reasons()["api"]


def test_a_state_folder_inside_a_checkout_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    top = world.repo("api")
    monkeypatch.setenv("ROLLOUT_STATE_DIR", str(top / "deep" / "state"))
    refused(world.run("plan"), "state", "inside the checkout of api", "ROLLOUT_STATE_DIR")
    assert not (top / "deep").exists()


def test_a_path_that_no_template_names_cannot_be_explained(world: World) -> None:
    world.bare_repo("api")
    refused(world.run("explain", "api", "README.md"), "api: no template set names README.md")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("text", [b"  b: caf\xe9\n", b"\xe9: 1\n", b"# \x80\n"])
def test_an_inventory_that_is_not_utf_8_is_told_at_its_line_with_the_way_out(
    world: World, mark: bytes, text: bytes
) -> None:
    (world.root / "inventory.yaml").write_bytes(mark + b"version: 1\nvars:\n  a: 1\n" + text)
    refused(world.run("plan", write=False), "inventory.yaml:4: is not UTF-8 (byte ", "; save it as UTF-8")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{templates: []}", "templates: takes at least one entry; the list is empty"),
        ("{markers: ['# a ID']}", "markers: takes at least 2 entries; the list has 1"),
        ("{markers: []}", "markers: takes at least 2 entries; the list is empty"),
    ],
)
def test_a_list_that_is_too_short_is_told_with_how_many_it_takes(world: World, text: str, said: str) -> None:
    place = (
        f"defaults: {text}\n" if "templates" in text else f"defaults: {{templates: [project]}}\nfiles: {{a: {text}}}\n"
    )
    refused(inventory(world, f"version: 1\n{place}repos: {{api: {{url: api.git}}}}\n"), said)


@pytest.mark.parametrize("command", [("apply", "--yes"), ("push", "--yes"), ("review", "comment", "--yes")])
def test_a_message_that_is_no_text_is_refused(world: World, command: tuple[str, ...]) -> None:
    world.repo("api")
    told = "it has bytes that are no letters in the encoding of your locale"
    refused(world.run(*command, "--message", "F\udcfcr alle"), "invalid value for '--message'", told)
    assert world.run("status", "--json").json["targets"][0]["last_run"] is None
