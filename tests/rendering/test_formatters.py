"""Formatters of the inventory: what they print is desired, and where they do not, the file is blocked."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from msgspec import structs

from rollout.machine.commands import Bounds
from rollout.model.files import Desired, Managed
from rollout.model.inventory import FileRule, Mode
from rollout.rendering import sealed
from rollout.rendering.checks import FileChecks
from rollout.rendering.formatters import Formatters
from tests.world import World


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLOUT_STATE_DIR", str(tmp_path / "state"))


def managed(command: str | None, body: bytes = b"b\na\n", mode: Mode = Mode.WHOLE, **rule: int) -> Managed:
    return Managed(PurePosixPath("docs/a.md"), mode, body, False, FileRule(mode, formatter=command, **rule), "s", "")  # type: ignore[arg-type]  # max_chars alone


def formatted(item: Managed) -> bytes | str:
    found = Formatters().over(Desired((item,)))
    return found.problems[0].told if found.problems else found.managed[0].body


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (managed("sort"), b"a\nb\n"),
        (managed("sort", mode=Mode.BLOCK), b"a\nb\n"),
        (managed("echo {path}"), b"docs/a.md\n"),
        (managed(None), b"b\na\n"),
        (managed("no-such-formatter"), "docs/a.md: its formatter cannot run: no-such-formatter is not installed"),
        (
            managed("sh -c 'echo no >&2; exit 3'"),
            "docs/a.md: formatter failed (exit 3): sh -c 'echo no >&2; exit 3': no",
        ),
        (managed("sh -c 'exit 3' {path}"), "docs/a.md: formatter failed (exit 3): sh -c 'exit 3' docs/a.md"),
        (managed("true"), "docs/a.md: its formatter printed nothing: true"),
        (managed("sort", max_chars=2), "docs/a.md: has 4 characters; max_chars is 2"),
    ],
)
def test_what_a_formatter_prints_is_desired(item: Managed, expected: bytes | str) -> None:
    assert formatted(item) == expected


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("sort", b"a: 1\nb: 2\n"),
        ("no-such-formatter", "x.yaml: its formatter cannot run: no-such-formatter is not installed"),
        ("tr : {", "x.yaml: its formatter: templates/s/x.yaml: line 1: "),
    ],
)
def test_what_a_formatter_prints_of_a_merged_template_is_merged(command: str, expected: bytes | str) -> None:
    rule = FileRule(Mode.MERGE, formatter=command)
    found = formatted(Managed(PurePosixPath("x.yaml"), Mode.MERGE, b"b: 2\na: 1\n", False, rule, "s", "s/x.yaml"))
    assert found == expected if isinstance(expected, bytes) else str(found).startswith(expected), found


def test_a_check_that_fails_is_told_as_it_ran_by_the_files_own_name() -> None:
    broken = Managed(
        PurePosixPath("bin/a.sh"), Mode.WHOLE, b"if\n", False, FileRule(Mode.WHOLE, check="bash -n {path}"), "s", ""
    )
    told = FileChecks().over(Desired((broken,))).problems[0].told
    assert told.startswith("bin/a.sh: check failed (exit 2): bash -n a.sh: a.sh: line 2: syntax error")
    silent = structs.replace(broken, rule=FileRule(Mode.WHOLE, check="test -d {path}"))
    assert FileChecks().over(Desired((silent,))).problems[0].told == "bin/a.sh: check failed (exit 1): test -d a.sh"


def test_time_and_output_are_bounded_also_of_what_a_command_starts(tmp_path: Path) -> None:
    with pytest.raises(sealed.NotRun, match="took more than"):
        sealed.run("sh -c 'sleep 60 & sleep 60'", "a", str(tmp_path), bounds=Bounds(seconds=0.3))
    with pytest.raises(sealed.NotRun, match="prints more than"):
        sealed.run("yes", "a", str(tmp_path), bounds=Bounds(bytes=1000))


def test_one_text_is_formatted_for_one_target_and_not_for_each(tmp_path: Path) -> None:
    command = f"sh -c 'echo x >> {tmp_path}/runs; cat'"
    formatters = Formatters()
    for _ in range(3):
        assert not formatters.over(Desired((managed(command),))).problems
    assert (tmp_path / "runs").read_text() == "x\nx\n"  # twice, to see that it prints the same


def test_a_check_sees_what_the_formatter_printed() -> None:
    rule = FileRule(formatter="sort", check="grep -z a.b {path}")
    item = Managed(PurePosixPath("a"), Mode.WHOLE, b"b\na\n", False, rule, "s", "")
    assert FileChecks().over(Desired((item,))).problems
    assert not FileChecks().over(Formatters().over(Desired((item,)))).problems


def test_formatted_files_reach_their_targets_and_stay_in_sync(world: World) -> None:
    world.tail = "files:\n  conf.txt: {formatter: sort}\n  b.md: {formatter: sort, mode: block}\n"
    world.template("project/conf.txt.j2", "b\na\n")
    world.template("project/b.md.j2", "b\na\n")
    world.repo("api")
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert (world.at("api", "conf.txt"), str(world.at("api", "b.md")).splitlines()[1:3]) == ("a\nb\n", ["a", "b"])
    assert world.run("verify").code == 0
    world.tail = world.tail.replace("sort,", "no-such-formatter,")
    assert world.run("plan", "--json").states() == {"api": "blocked"}


def test_a_formatter_that_prints_something_else_each_time_blocks_its_file() -> None:
    assert formatted(managed("mktemp -u")) == "docs/a.md: its formatter prints something else each time: mktemp -u"


def test_a_formatter_is_run_twice_only_for_what_it_has_not_printed_before(tmp_path: Path) -> None:
    """A new version of it may print something else than before, and then the same each time."""
    said, runs = tmp_path / "said", tmp_path / "runs"
    item = managed(f"sh -c 'echo >> {runs}; cat {said}'")
    for text, number in (("one\n", 2), ("one\n", 3), ("two\n", 5), ("one\n", 6)):
        said.write_text(text)
        assert (formatted(item), len(runs.read_text())) == (text.encode(), number)


def test_an_unsettled_formatter_makes_no_commit(world: World) -> None:
    world.bare_repo("api")
    world.tail = "files: {conf.txt: {formatter: mktemp -u}}\n"
    before = world.tip("api")
    ran = world.run("apply", "--yes", "--json")
    assert (ran.code, world.tip("api") == before) == (3, True)
    assert "prints something else each time" in ran.reasons()["api"]
