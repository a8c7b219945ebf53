"""Nothing is said in one place and hidden in another: reasons, orphans, summaries, what is at work."""

from __future__ import annotations

import ast
import re
import socket
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

import click
import pytest
from msgspec.structs import replace

import rollout
from rollout.cli.main import rollout as program
from rollout.model.inventory import Branch
from rollout.model.outcomes import LastOutcome, Outcome, Verdict
from rollout.model.plan import Plan, State, Step
from rollout.model.reasons import Reason, files, said, whole
from rollout.planning.writable import reasons_of
from rollout.safety.shown import ago
from rollout.showing import plans
from rollout.showing.display import Display
from rollout.showing.outcomes import outcomes_text
from rollout.showing.status import Knowledge, status_text
from rollout.showing.status_rows import Recorded, rows
from tests.world import World

NOW = "2026-02-03T15:20:00Z"


def unpainted(text: str, _style: str) -> str:
    return text


SHORT = Display(unpainted)
WHOLE = Display(unpainted, whole=True)


def step(name: str, state: State = State.IN_SYNC, reason: str = "") -> Step:
    return Step(name, Branch("https://example.org/x", "origin", "main", None), state, said(reason), "0" * 40)


def test_an_orphan_is_shown_though_nothing_else_is_to_be_done(world: World) -> None:
    world.bare_repo("api")
    world.bare_repo("web")
    world.template("project/old.txt", "old\n")
    world.run("apply", "--yes")
    (world.root / "templates/project/old.txt").unlink()
    said = {command: world.run(*command.split()) for command in ("plan", "status", "apply --yes", "verify")}
    shown = [command for command, ran in said.items() if "old.txt  no template names it any more" in ran.out]
    assert shown == list(said)
    assert said["verify"].out.count("old.txt") == 1  # once for both
    assert world.run("status", "--json").json["targets"][0]["orphans"] == ["old.txt"]


def test_what_went_wrong_stays_in_status_until_a_run_went_well(world: World) -> None:
    world.bare_repo("api")
    hook = world.root / "api.git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho not on a Friday >&2\nexit 1\n")
    hook.chmod(0o755)
    world.run("apply", "--yes")
    status = world.run("status")
    assert "last run rejected: not on a Friday" in status.out
    assert "not on a Friday" in world.run("status", "--json").json["targets"][0]["last_reason"]
    hook.unlink()
    world.run("apply", "--yes")
    assert "Friday" not in world.run("status").out


def test_the_last_run_is_the_last_change(world: World) -> None:
    world.bare_repo("api")
    assert "never" in world.run("status", "--fetch").out
    world.run("apply", "--yes")
    changed = world.run("status", "--json").json["targets"][0]["last_changed_at"]
    world.run("apply", "--yes")
    target = world.run("status", "--json").json["targets"][0]
    assert (target["last_changed_at"], target["last_outcome"]) == (changed, "unchanged")
    assert "pushed just now" in world.run("status").out


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ("2026-02-03T15:19:30Z", "just now"),
        ("2026-02-03T15:19:00.000001Z", "just now"),
        ("2026-02-03T15:18:00Z", "2 min ago"),
        ("2026-02-03T14:00:00Z", "1 h ago"),
        ("2026-01-31T14:00:00Z", "3 d ago"),
        ("2025-01-31T14:00:00Z", "2025-01-31"),
        ("2026-02-04T14:00:00Z", "2026-02-04"),
    ],
)
def test_times_are_told_as_people_tell_them(then: str, said: str) -> None:
    assert ago(then, NOW) == said


def test_a_state_that_gives_the_reason_of_the_last_run_gives_it_once() -> None:
    last = LastOutcome(Verdict.FAILED, "unreachable: no route", None, "run", NOW)
    plan = Plan("", NOW, (step("api", State.UNREACHABLE, "no route"), step("web"), step("db")))
    unchanged = LastOutcome(Verdict.UNCHANGED, "x", None, "run", NOW)
    found = rows(plan, Recorded({"api": last, "web": last, "db": unchanged}), reasons_of)
    assert [row.trouble for row in found] == [None, "last run failed: unreachable: no route", None]


def test_git_and_the_ledger_are_not_compared_while_something_is_on_its_way_between_them() -> None:
    last = {"api": LastOutcome(Verdict.PUSHED, "", "b" * 40, "run", "2026-02-03T15:20:00.500000Z")}
    plan = Plan("", NOW, (replace(step("api"), commit="a" * 40),))
    said = "upstream's newest rollout commit is not the one that run run pushed"
    for recorded, disagrees in (
        (Recorded(last), said),
        (Recorded(last, since="2026-02-03T15:20:00.600000Z"), said),
        (Recorded(last, since="2026-02-03T15:20:00.400000Z"), None),
        (Recorded(last, at_work=True), None),
    ):
        assert rows(plan, recorded, reasons_of)[0].disagrees == disagrees


