"""How texts are compared and become templates, by values."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rollout.learning.matching import matched
from rollout.learning.naming import Setting, names
from rollout.learning.nearness import Variant, families
from rollout.learning.pieces import Differing, pieces, said
from rollout.learning.placing import placed
from rollout.learning.sets import template_sets
from rollout.learning.shared_part import shared_part
from rollout.learning.writing import Optional, Print, TemplatePart, Verbatim, delimiters_for, template
from rollout.model.delimiters import Delimiters
from rollout.model.files import Snapshot
from rollout.model.inventory import FoundCheckout
from rollout.model.learning import Form, Learned, Sample
from rollout.rendering import sandbox
from tests.fleet.little_fleets import CLAUDE, prose

LINES = st.sampled_from(
    ["a b\n", "b\n", "\n", "k: v\n", "k: w\n", "# api\n", "# web\n", "  - x\n", "port 80.\n", "end"]
)
TEXTS = st.lists(LINES, max_size=8).map("".join).filter(bool)


@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_the_pieces_of_texts_are_these_texts(texts: list[str]) -> None:
    row = pieces(texts)
    assert [said(row, number) for number in range(len(texts))] == texts


MARKS = st.sampled_from(
    ["{{", "}}", "{%", "{#", "<<", ">>", "<%", "<#", "${{ x }}", "$", "{", "<", "\n", "a", " ", "%>"]
)
PARTS = st.one_of(
    st.lists(MARKS, min_size=1, max_size=6).map("".join).map(Verbatim),
    st.just(Print("name")),
)


@example([Verbatim("\n{<#")], Delimiters.SHELL)
@given(st.lists(PARTS, max_size=6), st.sampled_from([*Delimiters, None]))
def test_a_template_says_what_its_parts_say_in_any_delimiters(
    row: list[TemplatePart], chosen: Delimiters | None
) -> None:
    delimiters = chosen or delimiters_for([row])
    text = template(row, delimiters)
    made = sandbox.environment(lambda _: None, delimiters).from_string(text).render(name="value")
    assert made == "".join(part.said if isinstance(part, Verbatim) else "value" for part in row)


@pytest.mark.parametrize("delimiters", Delimiters)
@pytest.mark.parametrize("flag", [True, False])
@pytest.mark.parametrize("more", ["", "one", "one\ntwo"])
def test_lines_that_may_be_missing_leave_no_blank_line(delimiters: Delimiters, flag: bool, more: str) -> None:
    row: list[TemplatePart] = [
        Verbatim("a\n"),
        Optional("flag", "b {{ x }}\n"),
        Print("more", is_line=True, may_be_empty=True),
        Verbatim("c\n"),
    ]
    text = template(row, delimiters)
    made = sandbox.environment(lambda _: None, delimiters).from_string(text).render(flag=flag, more=more)
    assert made == "a\n" + ("b {{ x }}\n" if flag else "") + (f"{more}\n" if more else "") + "c\n"
    assert matched(text, delimiters, made, {}) == {"flag": flag, "more": more}


@pytest.mark.parametrize(
    ("path", "before", "texts", "name"),
    [
        ("ci.yml", '          python-version: "', ("3.11", "3.12"), "python_version"),
        ("ci.yml", "  runs-on: ", ("ubuntu-22.04", "ubuntu-24.04"), "runs_on"),
        ("Dockerfile", "FROM python:", ("3.11", "3.12"), "python_version"),
        ("Dockerfile", "EXPOSE ", ("8080", "3000"), "port"),
        (".env", "PORT=", ("8080", "3000"), "port"),
        ("README.md", "It listens on port ", ("8080", "3000"), "port"),
        ("run.sh", "exec serve --workers ", ("2", "4"), "workers"),
        ("LICENSE", "Copyright (c) ", ("2021", "2022"), "copyright_year"),
        ("LICENSE", "Copyright (c) 2021 ", ("Acme Inc.", "Jo Doe"), "copyright_holder"),
        ("AGENTS.md", "It is maintained by ", ("Ana", "Bob"), "maintained_by"),
        ("AGENTS.md", "Ask ", ("Ana Smith", "Bob Jones"), "contact"),
        (".editorconfig", "max_line_length = ", ("80", "100"), "max_line_length"),
        ("ci.yml", "      - uses: actions/checkout@", ("v3", "v4"), "checkout_version"),
        ("deploy.yml", "          KEY: ${{ secrets.", ("A_KEY", "B_KEY"), "secret_name"),
        (".github/CODEOWNERS", "* @acme/", ("design", "tools"), "team"),
        ("ci.yml", "  replicas: ", ("2", "3"), "replicas"),
        ("x.md", "Use `import ", ("alpha", "beta"), "import_value"),
    ],
)
def test_variables_are_named_by_what_stands_before_them(
    path: str, before: str, texts: tuple[str, ...], name: str
) -> None:
    assert next(iter(names(Setting(PurePosixPath(path), before, (), texts)))) == name


@pytest.mark.parametrize(
    ("path", "above", "texts", "name"),
    [
        ("x.yaml", ("# of issues.", "on:"), ("permissions: {}\n", "permissions:\n  issues: write\n"), "permissions"),
        ("main.yml", ("    strategy:", "      matrix:"), ("        platform:\n          - linux\n", ""), "platform"),
        ("conf.py", ("# General ----",), ("", "extensions = 3\nheadings = 4\n"), "extensions"),
        ("main.yml", ("    steps:",), ("      - name: X\n        run: x\n", ""), "steps"),
        ("Makefile", ("# You can set these.",), ("A = 1\nB = 2\n", "# those\nA = 3\n"), "makefile_part"),
        ("x.md", ("## Style", ""), ("Key: one\n", "Key: two\n"), "style"),
    ],
)  # fmt: skip
def test_lines_are_named_by_their_key_or_by_what_contains_them(
    path: str, above: tuple[str, ...], texts: tuple[str, ...], name: str
) -> None:
    assert next(iter(names(Setting(PurePosixPath(path), "", above, texts, are_lines=True)))) == name


def test_a_set_is_named_after_the_folder_of_most_of_its_files_or_its_first_file() -> None:
    def named(*paths: str) -> str:
        files = [Learned(PurePosixPath(path), ("a", "b"), 1, Form.TEMPLATE) for path in paths]
        sources = [
            Sample(name, FoundCheckout(name, PurePosixPath(name), "main", "origin"), "", frozenset(), Snapshot("", {}))
            for name in "abc"
        ]
        return template_sets(files, sources, {})[0].name

    assert named(".devcontainer/start.sh", ".github/workflows/a.yml", ".github/workflows/b.yml") == "workflows"
    assert named(".readthedocs.yaml", "docs/conf.py") == "readthedocs"


def test_texts_of_two_kinds_are_two_families() -> None:
    python = [
        f"name: CI\non: push\njobs:\n  test:\n    python: 3.1{n}\n    run: pytest\n    cache: pip\n" for n in "12"
    ]
    node = [
        f"on: [pull_request]\nname: Build\nnode:\n  version: {n}\n  steps: npm ci && npm test\n" for n in ("18", "20")
    ]
    variants = [Variant(text, (f"r{number}",)) for number, text in enumerate([*python, *node])]
    assert [family.repositories for family in families(variants)] == [("r0", "r1"), ("r2", "r3")]


def test_a_fleet_of_many_repositories_has_one_family() -> None:
    texts = [
        CLAUDE.format(project=f"p{n}", port=8000 + n, python="3.12", owner="Ana Smith", branch="main")
        for n in range(80)
    ]
    found = list(families([Variant(text, (f"p{number}",)) for number, text in enumerate(texts)]))
    assert [len(family.repositories) for family in found] == [80]


def test_a_text_that_is_mostly_its_own_is_in_no_family() -> None:
    shared = "".join(f"shared line {n}\n" for n in range(4))
    assert list(families([Variant(shared + prose(name, 12), (name,)) for name in "ab"])) == []


def test_a_word_that_differs_is_told_from_the_line_around_it() -> None:
    row = pieces(["# api\n\nruns on 80\n", "# web\n\nruns on 90\n"])
    assert [piece.texts for piece in row if isinstance(piece, Differing)] == [("api", "web"), ("80", "90")]


SECTION = "## Rules\n\nSay it plainly and say it once.\nNever write into the old table.\n"


def test_the_part_that_files_share_begins_with_its_heading_and_ends_with_its_text() -> None:
    texts = {
        name: f"# {name}\n\nof {name}\n\n---\n\n{SECTION}\n## Commands\n\nmake {name}\n" for name in ("a", "b", "c")
    }
    texts["d"] = "# d\n\nnothing shared\n"
    found = shared_part(PurePosixPath("CLAUDE.md"), texts)
    assert found is not None
    assert (found.text, found.repositories) == (SECTION, ("a", "b", "c"))


TABLES = """\
[tool.docs]
commands = ["build"]

