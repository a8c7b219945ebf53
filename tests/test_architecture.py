"""The pages of a newcomer are true: what they link to and name is there, and the drawing has the program's floors."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = ("docs/architecture.md", "CONTRIBUTING.md")
WINGS = {file.parent.name for file in (ROOT / "rollout").glob("*/__init__.py")}
_PLACEHOLDER = re.compile(r"[A-Z]{2,}(?![A-Z_]*\.md)")
_CLASS = re.compile(r"(?:[A-Z][a-z]+)+(?:\.[a-z_]+)?")
_CONSTANT = re.compile(r"_?[A-Z][A-Z_]+")
_PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)+/?")


def prose(page: str) -> str:
    return re.sub(r"```.*?```", "", (ROOT / page).read_text(), flags=re.DOTALL)


def named(page: str) -> set[str]:
    return set(re.findall(r"`([^`\n]+)`", prose(page)))


@cache
def defined() -> frozenset[str]:
    """Return the classes of the program, their attributes as `Class.attribute`, and the constants of its modules."""
    found: set[str] = set()
    for file in (ROOT / "rollout").rglob("*.py"):
        tree = ast.parse(file.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                found |= {node.name, *(f"{node.name}.{name}" for name in _attributes(node))}
        found |= set(_assigned(tree))
    return frozenset(found)


def _attributes(node: ast.ClassDef) -> Iterator[str]:
    for one in node.body:
        if isinstance(one, ast.FunctionDef):
            yield one.name
        elif isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
            yield one.target.id


def _assigned(tree: ast.Module) -> Iterator[str]:
    for one in tree.body:
        targets = one.targets if isinstance(one, ast.Assign) else [one.target] if isinstance(one, ast.AnnAssign) else []
        yield from (target.id for target in targets if isinstance(target, ast.Name))


def is_true(name: str) -> bool:
    """Tell whether a name on a page is that of something there is; what is no name of ours is left alone."""
    if name.startswith("make ") and name.count(" ") == 1:
        return re.search(rf"^{name[5:]}:", (ROOT / "Makefile").read_text(), re.MULTILINE) is not None
    if _CLASS.fullmatch(name) or (_CONSTANT.fullmatch(name) and not name.endswith("PATH")):
        return name in defined()
    if _PLACEHOLDER.search(name):
        return True
    if re.fullmatch(r"\w+\.py", name):
        return any((ROOT / "rollout").rglob(name))
    if _PATH.fullmatch(name) and name.split("/")[0] in WINGS:
        return any((ROOT / "rollout" / f"{name.rstrip('/')}{ending}").exists() for ending in ("", ".py"))
    if _PATH.fullmatch(name) and (ROOT / name.split("/")[0]).is_dir():
        return (ROOT / name).exists()
    return True


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_names_is_there(page: str) -> None:
    assert {name for name in named(page) if not is_true(name)} == set()


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_links_to_is_there(page: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", prose(page))
    assert links
    assert [link for link in links if not ((ROOT / page).parent / link).exists()] == []


def test_the_drawing_has_every_wing_on_its_floor() -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    drawing = text.split("```text\n", 1)[1].split("```", 1)[0]
    floors: dict[str, int] = {}
    floor = 0
    for line in drawing.splitlines():
        number = re.match(r" *(\d+) ", line)
        floor = int(number[1]) if number else floor
        for wing in WINGS & set(re.findall(r"\w+", line[:62])):
            floors.setdefault(wing, floor)
    assert set(floors) == WINGS
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in config if contract["type"] == "layers")
    held = [[name.removeprefix("rollout.") for name in re.findall(r"[\w.]+", layer)] for layer in layers]
    drawn = [floors[name] for layer in held for name in layer if name in floors]
    assert drawn == sorted(drawn, reverse=True)


def doors(wing: Path) -> set[str] | None:
    """Return the modules by which a wing says that it is entered; None if it says nothing of doors."""
    text = ast.get_docstring(ast.parse((wing / "__init__.py").read_text())) or ""
    said = re.search(r"Doors?: (every module)?(.*)\Z", text, re.DOTALL)
    if said is None:
        return None
    named = set(re.findall(r"`(\w+)`", said[2]))
    return modules(wing) - named if said[1] else named


def modules(wing: Path) -> set[str]:
    return {file.stem for file in wing.glob("*.py")} - {"__init__", "__main__"}


def test_what_is_no_door_of_a_wing_is_protected() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    held = {name for contract in config if contract["type"] == "protected" for name in contract["protected_modules"]}
    wings = {file.parent: doors(file.parent) for file in (ROOT / "rollout").glob("**/__init__.py")}
    inside = {
        f"rollout.{'.'.join(wing.relative_to(ROOT / 'rollout').parts)}.{module}"
        for wing, named in wings.items()
        if named is not None
        for module in modules(wing) ^ named
    }
    assert held == inside
    without = {str(wing.relative_to(ROOT)) for wing, named in wings.items() if named is None}
    assert without == {"rollout", "rollout/events/commands"}


def test_each_library_has_its_reason() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = config["project"]
    needed = [*config["build-system"]["requires"], *project["dependencies"]]
    needed += [one for extra in project["optional-dependencies"].values() for one in extra]
    for file in (ROOT / "requirements").glob("*.in"):
        needed += [line for line in file.read_text().splitlines() if re.match(r"[A-Za-z]", line)]
    text = (ROOT / "docs/dependencies.md").read_text()
    libraries = {re.split(r"[\[<>=~;! ]", one)[0] for one in needed}
    assert {name for name in libraries if name.lower() not in text.lower()} == set()


def test_a_name_of_nothing_is_found() -> None:
    names = [
        "rollout/nothing.py",
        "fleet/nothing",
        "nothing.py",
        "Nothing",
        "Step.nothing",
        "NO_SUCH_THING",
        "make nothing",
    ]
    assert not any(map(is_true, names))
    assert all(map(is_true, ["rollout/errors.py", "fleet/plan", "errors.py", "Step", "Step.changes", "make test"]))


def test_each_wing_has_its_tests_in_the_folder_of_its_name_and_the_other_folders_are_told() -> None:
    folders = {file.parent.name for file in (ROOT / "tests").glob("*/test_*.py")}
    assert folders >= WINGS
    assert (
        folders - WINGS
        == {name.split("/")[1] for name in named("CONTRIBUTING.md") if re.fullmatch(r"tests/\w+/", name)} - WINGS
    )
