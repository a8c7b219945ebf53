"""Policies on what is written, by values: what each finds, with its line, and what it must let through."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from rollout.content import policies
from rollout.model.delimiters import Delimiters
from rollout.model.inventory import FileRule, PolicyName

RLO, ZERO_WIDTH, TAG = "\u202e", "\u200b", "\U000e0041"


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("unicode", f"a\nb{RLO}c\n", 2),
        ("unicode", f"{ZERO_WIDTH}\n", 1),
        ("unicode", f"a\n\n{TAG}", 3),
        ("unicode", "a\u200db\n", 1),
        ("conflict", "a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> x\n", 2),
        ("conflict", "a\r\nb\r\n>>>>>>> x\r\n", 3),
        ("unresolved", "a {{ who }}\n", 1),
        ("unresolved", "a\n{{who|upper}}\n", 2),
        ("unresolved", "{{ DONE }} {{ who }}\n", 1),
        ("front-matter", "---\na: [\n---\n", 3),
        ("front-matter", "---\na: 1\nb\n", 1),
        ("front-matter", "---\nonly words\n---\n", 2),
    ],
)
def test_what_breaks_a_policy_is_told_with_its_line_and_can_be_allowed(name: str, text: str, line: int) -> None:
    path = PurePosixPath("a.md")
    said = policies.broken(text.encode(), FileRule(placeholders=("DONE",)), path)
    assert said is not None
    assert said.line == line
    assert f"allow: [{name}]" in said.way_out
    assert policies.broken(text.encode(), FileRule(allow=(PolicyName(name),), placeholders=("DONE",)), path) is None


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffé 👩\u200d💻 ❤\ufe0f 🏴\U000e0067\U000e0062\U000e007f نامه\u200cای\n",
        "${{ github.ref }} {{ DONE }} {{.Values.x}} {{color: red}} { { a } }\n",
        "class <<interface>>\n",
        "heading\n=======\n<<<<<<<< eight\n",
        "---\n\na: [\n---\n",
        "---\na: 1\nb: [x]\n---\ntext: [\n",
        "text\n---\na: [\n---\n",
        "",
    ],
)
def test_what_only_looks_alike_is_let_through(text: str) -> None:
    assert policies.broken(text.encode(), FileRule(placeholders=("DONE",)), PurePosixPath("a.md")) is None


@pytest.mark.parametrize("content", [b"\xff\xfe{{ who }}", b"\0{{ who }}"])
def test_what_is_no_text_is_not_judged(content: bytes) -> None:
    assert policies.broken(content, FileRule(), PurePosixPath("a.md")) is None


def test_only_the_marks_of_the_template_of_a_file_are_left_over() -> None:
    rule, path = FileRule(delimiters=Delimiters.ANGLE), PurePosixPath("a.sh")
    fine = "cat <<EOF\n<<-'EOF'\ncat << EOF >> out\n<<< word\na << b\n1 << 2 >> 3\n{{ who }}\nEOF\n"
    assert policies.broken(fine.encode(), rule, path) is None
    assert "line 2: still says << who >>" in str(policies.broken(b"a\n<< who >>\n", rule, path))
