"""Budgets of what is loaded, and texts that no file may hold any more, in plan, apply and verify."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.world import World

HEAD = "version: 1\nvars: {who: world}\n"


def test_a_budget_warns_blocks_and_fails_verify(tmp_path: Path) -> None:
    world = World(
        tmp_path, head=HEAD + "budgets: [{name: session, files: [CLAUDE.md], follow: imports, max_chars: 60}]\n"
    )
    world.bare_repo("api", {"part.md": "x" * 30})
    world.template("project/CLAUDE.md", "@part.md\n")
    planned = world.run("plan", "--json").json["targets"][0]
    assert (planned["state"], planned["budgets"]) == (
        "pending",
        [
            {
                "name": "session",
                "chars": 39,
                "tokens": 10,
                "max_chars": 60,
                "max_tokens": None,
                "parts": [
                    {"path": "CLAUDE.md", "chars": 9, "before": 0},
                    {"path": "part.md", "chars": 30, "before": 30},
                ],
            }
        ],
    )
    assert "budget session: 39 of 60 characters: CLAUDE.md 9 (+9), part.md 30" in world.run("plan").out
    assert world.run("apply", "-y").code == 0
    world.elsewhere("api", {"part.md": "x" * 50})
    assert "budget session: 59 of 60 characters" in world.run("plan").out
    assert world.run("verify").code == 0
    world.elsewhere("api", {"part.md": "x" * 90})
    assert world.run("plan", "--json").states() == {"api": "blocked"}
    assert world.run("apply", "-y", "--json").outcomes() == {"api": "blocked"}
    found = world.run("verify", "--json")
    assert (found.code, found.json["targets"][0]["mismatches"][0]["where"]) == (2, "budget")


def test_what_is_forbidden_is_shown_fails_verify_and_blocks_when_told_to(tmp_path: Path) -> None:
    rule = "{text: command_log, except: ['migrations/**'], why: it is event_store%s}"
    world = World(tmp_path, head=HEAD + f"forbid: [{rule % ''}]\n")
    world.tail = "folders: {shared: {path: shared, templates: [shared]}}\n"
    world.write("shared", {"docs/old.md": "use command_log\n", "deeper/other.md": "command_log\n"})
    world.repo(
        "api", {"migrations/1.sql": "command_log", "src/a.py": "x\nlog = 'command_log'\n", "b.bin": b"\0command_log"}
    )
    world.template("project/conf.txt", "ours\n")
    world.template("shared/docs/new.md", "ours\n")
    said = "src/a.py: line 2: says 'command_log': it is event_store"
    planned = {target["name"]: target for target in world.run("plan", "--json").json["targets"]}
    assert (planned["api"]["state"], planned["api"]["warnings"]) == ("pending", [said])
    assert planned["shared"]["warnings"] == ["docs/old.md: line 1: says 'command_log': it is event_store"]
    assert world.run("apply", "-y").code == 0
    found = world.run("verify", "--json")
    assert found.code == 2
    assert [(one["where"], one["path"]) for target in found.json["targets"] for one in target["mismatches"]] == [
        ("forbidden", "src/a.py"),
        ("forbidden", "docs/old.md"),
    ]
    assert f"    forbidden: {said}\n" in world.run("verify").out
    world.head = HEAD + f"forbid: [{rule % ', block: true, targets: [api]'}]\n"
    assert world.run("plan", "--json").states() == {"api": "blocked", "shared": "in-sync"}
    world.elsewhere("api", {"src/a.py": "x\n"})
    assert world.run("plan", "--json").states() == {"api": "in-sync", "shared": "in-sync"}


def test_every_text_is_looked_through_of_any_size_and_encoding(tmp_path: Path) -> None:
    world = World(tmp_path, head=HEAD + "forbid: [{text: command_log}]\n")
    files = {
        "latin.txt": b"caf\xe9\ncommand_log\n",
        "long.txt": b"x\n" * 700_000 + b"command_log",
        "b.bin": b"\0command_log",
    }
    world.bare_repo("api", files)
    world.template("project/conf.txt", "ours\n")
    assert world.run("plan", "--json").json["targets"][0]["warnings"] == [
        "latin.txt: line 2: says 'command_log'",
        "long.txt: line 700001: says 'command_log'",
    ]


@pytest.mark.parametrize(
    ("targets", "told"),
    [("['!api']", {"web", "shared"}), ("['!ap?', '!shared']", {"web"}), ("[web, api, '!web']", {"api"})],
)
def test_a_rule_may_leave_targets_out_as_limit_does(tmp_path: Path, targets: str, told: set[str]) -> None:
    world = World(tmp_path, head=HEAD + f"forbid: [{{text: command_log, targets: {targets}}}]\n")
    world.tail = "folders: {shared: {path: shared, templates: [shared]}}\n"
    world.write("shared", {"docs/old.md": "command_log\n"})
    for name in ("api", "web"):
        world.repo(name, {"old.md": "command_log\n"})
    world.template("project/conf.txt", "ours\n")
    world.template("shared/docs/new.md", "ours\n")
    planned = world.run("plan", "--json").json["targets"]
    assert {target["name"] for target in planned if target["warnings"]} == told


@pytest.mark.parametrize(
    ("word", "meant"),
    [("supervisor", "; did you mean 'supervisors'?"), ("nope", ""), ("'!apii'", "; did you mean 'api'?"), ("w*", "")],
)
def test_a_rule_about_targets_that_are_none_is_a_bad_inventory(tmp_path: Path, word: str, meant: str) -> None:
    forbid = f"forbid:\n  - {{text: a}}\n  - {{text: command_log, targets: [api, {word}], block: true}}\n"
    world = World(tmp_path, head=f"{HEAD}groups: {{later: {{}}}}\n{forbid}")
    world.entries["api"] = "{url: /nowhere, groups: [supervisors]}"
    world.template("project/conf.txt", "ours\n")
    ran = world.run("validate")
    line = world.head.count("\n")
    bare = word.strip("'").removeprefix("!")
    told = f"inventory.yaml:{line}: forbid[1].targets: {bare!r} matches no target and no group{meant}\n"
    assert (ran.code, ran.err) == (64, told)


@pytest.mark.parametrize("word", ["api", "supervisors", "later", "'!super*'", "'*'"])
def test_a_rule_names_targets_groups_and_globs(tmp_path: Path, word: str) -> None:
    world = World(tmp_path, head=f"{HEAD}groups: {{later: {{}}}}\nforbid: [{{text: a, targets: [{word}]}}]\n")
    world.entries["api"] = "{url: /nowhere, groups: [supervisors]}"
    world.template("project/conf.txt", "ours\n")
    assert world.run("validate").code == 0


def test_mistakes_in_budgets_and_forbid_are_told_with_their_lines(tmp_path: Path) -> None:
    world = World(
        tmp_path, head=HEAD + "budgets: [{name: a, files: [x], warn: 2}]\nforbid: [{why: x}, {pattern: '('}]\n"
    )
    world.bare_repo("api")
    world.template("project/conf.txt", "ours\n")
    done = world.run("validate")
    assert done.code == 64
    assert "inventory.yaml:3: budgets[0].warn: takes a number above 0 and up to 1, not 2" in done.err
    assert "inventory.yaml:4: forbid.pattern:" in done.err
    assert "inventory.yaml:4: forbid: takes either 'text' or 'pattern'" in done.err


@pytest.mark.parametrize("key", ["text", "pattern"])
def test_a_word_edge_that_yaml_made_a_backspace_is_told(tmp_path: Path, key: str) -> None:
    world = World(tmp_path, head=HEAD + f'forbid: [{{{key}: "\\bTODO\\b"}}]\n')
    world.bare_repo("api")
    done = world.run("validate")
    said = rf"forbid.{key}: '\b' between double quotes is a backspace; write '\\b', or use single quotes"
    assert (done.code, f"inventory.yaml:3: {said}" in done.err) == (64, True), done.err


def test_a_budget_counts_tokens_each_import_once_and_nothing_outside_of_the_target(tmp_path: Path) -> None:
    rule = "{name: session, files: [CLAUDE.md, '.claude/rules/*.md'], follow: imports, max_tokens: 23}"
    world = World(tmp_path, head=HEAD + f"budgets: [{rule}]\n")
    world.bare_repo(
        "api", {"docs/part.md": "é" * 10 + "\n@../CLAUDE.md\n", ".claude/rules/a.md": "@../../docs/part.md\n"}
    )
    world.template("project/CLAUDE.md", "@docs/part.md\n`@docs/no.md`\n@~/own.md\n")
    world.tail = "files: {CLAUDE.md: {allow: [imports]}}\n"
    planned = world.run("plan", "--json").json["targets"][0]
    (budget,) = planned["budgets"]
    assert [part["path"] for part in budget["parts"]] == ["CLAUDE.md", ".claude/rules/a.md", "docs/part.md"]
    size = len("@docs/part.md\n`@docs/no.md`\n@~/own.md\n@../../docs/part.md\n\n@../CLAUDE.md\n") + 20
    assert (budget["tokens"], planned["state"]) == (-(-size // 4), "blocked")
    assert "budget session: about 24 of 23 tokens" in planned["reason"]
