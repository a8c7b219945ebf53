"""What is published works where nothing of the checkout is, and is built the same by everybody."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from rollout.content.yaml import nodes as yaml_nodes
from rollout.content.yaml import parse as yaml_parse
from tests.packaging.conftest import ROOT, Built, Installed, archives, clone, run

pytestmark = pytest.mark.package


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_the_wheel_has_every_file_of_the_program(built: Built) -> None:
    names = set(zipfile.ZipFile(built.wheel).namelist())
    ours = run("git", "ls-files", "rollout", where=built.source).splitlines()
    templates = run("git", "ls-files", "templates", "inventory.yaml", "inventory.schema.json", where=built.source)
    assert set(ours) - names == set()
    assert {f"rollout/first_user/{path}" for path in templates.splitlines()} - names == set()
    assert {"rollout/py.typed", "rollout/_version.py"} <= names
    pages = run("git", "ls-files", "man", where=built.source).splitlines()
    data = f"{'-'.join(built.wheel.name.split('-')[:2])}.data/data/share/man/man1"
    assert {f"{data}/{Path(page).name}" for page in pages} - names == set()
    assert not [name for name in names if not name.startswith(("rollout/", "git_rollout-"))]


def test_the_sdist_builds_the_same_wheel(built: Built, tmp_path: Path) -> None:
    with tarfile.open(built.sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    (wheel,) = archives(source, tmp_path / "out", "--wheel")
    assert (wheel.name, digest(wheel)) == (built.wheel.name, digest(built.wheel))


def test_another_build_makes_the_same_bytes(built: Built, tmp_path: Path) -> None:
    source = clone(tmp_path / "elsewhere")
    for file in source.rglob("*"):
        if file.is_file() and ".git" not in file.parts:
            os.utime(file, (0, 0))
    again = archives(source, tmp_path / "out")
    assert [digest(one) for one in again] == [digest(built.wheel), digest(built.sdist)]


@pytest.mark.parametrize(
    ("tag", "version"), [("v9.8.7", r"9\.8\.7"), ("v9.8.7rc1", r"9\.8\.7rc1"), (None, r"0\.1\.0\.dev\d+")]
)
def test_the_version_is_the_tags(tmp_path: Path, tag: str | None, version: str) -> None:
    source = clone(tmp_path / "source")
    if tag is not None:
        run("git", "tag", tag, where=source)
    (wheel,) = archives(source, tmp_path / "out", "--wheel")
    assert re.fullmatch(rf"git_rollout-{version}-py3-none-any\.whl", wheel.name)
    said = zipfile.ZipFile(wheel).read("rollout/_version.py").decode()
    assert re.fullmatch(rf"__version__ = '{version}'\n", said)


def test_a_source_folder_without_git_has_a_version(tmp_path: Path) -> None:
    source = clone(tmp_path / "source")
    shutil.rmtree(source / ".git")
    (wheel,) = archives(source, tmp_path / "out", "--wheel")
    assert wheel.name == "git_rollout-0.1.0.dev0-py3-none-any.whl"


def test_the_program_works_where_it_is_installed(built: Built, installed: Installed, tmp_path: Path) -> None:
    version = built.wheel.name.split("-")[1]
    for words in (["rollout"], ["git-rollout"], ["git", "rollout"]):
        assert installed.run(*words, "--version", where=tmp_path) == f"rollout {version}\n"
    for name in ("api", "web"):
        installed.run("git", "init", "-q", "--bare", "-b", "main", f"{name}.git", where=tmp_path)
        installed.run("git", "clone", "-q", f"{name}.git", f"fleet/{name}", where=tmp_path)
        top = tmp_path / "fleet" / name
        (top / ".editorconfig").write_text("root = true\n\n[*]\nend_of_line = lf\nindent_style = space\n")
        installed.run("git", "add", "-A", where=top)
        installed.run("git", "commit", "-qm", "first", where=top)
        installed.run("git", "push", "-q", "origin", "HEAD:main", where=top)
    assert "Wrote inventory.yaml" in installed.run("rollout", "init", "fleet", "--yes", where=tmp_path)
    assert "2 in sync" in installed.run("git", "rollout", "plan", where=tmp_path)
    (template,) = (tmp_path / "templates").rglob(".editorconfig")
    template.write_text(template.read_text().replace("space", "tab"))
    installed.run("rollout", "apply", "--yes", where=tmp_path)
    assert "tab" in (tmp_path / "fleet/web/.editorconfig").read_text()
    installed.run("rollout", "verify", where=tmp_path)
    assert "Usage:" in installed.run("rollout", "events", "--help", where=tmp_path)
    installed.run("rollout", "demo", "--help", where=tmp_path)


def test_the_first_users_inventory_is_found_where_it_is_installed(installed: Installed, tmp_path: Path) -> None:
    said = "from rollout.demo import first_user; print(first_user.inventory())"
    found = installed.run("python", "-c", said, where=tmp_path)
    assert found.strip().endswith("site-packages/rollout/first_user/inventory.yaml")
    assert "all well" in installed.run("rollout", "validate", "-i", found.strip(), where=tmp_path)


def test_the_hook_works_with_pre_commit(installed: Installed, built: Built, tmp_path: Path) -> None:
    (tmp_path / "templates/common").mkdir(parents=True)
    (tmp_path / "templates/common/a.txt").write_text("a\n")
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text("version: 1\nrepos: {api: {url: https://example.org/api.git, templates: [common]}}\n")
    installed.run("git", "init", "-q", where=tmp_path)
    installed.run("git", "add", "-A", where=tmp_path)
    pre_commit = Path(sys.executable).with_name("pre-commit")
    words = (pre_commit, "try-repo", built.source, "rollout-validate", "--all-files")
    assert re.search(r"rollout validate\.+Passed", installed.run(*words, where=tmp_path))
    inventory.write_text(inventory.read_text().replace("common", "comon"))
    installed.run("git", "add", "-A", where=tmp_path)
    said = installed.run(*words, where=tmp_path, code=1)
    assert "inventory.yaml:2: repos.api: no template set 'comon'" in said


def steps() -> list[dict[str, str]]:
    """Return the shell steps of the action."""
    node, faults = yaml_parse.parse((ROOT / "action.yml").read_text())
    assert node is not None
    assert faults == []
    plain = yaml_nodes.plain(node)
    assert plain["runs"]["using"] == "composite"
    found: list[dict[str, str]] = plain["runs"]["steps"]
    assert all(step["shell"] == "bash" for step in found)
    return found


def test_the_steps_of_the_action_work(built: Built, installed: Installed, tmp_path: Path) -> None:
    (tmp_path / "templates/common").mkdir(parents=True)
    (tmp_path / "templates/common/a.txt").write_text("a\n")
    installed.run("git", "init", "-q", "--bare", "-b", "main", "api.git", where=tmp_path)
    inventory = f"version: 1\nrepos: {{api: {{url: {tmp_path / 'api.git'}, templates: [common]}}}}\n"
    (tmp_path / "inventory.yaml").write_text(inventory)
    runner = {name: str(tmp_path / name) for name in ("GITHUB_PATH", "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    version = built.wheel.name.split("-")[1]
    given = {
        **installed.environment, **runner, "RUNNER_TEMP": str(tmp_path), "GITHUB_ACTION_PATH": str(built.source),
        "VERSION": version, "PIP_FIND_LINKS": str(built.wheel.parent), "PIP_PRE": "1",
        "COMMAND": "validate", "ARGUMENTS": "api", "ROLLOUT_INVENTORY": "inventory.yaml",
    }  # fmt: skip
    install, act = steps()
    bash = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")
    run(*bash, install["run"], where=tmp_path, given=given)
    given["PATH"] = f"{Path(runner['GITHUB_PATH']).read_text().strip()}:{given['PATH']}"
    assert "all well" in run(*bash, act["run"], where=tmp_path, given=given)
    assert Path(runner["GITHUB_OUTPUT"]).read_text() == "exit-code=0\n"
    assert "### rollout validate\n````text\n" in Path(runner["GITHUB_STEP_SUMMARY"]).read_text()
    words = "'api'   --var \"title=two words\"\n  --var 'quote=a \"b\"'\n"
    assert "all well" in run(*bash, act["run"], where=tmp_path, given={**given, "ARGUMENTS": words})
    assert "all well" in run(*bash, act["run"], where=tmp_path, given={**given, "ARGUMENTS": " \n"})
    run(*bash, act["run"], where=tmp_path, code=1, given={**given, "ARGUMENTS": "'no end"})
    run(*bash, act["run"], where=tmp_path, code=1, given={**given, "COMMAND": "plan", "ARGUMENTS": "--no-diff"})
    assert Path(runner["GITHUB_OUTPUT"]).read_text().endswith("exit-code=1\n")


def test_what_is_told_of_the_package_is_so() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["name"] == "git-rollout"
    assert set(project["scripts"]) == {"rollout", "git-rollout"}
