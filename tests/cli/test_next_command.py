"""The next command stands at the end, works as it is printed, and who follows it gets there."""

from __future__ import annotations

import shlex
from collections.abc import Callable

from tests.first_rows import first_rows
from tests.terminal import Talk
from tests.world import World


def following(world: World, *command: str, proving: bool = False) -> list[str]:
    """Run a command on a terminal, then whatever it names as the next one, and so on; return what was named.

    The proof at the end takes its time, and is run where it is asked for.
    """
    ran: list[str] = []
    while command:
        if ran and command[0] == "verify" and not proving:
            return [*ran, " ".join(command)]
        ran.append(" ".join(command))
        assert len(ran) < 6, ran
        talk = Talk(world, *command)
        assert talk.agreeing() in {0, 2, 3, 4}, (ran, talk.shown)
        last = talk.lines[-2]
        command = tuple(shlex.split(last.removeprefix("Next: rollout "))) if last.startswith("Next: ") else ()
    return ran


def new(world: World) -> None:
    world.repo("api")


def theirs(world: World) -> None:
    world.bare_repo("api", {"conf.txt": "theirs\n"})


def drifted(world: World) -> None:
    """Let others change one end of a file, and the template the other."""
    world.template("project/conf.txt.j2", "one\ntwo\nthree\n")
    world.bare_repo("api")
    world.run("apply", "--yes")
    world.elsewhere("api", {"conf.txt": "ONE\ntwo\nthree\n"})
    world.template("project/conf.txt.j2", "one\ntwo\nTHREE\n")


def met(world: World) -> None:
    """Let others change what the template changes."""
    drifted(world)
    world.template("project/conf.txt.j2", "eins\ntwo\nthree\n")


def waiting(world: World) -> None:
    world.repo("api")
    world.run("apply", "--yes", "--no-push")


def left_behind(world: World) -> None:
    world.repo("api")
    world.run("apply", "--yes")
    world.git("api", "reset", "-q", "--hard", "HEAD~1")


def done(world: World) -> None:
    world.bare_repo("api")
    world.run("apply", "--yes")


def alone(world: World) -> None:
    world.repo("api")
    world.git("api", "remote", "remove", "origin")


def with_variables(world: World) -> None:
    world.bare_repo("api")
    world.bare_repo("web")


@first_rows(10,
    ("prepare", "commands"),
    [
        (new, ["plan", "apply", "verify"]),
        (new, ["status --fetch", "plan", "apply", "verify"]),
        (new, ["apply --no-push", "push", "verify"]),
        (new, ["apply --offline", "push", "verify"]),
        (theirs, ["plan", "apply --adopt", "verify"]),
        (met, ["status --fetch", "diff --base"]),
        (met, ["apply --yes", "diff --base"]),
        (waiting, ["status", "push", "verify"]),
        (left_behind, ["plan", "apply"]),
        (done, ["plan"]),
        (done, ["status"]),
        (done, ["apply --yes"]),
        (alone, ["apply", "verify"]),
        (with_variables, ["plan --limit a* --var who=you", "apply --limit a* --var who=you",
                          "verify --limit a* --var who=you"]),
        (with_variables, ["plan --hostname other api", "apply --limit api --hostname other",
                          "verify --limit api --hostname other"]),
    ],
)  # fmt: skip
def test_who_follows_the_next_command_gets_there(
    world: World, prepare: Callable[[World], None], commands: list[str]
) -> None:
    prepare(world)
    assert following(world, *shlex.split(commands[0])) == commands


def test_who_is_told_to_apply_is_asked_about_drift_and_gets_there(world: World) -> None:
    drifted(world)
    planned = Talk(world, "plan")
    assert (planned.through([]), planned.lines[-2]) == (0, "Next: rollout apply"), planned.shown
    asked = Talk(world, "apply")
    assert asked.through(["m\n", "y\n"]) == 0, asked.shown
    assert asked.lines[-2] == "Next: rollout verify"


def test_a_proof_that_failed_leads_to_one_that_does_not(world: World) -> None:
    world.bare_repo("api")
    assert following(world, "verify", proving=True) == ["verify", "plan", "apply", "verify"]


def test_a_run_that_was_declined_or_failed_is_tried_again(world: World) -> None:
    world.repo("api")
    hook = world.root / "api.git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    assert world.run("apply", "--yes").out.splitlines()[-1] == "Next: rollout push"
    hook.unlink()
    assert following(world, "push") == ["push", "verify"]


def test_a_saved_plan_is_the_next_command(world: World) -> None:
    world.bare_repo("api")
    assert following(world, "plan", "--out", "a b.plan") == ["plan --out a b.plan", "apply a b.plan", "verify"]


def test_after_a_revert_the_last_line_says_how_the_hold_ends(world: World) -> None:
    done(world)
    run = world.last_run()
    ran = world.run("revert", run, "--yes")
    *_, summary, last = ran.out.splitlines()
    assert summary == "  pushed: api"
    assert last == "On hold until their templates change: api; rollout apply --release writes what they say."
    assert following(world, "apply", "--release") == ["apply --release", "verify"]
    back = world.last_run()
    assert world.run("revert", back, "--yes", "--no-push").out.splitlines()[-2] == "Next: rollout push"


def test_the_next_command_works_where_it_is_printed_for_another_inventory(world: World) -> None:
    world.repo("api")
    there = World(world.root / "a place")
    there.root.mkdir()
    world.inventory().rename(there.root / "inventory.yaml")
    (world.root / "templates").rename(there.root / "templates")
    for name in ("api", "api.git"):
        (world.root / name).rename(there.root / name)
    world.git("a place/api", "remote", "set-url", "origin", str(there.root / "api.git"))
    ran = world.run("plan", "-i", "a place/inventory.yaml", write=False)
    last = ran.out.splitlines()[-1]
    assert last == "Next: rollout apply -i 'a place/inventory.yaml'"
    again = world.run(*shlex.split(last.removeprefix("Next: rollout ")), "--yes", write=False)
    assert again.outcomes if again.code == 0 else again.err == ""
    assert "pushed: api" in again.out


def test_where_something_was_proposed_no_proof_comes_next(world: World) -> None:
    world.bare_repo("api")
    world.repo("web", extra=", deliver: review")
    ran = world.run("apply", "--yes")
    assert (ran.code, "1 pushed, 1 proposed" in ran.out, "rollout verify" in ran.out) == (0, True, False), ran.out
