"""What an inventory says is remembered for as long as its bytes are the same, and for no moment longer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.content.yaml import nodes as yaml_nodes
from rollout.content.yaml import parse as yaml_parse
from rollout.content.yaml.nodes import Fault, Node
from rollout.inventory import remembered
from rollout.inventory.remembered import Parsed
from tests.first_rows import first_rows
from tests.world import World

_LARGE = "version: 1\nrepos:\n" + "".join(
    f"  service-{n}: {{url: 'file:///srv/{n}.git', vars: {{number: {n}, half: {n}.5, on: true, no: ~}}, groups: []}}\n"
    for n in range(400)
)


class Reader:
    """Do what commands do that end well, and note the texts that are parsed for them."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, text: str, folder: Path, memory: Path | None = None) -> tuple[Node | None, list[Fault]]:
        here = Parsed(folder / "inventory.yaml", memory or folder, self._parse)
        found = here.document(text)
        here.keep()
        return found

    def _parse(self, text: str) -> tuple[Node | None, list[Fault]]:
        self.texts.append(text)
        return yaml_parse.parse(text)


@pytest.fixture
def read() -> Reader:
    return Reader()


def test_it_is_parsed_once_and_says_the_same(tmp_path: Path, read: Reader) -> None:
    first, again = (read(_LARGE, tmp_path) for _ in range(2))
    assert first == again
    assert read.texts == [_LARGE]
    changed = _LARGE.replace("service-7:", "service-7-b:")
    assert read(changed, tmp_path)[0] != first[0]
    assert read(_LARGE, tmp_path) == first
    assert read.texts == [_LARGE, changed, _LARGE]
    assert len(list((tmp_path / "inventories").iterdir())) == 1


def test_what_is_wrong_is_not_remembered(tmp_path: Path, read: Reader) -> None:
    text = f"{_LARGE}version: 2\n"
    for _ in range(2):
        assert "duplicate key" in read(text, tmp_path)[1][0].message
    assert read.texts == [text, text]


def test_without_a_state_folder_nothing_is_written(tmp_path: Path, read: Reader) -> None:
    for _ in range(2):
        read(_LARGE, tmp_path, tmp_path / "missing")
    assert len(read.texts) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_state_folder_that_cannot_be_written_to_is_no_matter(tmp_path: Path, read: Reader) -> None:
    (tmp_path / "inventories").write_text("in the way\n")
    assert read(_LARGE, tmp_path) == read(_LARGE, tmp_path)
    assert len(read.texts) == 2


def test_a_command_that_fails_writes_nothing_down(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state folder may be one that must not be written to: that is found out later."""
    top = world.repo("api")
    (top / "state").mkdir()
    before = sorted(top.rglob("*"))
    world.tail = "".join(f"# {n} of many lines that make the inventory a large one\n" for n in range(500))
    monkeypatch.setenv("ROLLOUT_STATE_DIR", str(top / "state"))
    assert world.run("status").code == 64
    assert sorted(top.rglob("*")) == before


@first_rows(
    3,
    "line",
    [
        "vars: {api_token: hunter2hunter2}",
        "groups: {a: {vars: {deep: {password: 'hunter2 hunter2'}}}}",
        "ledger: postgresql://pat:hunter2@localhost/x",
        "defaults: {url: 'https://hunter2@host/x.git'}",
        "vars: {harmless: glpat-hunter2hunter2hunter2}",
    ],
)
def test_what_holds_a_secret_is_not_remembered(tmp_path: Path, read: Reader, line: str) -> None:
    for _ in range(2):
        read(f"{_LARGE}{line}\n", tmp_path)
    assert len(read.texts) == 2
    assert list(tmp_path.iterdir()) == []


def test_aliases_do_not_fill_the_state_folder(tmp_path: Path, read: Reader) -> None:
    text = f"long: &long {'x' * 20_000}\nmany:\n" + "- *long\n" * 1000
    for _ in range(2):
        read(text, tmp_path)
    assert read.texts == [text, text]
    assert list(tmp_path.iterdir()) == []


@first_rows(2, "damage", ["", "{", "[]", "{}", "null"])
def test_a_damaged_memory_counts_as_none(tmp_path: Path, read: Reader, damage: str) -> None:
    expected = read(_LARGE, tmp_path)
    (memory,) = (tmp_path / "inventories").iterdir()
    memory.write_text(damage)
    assert read(_LARGE, tmp_path) == expected
    assert len(read.texts) == 2


@first_rows(3, "document", [[], [1], [1, {}], [1, {"a": 3}, [1]], [1, {"a": [1, 2]}, []], 7, None])
def test_a_memory_that_is_no_document_counts_as_none(tmp_path: Path, read: Reader, document: object) -> None:
    expected = read(_LARGE, tmp_path)
    (memory,) = (tmp_path / "inventories").iterdir()
    memory.write_text(json.dumps({**json.loads(memory.read_text()), "document": document}))
    assert read(_LARGE, tmp_path) == expected
    assert len(read.texts) == 2


_SCALARS = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(-1e300, 1e300) | st.text(max_size=20)

_KEYS = st.text(max_size=8).filter(lambda key: "\0" not in key)  # a key with a NUL is a fault, and is not kept

_NODES = st.recursive(
    st.builds(yaml_nodes.Leaf, _SCALARS, st.integers(1, 10**6)),
    lambda inner: (
        st.builds(yaml_nodes.Sequence, st.lists(inner, max_size=4).map(tuple), st.integers(1, 10**6))
        | st.dictionaries(_KEYS, st.tuples(inner, st.integers(1, 10**6)), max_size=4).map(
            lambda found: yaml_nodes.Mapping(
                {k: v[0] for k, v in found.items()}, {k: v[1] for k, v in found.items()}, 3
            )
        )
    ),
    max_leaves=20,
)


@given(_NODES)
def test_every_document_comes_back_as_it_was(node: Node) -> None:
    assert remembered._node(json.loads(json.dumps(remembered._memo(node)))) == node


def test_a_fault_of_the_shape_has_its_line_also_from_memory(world: World) -> None:
    world.bare_repo("api")
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    world.tail = "".join(f"# {n} of many lines that make the inventory a large one\n" for n in range(500)) + "evil: 1\n"
    said = [world.run("status").err for _ in range(2)]
    line = (world.root / "inventory.yaml").read_text().count("\n")
    assert said[0] == said[1]
    assert f"inventory.yaml:{line}:" in said[0]
