"""YAML is read as YAML 1.2 says, by the fast parser as by the exact one; and what the documentation shows is true."""

from __future__ import annotations

import random
import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import pytest
from ruamel.yaml.error import YAMLError

from rollout.cli.main import rollout
from rollout.content.yaml import exact as yaml_exact
from rollout.content.yaml import fast as yaml_fast
from rollout.content.yaml import nodes as yaml_nodes
from rollout.content.yaml import parse as yaml_parse
from rollout.content.yaml.nodes import Fault, Node
from rollout.inventory.read import parse

PROJECT = Path(__file__).resolve().parent.parent.parent

_FENCE = re.compile(r"^ *```(\w+)[^\n]*\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)

_PIECES = [
    "a", "b", "1", ":", ": ", " ", "\n", "\n  ", "- ", "{", "}", "[", "]", ",", ", ", "'", '"', "#", " #", "&x ", "*x",
    "? ", "?", "-", "|\n  ", "@", "://", "yes", "0o17", "1:30", "&x:y ", "*x ", "<<: ", "1_0", ".5", "~", "%", "---\n",
    "\u2028", "\x85",
]  # fmt: skip


def data(text: str) -> Any:
    node, faults = yaml_parse.parse(text)
    assert faults == []
    return None if node is None else yaml_nodes.plain(node)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("{url: git@host:x.git}", {"url": "git@host:x.git"}),
        ("{a: http://x:80/y, b: c:d}", {"a": "http://x:80/y", "b": "c:d"}),
        ("{a:b, c: 1:30}", {"a:b": None, "c": "1:30"}),
        ("[a:b, ::, x?]", ["a:b", "::", "x?"]),
        ('{"a":b, "c":"d:e"}', {"a": "b", "c": "d:e"}),
        ("{a: :x, b: x?}", {"a": ":x", "b": "x?"}),
        ("{a: ?x, b: :x, c: ::x, d: ??}", {"a": "?x", "b": ":x", "c": "::x", "d": "??"}),
        ("[?x, :y, a :b]", ["?x", ":y", "a :b"]),
        ("{?x: 1, :y: 2, a, :b}", {"?x": 1, ":y": 2, "a": None, ":b": None}),
        ('{"a" :x, ? b : ?c}', {"a": "x", "b": "?c"}),
        ("a: ?x\nb: :x\nc: '[?x'\n", {"a": "?x", "b": ":x", "c": "[?x"}),
        ("a: {url: git@host:x.git}\nb:\tc\t# d", {"a": {"url": "git@host:x.git"}, "b": "c"}),
        ("a: &x:y b\nc: *x:y\n", {"a": "b", "c": "b"}),
        ("a: &a.b/c b\n", {"a": "b"}),
        ("a: |\n  b:c {d:e}\ne: {f:g: h}\n", {"a": "b:c {d:e}\n", "e": {"f:g": "h"}}),
        ("{a: 'b:c', d: \"e:f\", g: h:i} # j:k", {"a": "b:c", "d": "e:f", "g": "h:i"}),
        ("a: x\u2028y\x85z", {"a": "x\u2028y\x85z"}),
        ("{a: b:c, d: \ue000}", {"a": "b:c", "d": "\ue000"}),
        ("a: [yes, on, No, y, Off]", {"a": ["yes", "on", "No", "y", "Off"]}),
        ("a: [true, False, ~, null, '']", {"a": [True, False, None, None, ""]}),
        ("a: [0o17, 017, 0x1F, 1_000, 08]", {"a": [15, 17, 31, 1000, 8]}),
        ("a: [1:30, 190:20:30, 2026-01-01]", {"a": ["1:30", "190:20:30", "2026-01-01"]}),
        ("%YAML 1.1\n---\na: [yes, 017, 1:30]", {"a": ["yes", 17, "1:30"]}),
    ],
)
def test_yaml_is_read_as_yaml_1_2_says(text: str, meant: object) -> None:
    assert data(text) == meant


@pytest.mark.parametrize("text", ['"\\0": 1', '{"a\\0b": 1}', '&x "\\0": 1', 'a: "\\0"', '["\\0"]'])
def test_a_nul_is_told_in_a_key_as_in_a_value(text: str) -> None:
    assert yaml_parse.parse(text)[1] == [Fault(1, "has a NUL character", alone=True)]


