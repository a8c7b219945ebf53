"""`rollout report` of a commit that waits: declined, in the middle of a push, or left by a run that was killed."""

from __future__ import annotations

from pathlib import Path

from tests.cli.test_report import sections
from tests.machine.test_locks import Slow, until
from tests.world import World


def declining(bare: Path, words: str) -> None:
    hook = bare / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\necho '{words}' >&2\nexit 1\n")
    hook.chmod(0o755)


def waiting(world: World) -> str:
    """Return the short id of the commit that waits."""
    target = world.run("status", "--json", write=False).json["targets"][0]
    assert target["state"] == "ready-to-push"
    return str(target["commit"])[:7]


def test_what_was_pushed_and_what_was_declined_since_are_told_apart(world: World) -> None:
    bare = world.bare_repo("api")
    world.run("apply", "--yes")
    world.template("project/conf.txt.j2", "changed\n")
    declining(bare, "policy 7")
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "rejected"}
    report = sections(world.run("report").out)
    assert report["Git Commits"].split("\n\n---")[0].strip() == (
        f"**api:**\n- Commit: `{world.tip('api')[:7]}` on `main`\n- Status: ✅ Pushed\n"
        f"- Commit: `{waiting(world)}` on `main`\n"
        "- Status: ⏳ Ready to push (last run rejected: policy 7; pre-receive hook declined)"
    )
    assert report["Next Steps"].strip() == (
        "1. ⏳ api - ready-to-push: rollout's commit is not upstream yet; "
        "last run rejected: policy 7; pre-receive hook declined"
    )
    page = world.run("report", "--format", "html").out
    assert (waiting(world) in page, "last run rejected: policy 7" in page) == (True, True)


def test_a_declined_commit_is_told_although_nothing_was_pushed_before(world: World) -> None:
    declining(world.bare_repo("api"), "policy 7")
    world.bare_repo("web")
    world.run("apply", "--yes")
    commits = sections(world.run("report").out)["Git Commits"]
    assert f"**api:**\n- Commit: `{waiting(world)}` on `main`\n- Status: ⏳ Ready to push (last run rej" in commits
    assert f"**web:**\n- Commit: `{world.tip('web')[:7]}` on `main`\n- Status: ✅ Pushed" in commits


def test_a_commit_that_was_made_anew_replaces_the_one_that_waited(world: World) -> None:
    bare = world.bare_repo("api")
    world.run("apply", "--yes", "--no-push")
    replaced = waiting(world)
    assert "- Status: ⏳ Ready to push\n" in sections(world.run("report").out)["Git Commits"]
    world.template("project/conf.txt.j2", "changed\n")
    declining(bare, "policy 7")
    world.run("apply", "--yes")
    commits = sections(world.run("report").out)["Git Commits"]
    assert (waiting(world) in commits, replaced in commits, "✅ Pushed" in commits) == (True, False, False)


def test_a_commit_that_was_overtaken_while_it_waited_is_told_until_a_run_goes_well(world: World) -> None:
    world.repo("api")
    world.run("apply", "--yes")
    world.template("project/conf.txt.j2", "changed\n")
    world.run("apply", "--yes", "--no-push")
    world.elsewhere("api", {"conf.txt": "theirs\n"})
    assert world.run("push", "--yes", "--json").outcomes() == {"api": "stale"}
    stale = "last run stale: conf.txt: changed by"
    for command in ("status", "report"):
        told = world.run(command).out
        assert (stale in told, "since the commit that waits was made" in told) == (True, True), told
    commits = sections(world.run("report").out)["Git Commits"]
    assert ("Ready to push" in commits, "- Status: ❌ Not pushed\n" in commits) == (False, True)
    assert world.run("apply", "--yes", "--on-drift", "overwrite").code == 0
    assert stale not in world.run("status").out


def test_a_commit_of_a_killed_run_that_arrived_is_told_as_pushed(world: World) -> None:
    slow = Slow(world)
    slow.release.touch()
    world.run("apply", "--yes")
    first = world.tip("api")
    slow.release.unlink()
    slow.started.unlink()
    world.template("project/conf.txt.j2", "changed\n")
    process = world.spawn("apply", "--yes")
    slow.begun()
    process.kill()
    slow.release.touch()
    process.communicate()
    until(lambda: world.tip("api") != first)
    world.run("status", "--fetch")
    commits = sections(world.run("report").out)["Git Commits"]
    assert f"`{first[:7]}` on `main`\n- Status: ✅ Pushed\n- Commit: `{world.tip('api')[:7]}` on `main`" in commits
    assert "- Status: ✅ Pushed since" in commits


def test_a_commit_in_the_middle_of_its_push_and_after_a_kill_waits(world: World) -> None:
    slow = Slow(world)
    world.inventory()
    process = world.spawn_as_it_is("apply", "--yes")
    try:
        slow.begun()
        report = sections(world.run("report", write=False).out)
        said = f"**api:**\n- Commit: `{waiting(world)}` on `main`\n- Status: ⏳ Ready to push\n"
        assert said in report["Git Commits"]
        assert "is at work on it" in report["Next Steps"]
        process.kill()
        process.communicate()
        assert said in sections(world.run("report", write=False).out)["Git Commits"]
        first = world.tip("api")
        slow.release.touch()
        until(lambda: world.tip("api") != first)
    finally:
        slow.release.touch()
        process.communicate()


def test_a_run_that_ends_while_the_report_looks_is_in_it(world: World) -> None:
    world.bare_repo("api")
    world.run("apply", "--yes")
    world.template("project/conf.txt.j2", "changed\n")
    taken, looking, end = (world.root / name for name in ("taken", "looking", "end"))
    slow = world.root / "slow"
    slow.write_text(f"#!/bin/sh\nmkdir {taken} 2>&- || exit 0\n>{looking}\nwhile [ ! -e {end} ]; do sleep 0.05; done\n")
    slow.chmod(0o755)
    world.tail = f'files:\n  conf.txt: {{check: "{slow} {{path}}"}}\n'
    process = world.spawn("report")
    try:
        until(looking.exists)
        assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    finally:
        end.touch()
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert f"- Commit: `{world.tip('api')[:7]}` on `main`\n- Status: ✅ Pushed" in sections(out)["Git Commits"]
    assert "newest" not in out
