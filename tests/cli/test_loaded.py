"""A command loads what it needs: a look at what nobody changed needs little of the program, and starts quickly."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.first_rows import first_rows
from tests.world import World

_SCRIPT = (
    "import sys; from rollout.cli import main; status = main._ended(sys.argv[1:]);"
    "print('loaded:', *sorted(sys.modules))"
)
# What renders and writes, what talks to remotes and forges, what reads and merges documents, and libraries for these.
_NOT_NEEDED = (
    "email",
    "git",
    "jinja2",
    "psycopg",
    "shutil",
    "socket",
    "tempfile",
    "rollout.cli.asking",
    "rollout.cli.editing",
    "rollout.checkout.moving.follow",
    "rollout.checkout.moving.rescue",
    "rollout.checkout.observe",
    "rollout.content.agents.table",
    "rollout.content.documents.match",
    "rollout.content.documents.merge",
    "rollout.content.documents.json.strict",
    "rollout.content.modes.whole",
    "rollout.content.policies",
    "rollout.content.yaml.exact",
    "rollout.fleet.parts",
    "rollout.fleet.prove",
    "rollout.fleet.review_words",
    "rollout.fleet.waves",
    "rollout.forges.clients",
    "rollout.forges.http",
    "rollout.forges.known",
    "rollout.ledger.postgresql",
    "rollout.model.plan_file",
    "rollout.objects.build",
    "rollout.objects.packs",
    "rollout.planning.changes",
    "rollout.remote.receive_pack",
    "rollout.remote.upload_pack",
    "rollout.rendering.formatters",
    "rollout.rendering.jinja",
    "rollout.store.build",
    "rollout.store.fetch",
    "rollout.showing.diff_groups",
    "rollout.targets.branch.observe",
    "rollout.targets.branch.publish",
    "rollout.targets.folder.folder",
)
# What proposes and undoes, what is kept between runs, and what looks at checkouts.
_NOT_PLANNED = (
    "rollout.checkout.observe",
    "rollout.cli.terminal.pager",
    "rollout.forges.clients",
    "rollout.forges.http",
    "rollout.ledger.ledger",
    "rollout.model.plan_file",
    "rollout.planning.undo",
    "rollout.showing.status_rows",
    "rollout.store.proposals",
    "rollout.targets.branch.proposal",
    "rollout.targets.branch.proposal_state",
)


def loaded(world: World, *arguments: str) -> set[str]:
    """Return the modules that are loaded when a command ends."""
    command = [sys.executable, "-c", _SCRIPT, *arguments, "-i", str(world.inventory())]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ))
    return set(done.stdout.rpartition("loaded: ")[2].split())


@first_rows(1, "checkout", [False, True])
@pytest.mark.parametrize("command", [["status"], ["apply", "-y"]])
def test_what_nobody_changed_needs_little_of_the_program(world: World, command: list[str], *, checkout: bool) -> None:
    if checkout:
        world.repo("api")
    else:
        world.bare_repo("api")
    world.template("AGENTS.md", "Rules.\n")
    assert world.run("apply", "-y").code == 0
    found = loaded(world, *command)
    assert "rollout.targets.branch.glance" in found
    assert found & set(_NOT_NEEDED) == set()


def test_a_plan_of_what_is_pushed_needs_nothing_of_reviews_and_runs(world: World) -> None:
    world.bare_repo("api")
    world.template("AGENTS.md", "Rules.\n")
    found = loaded(world, "plan")
    assert "rollout.targets.branch.observe" in found
    assert found & set(_NOT_PLANNED) == set()


def test_what_is_not_needed_is_loaded_where_it_is(world: World) -> None:
    """The names above are names of modules: a change of the template needs most of them."""
    world.bare_repo("api")
    world.template("AGENTS.md", "Rules.\n")
    found = loaded(world, "apply", "-y")
    assert {"rollout.targets.branch.publish", "rollout.store.fetch", "rollout.content.policies"} <= found


def _said_by(script: str) -> str:
    """Return what a Python of its own prints."""
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout


def test_the_process_that_renders_loads_three_small_modules_of_the_model_and_no_msgspec() -> None:
    """It is started anew by every command that renders, and msgspec alone takes a fifth of its start."""
    script = (
        "import sys; from rollout.rendering import child_main, jinja; from rollout.model.delimiters import Delimiters;"
        "jinja.Renderer({'a': 'x'}).render('a', Delimiters.JINJA, {});"
        "print(*(name for name in sys.modules if name.startswith(('rollout.model.', 'msgspec', 'click', 'ruamel'))))"
    )
    assert sorted(_said_by(script).split()) == [
        "rollout.model.delimiters",
        "rollout.model.parts",
        "rollout.model.tracing",
    ]


def test_a_large_inventory_that_did_not_change_is_not_read_as_yaml_again(world: World) -> None:
    """A large inventory is remembered as it was read."""
    world.bare_repo("api")
    world.template("AGENTS.md", "Rules.\n")
    world.tail = "# " + "x" * 20_000 + "\n"
    assert world.run("apply", "-y").code == 0
    found = loaded(world, "status")
    assert not {name for name in found if name.startswith(("ruamel", "rollout.content.yaml.fast"))}


def test_what_is_loaded_is_not_looked_through_for_garbage() -> None:
    script = (
        "import gc; before = gc.get_stats()[0]['collections']; import rollout.cli.main;"
        "print(gc.get_stats()[0]['collections'] - before)"
    )
    assert int(_said_by(script)) <= 2


def test_what_a_command_made_is_not_looked_through_for_garbage_when_it_ends() -> None:
    script = (
        "import atexit, gc; from rollout.cli.main import main;"
        "atexit.register(lambda: print(gc.get_freeze_count() > 10_000, len(gc.get_objects()) < 1_000));"
        "main(['--version'])"
    )
    assert _said_by(script).endswith("True True\n")
