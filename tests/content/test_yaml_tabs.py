"""Tabs where YAML 1.2 allows them are read, in documents that are merged and in the inventory."""

from __future__ import annotations

import pytest

from rollout.content.yaml import parse as yaml_parse
from rollout.model.action import Action
from rollout.model.inventory import FileRule, Mode
from tests.lives import Life

_ALLOWED = [
    "a: 1\n\t\nb: 2\n",
    "a: 1\n  \t \t\nb: 2\n",
    "\t\na: 1\n",
    "a: 1\n\t# c\nb: 2\n",
    "a:\n- x\n \t\n- y\t# c\n",
    "a:\n-\tx\n-\t'y'\n",
    "a:\t1\r\n\t\r\nb: [1,\t2]\t\r\n",
    "a: |\n  x\ty\n  \tz\n\n\t\nb: 2\n",
    "a: 1\n\t",
]


@pytest.mark.parametrize("text", _ALLOWED)
def test_a_tab_between_tokens_is_no_fault_and_stays(text: str) -> None:
    assert yaml_parse.parse(text)[1] == []
    file = Life("x.yaml", text, FileRule(Mode.MERGE))
    added = file.lived("zzz: 1\n")
    assert added is not None
    assert "zzz: 1" in added.splitlines()
    assert file.lived("{}\n") == text


@pytest.mark.parametrize("text", ["a:\n\tb: 1\n", "a:\n-\tb: 1\n", "a:\n-\t- b\n", "\ta: 1\n"])
def test_a_tab_for_an_indent_is_refused_with_its_line(text: str) -> None:
    assert "not valid YAML" in yaml_parse.parse(text)[1][0].message
    planned = Life("x.yaml", text, FileRule(Mode.MERGE)).plan("zzz: 1\n")
    assert planned is not None
    assert (planned.action, "not valid YAML" in planned.cause) == (Action.ERROR, True)