def _said(read: tuple[Node | None, list[Fault]]) -> str:
    node, faults = read
    return repr((None if node is None else yaml_nodes.plain(node), sorted(fault.message for fault in faults)))


def test_where_the_exact_parser_reads_a_text_both_read_the_same() -> None:
    lots = random.Random(7)
    texts = {"".join(lots.choices(_PIECES, k=lots.randint(2, 12))) for _ in range(1500)}
    read = {text: yaml_exact.read(text) for text in texts}
    valid = {text: found for text, found in read.items() if found[0] is not None or not found[1]}
    assert len(valid) > 200
    assert {text: _said(yaml_parse.parse(text)) for text in valid} == {text: _said(f) for text, f in valid.items()}


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("v: @x", 1, "text cannot begin with @; put it in quotes"),
        ("v: `x", 1, "text cannot begin with `; put it in quotes"),
        ("v: %x", 1, "text cannot begin with %; put it in quotes"),
        ("%x: 1", 1, "a line that begins with % is a directive; if it is text, put it in quotes"),
        ("a:\n\tb: 1\n\tc: 2\n", 2, "a tab cannot indent in YAML; indent with blanks"),
        ('a: 1\nb: "p\nc: 1\n', 2, "the quote that begins on this line is not closed"),
        ("f:\n  *.sh: 1\n", 2, "there is no anchor '.sh:' before this alias; if it is text, put it in quotes"),
        ("a: [1,\n2\nb: 3\n", 3, "close the '[' on line 1"),
        ("a: {b: 1\n", 2, "close the '{' on line 1"),
        ("a: b: c\n", 1, "if it is text, put it in quotes"),
        ("a: 1\n b: 2\n", 2, "mend the indentation"),
        ("a:\n  - x\n b: 1\n", 3, "mend the indentation"),
        ("a: 'x' y\n", 1, "put nothing behind a closed quote"),
        ("a: - b\n", 1, "begin a line with it"),
        ("a: }\n", 1, "a value is missing in front of }"),
        ('a: "\\q"\n', 1, "write '\\\\q', or use single quotes"),
        ('a: "C:\\Users"\n', 1, "write two backslashes, or use single quotes"),
        ("a: {b: c: d}\n", 1, "': ' in a text makes a key of it; put it in quotes"),
        ("a: [b: c: d]\n", 1, "': ' in a text makes a key of it; put it in quotes"),
        ("a: {b: c\nd: e\n", 2, "close the '{' on line 1"),
        ("a: 1\nb:[c]\n", 2, "a blank is missing behind the colon of 'b'"),
        ("a: 1\nb:{c: {d: e}}\n", 2, "a blank is missing behind the colon of 'b'"),
        ("r: {a: {p: 1}, b:{p: 2}}\n", 1, "a blank is missing behind the colon of 'b'"),
        ("r: {a: {p: 1},\n  b:[p]}\n", 2, "a blank is missing behind the colon of 'b'"),
        ("r: {check: bash -n {path}}\n", 1, "'{' in a text begins a value; put it in quotes"),
        ("r: [a, b [c]]\n", 1, "'[' in a text begins a value; put it in quotes"),
        ("a: 1\nb\n", 2, "put a colon and a blank behind the key"),
    ],
)
def test_a_slip_is_told_with_its_line_and_the_way_out(text: str, line: int, said: str) -> None:
    (fault,) = yaml_parse.parse(text)[1]
    assert (fault.line, fault.message.startswith("not valid YAML: ")) == (line, True)
    assert said in fault.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: !a\n", "the tag '!a' is not allowed; if it is text, put it in quotes"),
        ("a: 1\nb: {{ x }}\n", "a key must be text; if what begins with {{ is text, put it in quotes"),
    ],
)
def test_text_that_means_something_else_without_quotes_is_told_once(text: str, said: str) -> None:
    node, faults = yaml_parse.parse(text)
    assert faults == [Fault(2, said, alone=True)]
    assert node is not None


