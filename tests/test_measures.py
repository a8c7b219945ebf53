"""The measures that docs/architecture.md promises of the program and its tests: sizes, parameters, names, patches."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
_EXCEPTION = re.compile(r"^\* `([^`]+)` is long because ", re.MULTILINE)

_TEST = re.compile(r"^ *(?:async )?def test_", re.MULTILINE)
_PATCHING = re.compile(r"\b(?:setattr|delattr|patch|mock)\b")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def trees(folder: Path) -> Iterator[tuple[Path, ast.Module]]:
    yield from ((file.relative_to(folder), ast.parse(file.read_text())) for file in sorted(folder.rglob("*.py")))


def too_long(lengths: dict[str, int], allowed: set[str], most: int) -> set[str]:
    """Return the modules that are longer than that without a reason, and the reasons that nothing needs any more."""
    return {name for name, lines in lengths.items() if lines > most} ^ allowed


def functions(tree: ast.AST) -> Iterator[Function]:
    yield from (node for node in ast.walk(tree) if isinstance(node, Function))


def body(function: Function) -> int:
    """Return how many lines the body of a function has, without its docstring."""
    first = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (first[-1].end_lineno or 0) - first[0].lineno + 1 if first else 0


def parameters(function: Function) -> int:
    arguments = function.args
    names = [one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return len([name for name in names if name not in {"self", "cls"}])


def twice(named: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the names that several places give, with these places."""
    places: dict[str, list[str]] = defaultdict(list)
    for name, place in named:
        places[name].append(place)
    return {name: found for name, found in places.items() if len(found) > 1}


def patches(function: ast.AST) -> bool:
    """Tell whether something replaces what the program calls; environment, folder and path are the world, not ours."""
    called = (_names(node.func) for node in ast.walk(function) if isinstance(node, ast.Call))
    return any((names[1:] and names[-1] in {"setattr", "delattr"}) or names[0] in {"patch", "mock"} for names in called)


def patching(tree: ast.Module) -> list[str]:
    """Return the tests of a module that replace what the program calls, by themselves or by what they use for it."""
    replacing = {one.name for one in functions(tree) if patches(one)}
    return [one.name for one in functions(tree) if one.name.startswith("test_") and (_used(one) & replacing)]


def _used(function: Function) -> set[str]:
    """Return the names of functions and fixtures of its module that a function uses, and its own."""
    fixtures = {one.arg for one in function.args.args}
    marked = {
        word.value
        for mark in function.decorator_list
        for word in ast.walk(mark)
        if isinstance(word, ast.Constant) and isinstance(word.value, str)
    }
    called = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    return {function.name, *fixtures, *marked, *called}


def _names(called: ast.expr) -> list[str]:
    """Return the words of what is called: a, b and c of `a.b.c`."""
    match called:
        case ast.Attribute(value, name):
            return [*_names(value), name]
        case ast.Name(name):
            return [name]
    return [""]


def test_modules_are_short_and_each_long_one_has_its_reason() -> None:
    lengths = {
        str(file.relative_to(ROOT / "rollout")): len(file.read_text().splitlines())
        for file in (ROOT / "rollout").rglob("*.py")
    }
    allowed = set(_EXCEPTION.findall((ROOT / "docs/architecture.md").read_text()))
    assert too_long(lengths, allowed, 250) == set()
    assert median(lengths.values()) <= 100


def test_functions_are_short_and_take_little_and_no_two_classes_have_one_name() -> None:
    found = [(file, node) for file, tree in trees(ROOT / "rollout") for node in ast.walk(tree)]
    written = [(file, node) for file, node in found if isinstance(node, Function)]
    assert median(body(one) for _, one in written) <= 5
    many = {f"{file}:{one.name}": taken for file, one in written if (taken := parameters(one)) > 6}
    assert many == {}
    classes = ((node.name, f"{file}:{node.lineno}") for file, node in found if isinstance(node, ast.ClassDef))
    # Nobody meets a private one elsewhere.
    assert twice((name, place) for name, place in classes if not name.startswith("_")) == {}


def test_tests_replace_hardly_anything_of_the_program() -> None:
    texts = [file.read_text() for file in sorted((ROOT / "tests").rglob("*.py"))]
    tests = sum(len(_TEST.findall(text)) for text in texts)
    # To parse all tests would take seconds; a module that patches has one of these words.
    replacing = [name for text in texts if _PATCHING.search(text) for name in patching(ast.parse(text))]
    assert tests > 1000
    assert len(replacing) <= tests / 100, replacing


def test_the_measures_can_fail() -> None:
    tree = ast.parse(
        'def long(a, b, /, c, d, *, e, f, g):\n    """Doc."""\n    x = (\n        1\n    )\n    return x\n\n'
        "def fixture(monkeypatch):\n    monkeypatch.setattr(a, 'b', 1)\n\n"
        "def test_one(fixture):\n    pass\n\n"
        "def test_two(monkeypatch):\n    monkeypatch.setenv('A', 'b')\n"
    )
    assert (body(long := next(functions(tree))), parameters(long)) == (4, 7)
    assert patching(tree) == ["test_one"]
    assert too_long({"a.py": 251, "b.py": 250, "c.py": 10}, {"c.py"}, 250) == {"a.py", "c.py"}
    assert twice([("A", "x.py:1"), ("B", "x.py:2"), ("A", "y.py:1")]) == {"A": ["x.py:1", "y.py:1"]}
