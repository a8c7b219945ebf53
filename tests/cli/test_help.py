"""The help: common options are told once, and examples stand under a heading of their own."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys

import click
import pytest

from rollout.cli import main
from rollout.cli.options import CommonOption
from rollout.events.cli import COMMANDS as EVENTS
from tests.world import World

_NAMES = [
    *((name,) for name in main._COMMANDS if name != "events"),
    *(("events", name) for name in EVENTS if name != "mcp"),
]


def said(*words: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main._ended(list(words)) == 0
    return out.getvalue()


@pytest.mark.parametrize("words", _NAMES, ids=" ".join)
def test_each_help_has_examples_of_that_command_under_a_heading(words: tuple[str, ...]) -> None:
    text = said(*words, "--help")
    examples = text.partition("\n  Examples:\n")[2].partition("\nOptions:")[0].split("\n\n")[0].splitlines()
    assert examples
    assert any(" ".join(["rollout", *words]) in line for line in examples)
    assert all(line.startswith("    ") for line in examples)


def test_common_options_are_told_in_one_place_only() -> None:
    common = [one.opts[-1] for one in main.rollout.params if isinstance(one, CommonOption)]
    assert len(common) > 10
    told = said("help", "options")
    assert [name for name in common if f"{name} " in told or f"{name}\n" in told] == common
    for command in ("plan", "status", "init"):
        text = said(command, "--help")
        assert "rollout help options" in text
        assert not [
            name for name in common if name in text.partition("\nOptions:")[2] and name not in {"--limit", "--json"}
        ]


def test_help_tells_the_same_as_the_option() -> None:
    assert said("help", "plan") == said("plan", "--help")
    assert said("help", "events", "append") == said("events", "append", "--help")
    assert said("help") == said("--help")


def test_help_of_a_misspelt_command_names_the_nearest(world: World) -> None:
    for words, meant in ((["plna"], "plan"), (["optoins"], "options"), (["events", "apend"], "append")):
        ran = world.run("help", *words)
        assert ran.code == 64
        assert f"did you mean {meant!r}?" in ran.err


def test_common_options_are_still_completed() -> None:
    command = main.rollout.get_command(click.Context(main.rollout), "plan")
    assert command is not None
    items = command.shell_complete(click.Context(command, info_name="plan"), "--li")
    assert [item.value for item in items] == ["--limit"]


def test_the_help_loads_nothing_of_what_commands_work_with() -> None:
    script = (
        "import sys; from rollout.cli import main; main._ended(['--help']);"
        "print(sorted(sys.modules.keys() & {'msgspec', 'jinja2', 'git', 'ruamel.yaml', 'rollout.model.inventory'}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n"), done.stdout


@pytest.mark.parametrize("words", [("events", "verify"), ("events",), ()])
def test_common_options_stand_where_they_like_also_for_the_event_store(world: World, words: tuple[str, ...]) -> None:
    """The inventory is asked for its event store, wherever it was named."""
    world.write("there", {"inventory.yaml": "version: 1\nevents: {database: 'no-such-scheme://x'}\n"})
    rest = ("events", "verify")[len(words) :]
    ran = world.run(*words, "--inventory", "there/inventory.yaml", *rest, write=False)
    assert "no event store is named" not in ran.err
    missing = world.run(*words, "-i", "nowhere.yaml", *rest, write=False)
    assert (missing.code, "nowhere.yaml: there is no inventory" in missing.err) == (64, True)


@pytest.mark.parametrize("words", [*_NAMES, ("events",), ("events", "mcp")], ids=" ".join)
def test_each_command_takes_the_common_options_behind_its_name(words: tuple[str, ...]) -> None:
    for one in main.rollout.params:
        if isinstance(one, CommonOption):
            value = {"var": ["k=v"], "jobs": ["2"], "color": ["never"]}.get(one.name or "", ["1"])
            for name in one.opts:
                assert said(*words, name, *([] if one.is_flag or one.count else value), "--help")


def test_completion_is_the_same_with_common_options() -> None:
    script = said("completion", "bash")
    assert said("completion", "bash", "-q", "--json", "--color", "never", "-i", "none.yaml") == script
    assert said("-q", "completion", "--no-pager", "bash") == script


def test_quiet_spares_progress_and_no_warning(world: World) -> None:
    world.bare_repo("api")
    world.head += "machines: {here: {hostnames: [x], default: true}}\n"
    loud = world.run("apply", "--yes", "--hostname", "other")
    world.elsewhere("api", {"conf.txt": None})
    quiet = world.run("apply", "--yes", "--on-drift", "overwrite", "--hostname", "other", "--quiet")
    assert ["warning:" in ran.err for ran in (loud, quiet)] == [True, True]
    assert ["api: pushed" in ran.err for ran in (loud, quiet)] == [True, False]
