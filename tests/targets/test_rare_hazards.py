"""What rarely goes wrong, and must not go wrong badly: twins in the inventory, closed pipes, left-over clones."""

from __future__ import annotations

import subprocess
import sys

from tests.world import Ran, World


def test_one_repository_under_two_names_is_blocked_under_both(world: World) -> None:
    world.repo("api")
    world.entries["again"] = f"{{url: {world.root}/api.git/}}"
    world.repo("web")
    tip = world.tip("api")
    applied = world.run("apply", "--yes", "--json")
    assert (applied.code, applied.outcomes()) == (3, {"api": "blocked", "again": "blocked", "web": "pushed"})
    assert "same branch of the same repository as again" in applied.reasons()["api"]
    assert world.tip("api") == tip
    world.git("api.git", "branch", "other", "main")
    world.entries["again"] = f"{{url: {world.root}/api.git, branch: other}}"
    assert set(world.run("apply", "--yes", "--json").outcomes().values()) == {"pushed", "unchanged"}


def test_a_reader_that_stops_reading_does_not_stop_the_work(world: World) -> None:
    for number in range(4):
        world.bare_repo(f"r{number}")
    process = world.spawn("apply", "--yes", "--json")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 0
    assert "Traceback" not in errors
    assert all(world.at(f"r{number}", "conf.txt") for number in range(4))
    assert set(world.run("status", "--json").states().values()) == {"in-sync"}


def test_what_an_interrupted_clone_left_is_cleared_and_the_clone_is_whole(world: World) -> None:
    bare = world.remote("api")
    world.entries["api"] = f"{{path: api, url: {bare}}}"
    world.write("api.rollout-clone.99999999", {"half": "x\n"})
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert (world.root / "api/conf.txt").read_text() == "hello world\n"
    assert not list(world.root.glob("api.rollout-clone.*"))


def test_attributes_that_change_with_the_move_count_as_upstream_has_them(world: World) -> None:
    top = world.repo("api", {"a.txt": "a\nb\n"})
    world.elsewhere("api", {".gitattributes": "*.txt text eol=crlf\n", "a.txt": "a\nB\n"})
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert (top / "conf.txt").read_bytes() == b"hello world\r\n"
    assert (top / "a.txt").read_bytes() == b"a\r\nB\r\n"
    assert world.git(top, "status", "--porcelain") == ""


def test_unmerged_entries_keep_the_checkout_where_it_is(world: World) -> None:
    top = world.repo("api", {"conf.txt": "base\n"})
    world.git(top, "checkout", "-q", "-b", "side")
    world.commit(top, {"conf.txt": "side\n"})
    world.git(top, "checkout", "-q", "main")
    world.commit(top, {"conf.txt": "main\n"}, push=True)
    world.git(top, "merge", "side", ok=False)
    (top / ".git/MERGE_HEAD").unlink()
    before = world.git(top, "ls-files", "-s", "-u"), (top / "conf.txt").read_bytes()
    applied = world.run("apply", "--yes", "--adopt", "--json")
    assert applied.outcomes() == {"api": "pushed"}
    assert "checkout left as it is" in applied.reasons()["api"]
    assert (world.git(top, "ls-files", "-s", "-u"), (top / "conf.txt").read_bytes()) == before


def test_an_index_with_extensions_stays_valid(world: World) -> None:
    top = world.repo("api", {"README.md": "x\n", "a/b.txt": "b\n"})
    for setting in ("core.splitIndex", "core.untrackedCache"):
        world.git(top, "config", setting, "true")
    world.git(top, "update-index", "--split-index")
    world.git(top, "status")
    world.write(top, {"README.md": "mine\n"})
    world.git(top, "add", "README.md")
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert world.git(top, "status", "--porcelain").split() == ["M", "README.md"]
    world.git(top, "fsck")


def test_names_that_are_sql_are_only_names(world: World) -> None:
    world.template("project/x'; DROP TABLE run;--.txt", "x\n")
    world.bare_repo("api")
    assert world.run("apply", "--yes", "--message", "'); DELETE FROM outcome;--").code == 0
    assert world.run("history", "--json").json["runs"][0]["outcomes"][0]["outcome"] == "pushed"


def test_as_many_targets_are_worked_on_at_once_as_files_may_be_open(world: World) -> None:
    for number in range(8):
        world.repo(f"r{number}")
    world.inventory()
    limit = 'ulimit -n 56; exec "$@"'
    command = ["sh", "-c", limit, "sh", sys.executable, "-m", "rollout", "apply", "--yes", "--json", "--jobs", "256"]
    done = subprocess.run(command, cwd=world.root, capture_output=True, text=True, check=False, timeout=120)
    ran = Ran(done.returncode, done.stdout, done.stderr)
    assert (ran.code, set(ran.reasons().values()), ran.err) == (0, {""}, "")
    assert all((world.root / f"r{number}/conf.txt").exists() for number in range(8))


def test_a_program_that_asks_for_the_status_all_the_time_does_not_keep_a_checkout_back(world: World) -> None:
    top = world.repo("api", {f"{number}.txt": "x\n" for number in range(20)})
    script = "while [ ! -e ../stop ]; do git status --porcelain >/dev/null || echo failed; sleep 0.1; done"
    editor = subprocess.Popen(["sh", "-c", script], cwd=top, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        for number in range(3):
            world.head = f"version: 1\nvars: {{who: moon {number}}}\n"
            for _ in range(20):
                assert world.run("apply", "--yes", "--json").code == 0
                if (top / "conf.txt").exists() and (top / "conf.txt").read_text() == f"hello moon {number}\n":
                    break
            assert (top / "conf.txt").read_text() == f"hello moon {number}\n"
    finally:
        (world.root / "stop").touch()
        said, _ = editor.communicate(timeout=60)
    assert said == b""
    assert world.git(top, "status", "--porcelain") == ""