def test_a_reason_names_every_file_when_asked_for() -> None:
    why = Reason((files((PurePosixPath(name), "others changed it") for name in "abc"),))
    drifted = replace(step("api", State.DRIFT), why=why)
    assert rows(Plan("", NOW, (drifted,)), Recorded({}), reasons_of)[0].reason == "a: others changed it (and 2 more)"
    (row,) = rows(Plan("", NOW, (drifted,)), Recorded({}), reasons_of, whole)
    assert row.reason == "a: others changed it; b: others changed it; c: others changed it"


def test_after_asking_nobody_is_told_to_ask() -> None:
    found = rows(Plan("", NOW, (step("api"),)), Recorded({}), reasons_of)
    for when in (None, 1.0):
        assert "--fetch" not in status_text(found, Knowledge(NOW, when, True), SHORT)
        assert "rollout status --fetch" in status_text(found, Knowledge(NOW, when), SHORT)


def test_a_plan_ends_in_what_it_comes_to_and_verbose_shortens_nothing() -> None:
    plan = Plan("", NOW, tuple(step(f"t{number}", State.BLOCKED, "one bad line") for number in range(200)))
    ending = plans.ending(plan.steps, SHORT, "rollout apply").splitlines()
    assert ending == ["Plan for 200 targets: 200 blocked.", "Next: rollout apply"]
    short = plans.plan_text(plan, SHORT, with_diff=True).splitlines()
    assert "and 194 more (-v names them)" in short[0]
    assert sum("one bad line" in line for line in short) == 1
    whole = plans.plan_text(plan, WHOLE, with_diff=True)
    assert "t199" in whole
    assert "more" not in whole


def test_a_plan_names_the_orphans_of_each_target_not_of_the_first_alone() -> None:
    orphaned = [replace(step(name), orphans=(PurePosixPath(f"{path}.txt"),)) for name, path in ("ax", "by", "cx")]
    shown = plans.plan_text(Plan("", NOW, tuple(orphaned)), SHORT, with_diff=False)
    assert [line.split(":")[0] for line in shown.splitlines() if "in-sync" in line] == ["a, c", "b (main)"]
    assert [shown.count(f"{path}.txt") for path in "xy"] == [1, 1]


def test_what_a_reason_leaves_out_it_says_how_to_see(world: World) -> None:
    for name in "abc":
        world.template(f"project/{name}.txt", f"{name}\n")
    world.bare_repo("api")
    world.run("apply", "--yes")
    world.elsewhere("api", dict.fromkeys(("a.txt", "b.txt", "c.txt"), "theirs\n"))
    said = {command: world.run(*command.split()).out for command in ("status --fetch", "plan --no-diff", "apply --yes")}
    assert [said for said in said.values() if "(and 2 more; -v names them)" not in said] == []
    for command in ("status --fetch", "plan --no-diff"):
        whole = world.run(*command.split(), "-v").out
        assert ("more" in whole, *(f"{name}.txt: changed by" in whole for name in "abc")) == (False, True, True, True)
    assert world.run("status", "--json").json["targets"][0]["reason"].count("(and 2 more)") == 1
    assert "-v" not in world.run("report", "--format", "html").out.split("<main")[1]


def test_outcomes_are_named_in_full_when_asked_for() -> None:
    outcomes = [Outcome(f"t{number}", Verdict.PUSHED) for number in range(20)]
    assert "t19" not in outcomes_text(outcomes, SHORT)
    assert "t19" in outcomes_text(outcomes, WHOLE)


def test_plan_names_the_next_command_with_what_it_was_told(world: World) -> None:
    world.bare_repo("api", {"conf.txt": "theirs\n"})
    assert world.run("plan").out.splitlines()[-1] == "Next: rollout apply --adopt"
    some = world.run("plan", "--limit", "a*", "--adopt")
    assert some.out.splitlines()[-1] == "Next: rollout apply --adopt --limit 'a*'"
    world.run("apply", "--yes", "--adopt", "--no-push")
    assert world.run("plan").out.splitlines()[-1] == "Next: rollout push"
    world.run("push", "--yes")
    assert "Next" not in world.run("plan").out


def test_one_bad_line_is_told_once_for_all_targets(world: World) -> None:
    for name in ("api", "web", "db"):
        world.entries[name] = f"{{url: /nowhere/{name}.git}}"
    world.template("project/conf.txt.j2", "{{ missing }}\n")
    assert world.run("validate").err.count("'missing' is undefined") == 1


def test_the_report_of_a_repository_without_remote_does_not_contradict_itself(world: World) -> None:
    world.repo("api")
    world.git("api", "remote", "remove", "origin")
    world.run("apply", "--yes")
    report = world.run("report").out
    assert "Ready to push" not in report
    assert "✅ Pushed" not in report
    assert report.count("✅ Committed, no remote") == 2


def test_a_run_that_is_at_work_is_not_called_interrupted(world: World) -> None:
    world.bare_repo("api")
    started = world.root / "started"
    hook = world.root / "api.git/hooks/pre-receive"
    hook.write_text(f"#!/bin/sh\ntouch {started}\ncat >/dev/null\nwhile test -e {started}; do sleep 0.05; done\n")
    hook.chmod(0o755)
    process = world.spawn("apply", "--yes")
    try:
        while not started.exists():
            assert process.poll() is None
        assert " at work " in world.run("history", write=False).out
        (found,) = world.run("history", "--json", write=False).json["runs"]
        assert (found["at_work"], found["exit_code"]) == (True, None)
    finally:
        started.unlink(missing_ok=True)
        process.communicate(timeout=60)
    assert "at work" not in world.run("history", write=False).out
    assert socket.gethostname() not in world.run("history", write=False).out