[tool.update]
description = "update the pins"
commands = [
    "pins",
]
"""


def test_a_part_of_a_settings_file_begins_and_ends_with_whole_tables() -> None:
    texts = {
        name: f'[tool.test]\ncommands = [\n    "{name}",\n]\n\n{TABLES}\n[tool.x]\nsome = [\n    "{name}",\n]\n'
        for name in "ab"
    }
    found = shared_part(PurePosixPath("pyproject.toml"), texts)
    assert found is not None
    assert found.text == f"{TABLES}\n[tool.x]\n"


def test_a_part_that_begins_inside_of_an_element_is_no_block() -> None:
    inside = "\t\t<br>\n\t\t<a href='x'>\n\t\t\t<b>A runner for all of your builds, and fast.</b>\n\t\t</a>\n\t</p>\n"
    texts = {name: f"# {name}\n\n<p>\n\t{name}\n{inside}\n{name}\n" for name in "ab"}
    assert shared_part(PurePosixPath("readme.md"), texts) is None


_PARAGRAPHS = [
    "Some words that go on\nover {0} of the lines\nand end with [a link\nto](somewhere) here.\n",
    "* one thing to do\n  that goes on\n* and {0} another one\n\n* and one that stands apart\n",
    "1. first\n\n   with a paragraph of its own {0}\n\n2. second\n",
    "```sh\nmake one\n\nmake {0}\n\nmake three\n```\n",
    "| a | b |\n|---|---|\n| 1 | {0} |\n| 2 | 3 |\n",
    "## A heading {0}\n",
    "Title of {0}\n========\n",
    "    indented {0}\n\n    code\n",
    "> quoted {0}\n> and more\n",
    "Words just above\n## A heading\nand {0} words just below.\n",
]


@given(
    st.lists(
        st.tuples(st.sampled_from(_PARAGRAPHS), st.booleans(), st.sampled_from(["\n", "\n\n"])), min_size=2, max_size=7
    ),
)
def test_markers_around_a_shared_part_of_markdown_change_nothing_that_is_shown(
    parts: list[tuple[str, bool, str]],
) -> None:
    texts = {
        name: f"# {name}\n\n" + "".join(one.format(name if own else "some") + end for one, own, end in parts)
        for name in ("api", "web")
    }
    found = shared_part(PurePosixPath("CONTRIBUTING.md"), texts)
    assume(found is not None)
    assert found is not None
    for name in found.repositories:
        before, after = texts[name].split(found.text)
        marked = f"{before}<!-- begin -->\n{found.text}<!-- end -->\n{after}"
        assert _shown(marked) == _shown(texts[name]), marked


def _shown(markdown: str) -> str:
    return re.sub(r"<!-- \w+ -->|\s+", "", MarkdownIt().enable("table").render(markdown))


def test_a_part_that_stands_twice_or_in_a_file_without_comments_is_no_block() -> None:
    texts = {name: f"# {name}\n\n{SECTION}\n{name}\n\n{SECTION}" for name in ("a", "b")}
    assert shared_part(PurePosixPath("CLAUDE.md"), texts) is None
    assert shared_part(PurePosixPath("a.json"), {name: SECTION + name for name in ("a", "b")}) is None


def test_a_part_inside_an_indented_text_is_no_block() -> None:
    inside = "run: |\n  one long line of a script\n  another long line of it\n  and a third long line of it\n"
    texts = {name: f"name: {name}\n{inside}  {name}\n" for name in ("a", "b")}
    assert shared_part(PurePosixPath("ci.yml"), texts) is None


REPOSITORIES = st.sampled_from("abcdef")


@given(st.dictionaries(REPOSITORIES, st.sampled_from(["1", "2", "3"]), min_size=1), st.sets(REPOSITORIES))
def test_each_repository_has_its_own_value_wherever_it_is_set(values: dict[str, str], group: set[str]) -> None:
    where = placed({"v": values}, {"g": sorted(group)})
    effective = {
        name: where.own.get(name, {}).get(
            "v", where.groups.get("g", {}).get("v", where.common.get("v")) if name in group else where.common.get("v")
        )
        for name in values
    }
    assert effective == values


def test_templates_are_read_back_only_where_they_say_the_text() -> None:
    text = '# {{ project }}\n\nport {{ port }} of {{ project|replace("-", "_") }}\n'
    assert matched(text, Delimiters.JINJA, "# a-b\n\nport 80 of a_b\n", {}) == {"project": "a-b", "port": "80"}
    assert (
        matched(text, Delimiters.JINJA, "# a-b\n\nport 80 of c_d\n", {}) is not None
    )  # whoever renders it sees the difference
    assert matched(text, Delimiters.JINJA, "# a-b\n\nhost 80 of a_b\n", {}) is None
    assert matched("{% for x in y %}{{ x }}{% endfor %}\n", Delimiters.JINJA, "1\n", {}) is None
