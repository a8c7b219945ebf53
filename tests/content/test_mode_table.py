"""A mode is one module of `content/modes` and one line of its table."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import rollout
from rollout.content.modes.table import strategy
from rollout.model.inventory import Mode

HERE = Path(rollout.__file__).parent
_WORDS = re.compile(r"\bMode\b|\.mode\b")

NAMES_MODES = {
    "content/modes/table.py",
    "inventory/rules.py",  # where the inventory is read
    "learning/allowances.py",  # what a learned file is proposed as
    "learning/inventory_text.py",  # how that is written down
    "model/inventory.py",  # where the default stands
    "planning/keeping.py",  # a kept file is wanted whole, or absent, as others left it
}


def test_no_other_module_names_a_mode() -> None:
    texts = {str(file.relative_to(HERE)): file.read_text() for file in HERE.rglob("*.py")}
    # To parse all modules would take a second; one that names a mode has one of these words.
    found = {name for name, text in texts.items() if _WORDS.search(text) and any(_named(ast.parse(text)))}
    assert found == NAMES_MODES


def _named(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield where a member of Mode is named, or a mode is compared with its text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Mode":
            yield node
        elif isinstance(node, ast.Compare):
            sides = (node.left, *node.comparators)
            modes = [side for side in sides if isinstance(side, ast.Attribute) and side.attr == "mode"]
            texts = [side for side in sides if isinstance(side, ast.Constant) and side.value in set(Mode)]
            if modes and texts:
                yield node


def test_every_mode_has_a_module_of_its_own() -> None:
    modules = {mode: strategy(mode) for mode in Mode}
    assert {mode: getattr(module, "__name__", "").rpartition(".")[2] for mode, module in modules.items()} == {
        mode: mode.value for mode in Mode
    }