# --- a message names only options that there are

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+(?!=%)\b")

PACKAGE = Path(rollout.__file__).parent

GITS = re.compile(r"\bgit (-C \S+ )?[a-z]")


def options(*names: str) -> set[str]:
    """Return the options of a command of the program."""
    command: click.Command | None = program
    for name in names:
        assert isinstance(command, click.Group), names
        command = command.get_command(click.Context(command), name)
    assert command is not None, names
    found = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    return found | {"--help"}


COMMON = options() - {"--version"}


@cache
def messages() -> tuple[tuple[str, str], ...]:
    """Return every sentence of the program in whose module an option or an installation is named, with the module."""
    return tuple(_messages())


def _messages() -> Iterator[tuple[str, str]]:
    for file in sorted(PACKAGE.rglob("*.py")):
        source = file.read_text()
        if "--" not in source and "pip install" not in source:
            continue  # to parse all takes seconds
        tree = ast.parse(source)
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        joined = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
        inside = {id(part) for node in joined for part in node.values}
        for node in ast.walk(tree):
            text = _text(node)
            if text is not None and id(node) not in docstrings | inside and re.search(r"[a-z] |; ", text):
                yield str(file.relative_to(PACKAGE)), text


def _text(node: object) -> str | None:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def commands_in(text: str) -> tuple[str, ...]:
    """Return the last command of the program that a text names."""
    found = re.findall(r"\brollout ((?:events )?[a-z]+)", text)
    return tuple(found[-1].split()) if found else ()


# A text of a module of one command, which no other command prints, may name that command's options without it.
OWN: dict[str, list[tuple[str, ...]]] = {
    "fleet/apply.py": [("apply",), ("push",)],
    "planning/writable.py": [("apply",), ("push",)],
    "model/causes.py": [("apply",), ("plan",)],
    "planning/review.py": [("apply",)],
    "cli/apply.py": [("apply",)],
    "cli/carry_out.py": [("apply",), ("push",), ("revert",)],
    "cli/diff_tool.py": [("diff",)],
    "cli/discover.py": [("discover",)],
    "cli/plan.py": [("plan",)],
    "cli/review.py": [("review",)],
    "cli/run_options.py": [("apply",)],
    "cli/session.py": [("apply",)],
    "fleet/reviews.py": [("review",)],
    "cli/status.py": [("status",)],
    "cli/take.py": [("take",)],
    "cli/watching.py": [("status",)],
    "fleet/take.py": [("apply",)],
    "fleet/waves.py": [("apply",)],
    "demo/story.py": [("demo",)],
    "objects/messages.py": [("apply",), ("push",), ("revert",)],
    "targets/branch/update_checkout.py": [("apply",)],
    "events/settings.py": [("events", "append")],
    "events/backfill.py": [("events", "backfill")],
    "events/retention.py": [("events", "purge")],
    "events/commands/resume.py": [("events", "resume")],
    "events/commands/verify.py": [("events", "verify")],
}


def test_a_message_names_only_options_that_the_command_has() -> None:
    wrong = []
    for module, text in messages():
        for found in OPTION.finditer(text):
            before = text[: found.start()]
            if GITS.search(before) or found[0] in COMMON:
                continue
            named = commands_in(before)
            allowed = [named] if named else OWN.get(module, [])
            if not allowed or not all(found[0] in options(*one) for one in allowed):
                wrong.append((module, found[0], text[:100]))
    assert wrong == []


def test_what_is_to_be_installed_is_ours() -> None:
    texts = [text for _, text in messages()]
    texts += [file.read_text() for file in (PACKAGE.parent / "docs").glob("*.md")]
    texts += [(PACKAGE.parent / name).read_text() for name in ("README.md", "CHANGELOG.md")]
    named = [name for text in texts for name in re.findall(r"pip install ['\"]?([\w.-]+)", text)]
    assert named
    assert set(named) == {"git-rollout"}


def test_the_distribution_is_ours_and_git_finds_the_program() -> None:
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["project"]
    assert project["name"] == "git-rollout"
    assert project["scripts"] == dict.fromkeys(("rollout", "git-rollout"), "rollout.cli.main:main")


def test_a_plan_of_blocked_targets_says_what_is_blocked_and_no_more(world: World) -> None:
    world.template("project/conf.txt.j2", "{{ nobody }}\n")
    world.template("project/a.txt", "a\n")
    for name in ("api", "web"):
        world.bare_repo(name)
    assert world.run("plan").out.splitlines()[-1] == "Plan for 2 targets: 2 blocked (2 to create)."
    world.entries["web"] = world.entries["web"].replace("}", ", vars: {nobody: me}}")
    ending = world.run("plan").out.splitlines()[-2]
    assert ending == "Plan for 2 targets: 1 target with changes; 2 to create; 1 blocked (1 to create)."
