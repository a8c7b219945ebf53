"""Names of files are UTF-8 in every locale; what is told and typed is in the encoding of the locale."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.first_rows import first_rows, first_values
from tests.world import World

NAME = "über.yaml"


@pytest.fixture(scope="session")
def latin_1(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Make a locale, which takes its time, and return what the environment says where it is chosen."""
    if shutil.which("localedef") is None:
        pytest.skip("there is no localedef to make a locale with")
    place = tmp_path_factory.mktemp("locales")
    command = ["localedef", "-i", "en_US", "-f", "ISO-8859-1", str(place / "en_US.ISO-8859-1")]
    subprocess.run(command, check=False, capture_output=True)
    if not (place / "en_US.ISO-8859-1").exists():
        pytest.skip("this machine cannot make the locale")
    return {"LOCPATH": str(place), "LC_ALL": "en_US.ISO-8859-1"}


@pytest.fixture(params=first_values(1, ["latin-1", "posix"]))
def elsewhere(request: pytest.FixtureRequest) -> Mapping[str, str]:
    """Return what the environment says where a locale is not UTF-8."""
    if request.param == "posix":
        return {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    made: Mapping[str, str] = request.getfixturevalue("latin_1")
    return made


def ran(
    world: World, environment: Mapping[str, str], *arguments: str | bytes, program: tuple[str, ...] = ("-m", "rollout")
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, *program, *arguments],
        cwd=world.root, env=os.environ | environment, capture_output=True, check=False, timeout=120,
    )  # fmt: skip


@pytest.fixture
def two_of_a_name(world: World) -> World:
    """Return a world in which a repository and a template have a name with letters beyond ASCII."""
    world.repo("api", {NAME: "own: 1\n", "münchen.md": "x\n"})
    world.template(f"project/{NAME}", "k: 1\n")
    world.head = 'version: 1\nvars: {who: world}\nfiles: {"*.yaml": {mode: merge}, "münchen.md": {mode: absent}}\n'
    world.inventory()
    return world


@first_rows(
    1,
    "program",
    [
        (str(Path(sys.executable).with_name("git-rollout")),),
        pytest.param(("-m", "rollout"), marks=pytest.mark.long),  # which the tests below start, too
    ],
    ids=["git-rollout", "rollout"],
)
def test_a_name_is_the_same_in_every_locale(
    two_of_a_name: World, elsewhere: Mapping[str, str], program: tuple[str, ...]
) -> None:
    world = two_of_a_name
    done = ran(world, elsewhere, "apply", "--yes", "--adopt", "--json", program=program)
    assert done.returncode == 0, (done.stdout, done.stderr)
    names = world.git("api.git", "-c", "core.quotePath=false", "ls-tree", "-r", "--name-only", "main").split("\n")
    assert sorted(names) == ["conf.txt", NAME]
    assert world.at("api", NAME) == "own: 1\nk: 1\n"
    assert world.git("api", "status", "--porcelain") == ""
    assert ran(world, {}, "verify").returncode == 0


def test_many_targets_are_computed_in_processes_that_take_names_for_utf_8(
    world: World, elsewhere: Mapping[str, str]
) -> None:
    world.template(f"project/{NAME}", "k: 1\n")
    for number in range(20):
        world.bare_repo(f"api{number}")
    world.inventory()
    planned = ran(world, elsewhere, "plan", "--json")
    paths = {
        change["path"]
        for target in json.loads(planned.stdout.decode("latin-1"))["targets"]
        for change in target["changes"]
    }
    assert paths == {"conf.txt", NAME}, planned.stderr


def test_what_is_told_is_in_the_encoding_of_the_locale(two_of_a_name: World, elsewhere: Mapping[str, str]) -> None:
    told = ran(two_of_a_name, elsewhere, "plan", "--no-diff").stdout
    expected = NAME.encode("latin-1") if "LOCPATH" in elsewhere else b"\\u00fcber.yaml"
    assert expected in told, told


def test_what_is_typed_is_in_the_encoding_of_the_locale(two_of_a_name: World, elsewhere: Mapping[str, str]) -> None:
    if "LOCPATH" not in elsewhere:
        pytest.skip("nothing beyond ASCII can be typed in it")
    world = two_of_a_name
    for word in (NAME.encode(), NAME.encode("latin-1")):
        assert ran(world, elsewhere, "explain", "api", word).returncode == 0
    ran(world, elsewhere, "apply", "--yes", "--adopt", "--var", "who=Jörg".encode("latin-1"))
    assert world.at("api", "conf.txt") == "hello Jörg\n"


def test_the_variable_of_an_option_is_in_the_encoding_of_the_locale(world: World, elsewhere: Mapping[str, str]) -> None:
    if "LOCPATH" not in elsewhere:
        pytest.skip("nothing beyond ASCII can be typed in it")
    world.bare_repo("api")
    world.template("project/conf.txt.j2", "{{ who }} of {{ team }}\n")
    world.inventory()
    said = os.fsdecode("who=Jörg Ünal team=Köln".encode("latin-1"))
    message = os.fsdecode("Für alle".encode("latin-1"))
    done = ran(world, {**elsewhere, "ROLLOUT_VAR": said, "ROLLOUT_MESSAGE": message}, "apply", "--yes")
    assert done.returncode == 0, done.stderr
    assert world.at("api", "conf.txt") == "Jörg Ünal of Köln\n"
    assert world.git("api.git", "log", "-1", "--format=%s", "main") == "Für alle"


def test_a_file_is_found_by_the_bytes_of_its_name(world: World, elsewhere: Mapping[str, str]) -> None:
    world.bare_repo("api")
    moved = os.fsencode(world.inventory().parent) + b"/\xfc.yaml"
    os.rename(world.root / "inventory.yaml", moved)
    by_argument = ran(world, elsewhere, "validate", "-i", moved)
    by_variable = ran(world, {**elsewhere, "ROLLOUT_INVENTORY": os.fsdecode(moved)}, "validate")
    for done in (by_argument, by_variable):
        assert done.returncode == 0, done.stderr


def test_the_environment_of_what_is_started_stays(world: World, elsewhere: Mapping[str, str]) -> None:
    world.repo("api")
    script = (
        "import os, sys; sys.argv[1:] = ['--version']; from rollout.cli import main; import atexit; "
        "atexit.register(lambda: print(sorted(os.environ.items()))); main.main()"
    )
    plain = "import os; print(sorted(os.environ.items()))"
    seen = [ran(world, elsewhere, program=("-c", text)).stdout.splitlines()[-1] for text in (plain, script)]
    assert seen[0] == seen[1]