@pytest.mark.parametrize("text", ["b: {limit: !a, w: 1}", "b: [{limit: !a}]", "b: [!a]", "b: {c: !a,\n  d: 'x !a, y'}"])
def test_a_tag_in_brackets_is_told_as_elsewhere(text: str) -> None:
    told = "the tag '!a' is not allowed; if it is text, put it in quotes"
    assert yaml_parse.parse(f"a: 1\n{text}\n") == (None, [Fault(2, told, alone=True)])


@pytest.mark.parametrize("text", ["a: [!x]\nb: [}\n", "a: {b: c !x, d: : e}\n", "a: {b: !!str, c: 1}\n"])
def test_what_is_wrong_beside_a_tag_is_told(text: str) -> None:
    node, (fault,) = yaml_parse.parse(text)
    assert (node, fault.message.startswith("not valid YAML: ")) == (None, True)


def test_what_neither_reads_is_told_by_the_exact_one() -> None:
    assert yaml_parse.parse("a: {b: c}}\n") == yaml_exact.read("a: {b: c}}\n")


def test_an_inventory_with_addresses_in_braces_is_read_by_the_fast_parser() -> None:
    text = "repos:\n" + "".join(f"  r{n}: {{url: git@host:x/{n}.git}}\n" for n in range(200))
    fast = [faults for spelling in yaml_fast.spellings(text) for faults in _read_fast(spelling)]
    assert fast == [[]]  # by the exact one it takes twenty times as long
    assert data(text)["repos"]["r7"] == {"url": "git@host:x/7.git"}


def _read_fast(spelling: str) -> Iterator[list[Fault]]:
    with suppress(YAMLError, ValueError):
        yield yaml_fast.read(spelling)[1]


def _fences(*languages: str) -> Iterator[tuple[str, str]]:
    for document in (PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))):
        for found in _FENCE.finditer(document.read_text()):
            if found[1] in languages:
                yield document.name, found[2]


def test_every_inventory_that_the_documentation_shows_is_valid() -> None:
    shown = [text for _, text in _fences("yaml") if re.search(r"^version: ", text, re.MULTILINE)]
    assert shown
    for text in shown:
        sets = set(re.findall(r"[\w-]+", " ".join(re.findall(r"templates: \[(.*?)\]", text))))
        assert parse(text, Path("/work/inventory.yaml"), shown="inventory.yaml", sets=sets).targets


def _commands() -> Iterator[tuple[str, list[str]]]:
    for document, text in _fences("sh", "bash", "shell", "console", "text"):
        for line in text.replace("\\\n", " ").splitlines():
            found = re.match(r"\s*(?:\$ )?(?:[A-Z_]+=\S+ )*rollout (?P<given>[a-z-].*)", line)
            if found:
                words = shlex.split(re.split(r"\s[|&;>]|\s#", found["given"])[0], comments=True)
                yield f"{document}: {line.strip()}", words


def _parsed(command: click.Command, name: str, words: list[str], parent: click.Context | None = None) -> None:
    with command.make_context(name, list(words), parent=parent) as context:
        if isinstance(command, click.Group):
            rest = [*context._protected_args, *context.args]
            if rest:
                found, inner, given = command.resolve_command(context, rest)
                assert inner is not None
                _parsed(inner, found or "", given, context)


@pytest.mark.parametrize(("line", "words"), list(_commands()))
def test_every_command_that_the_documentation_shows_can_be_given(line: str, words: list[str]) -> None:
    _parsed(rollout, "rollout", words)


CONTROLLED = [
    "a:\n- 1\n- 2\nb: {}\n",
    "a: 1\n\n\nb: 'x{}'\n",
    'a: 1\r\n\r\nb: 1\r\nc: "x{}"\r\n',
    "a: 1\rb: 1\rc: 1\rd: x{}\r",
]


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: 1\nb: 2\n# bell \x07\n", 3), ('a: 1\r\nb:\r\n  c: "x\x01"\r\n', 3), ("\x07", 1), ("\ta: 1\nü: \ufffe\n", 2)]
    + [(text.format(it), 4) for it in "\x00\x07\x1b\x7f\x80\x9f" for text in CONTROLLED],
)
def test_a_character_that_yaml_does_not_allow_is_told_at_its_line(text: str, line: int) -> None:
    faults = yaml_parse.parse(text)[1]
    assert [(fault.line, "special characters are not allowed" in fault.message) for fault in faults] == [(line, True)]
