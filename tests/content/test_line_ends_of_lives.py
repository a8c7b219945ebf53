"""A file with CRLF becomes what the same file with LF becomes, with CRLF, whatever templates and people say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.first_rows import first_rows
from tests.random_lives import FILES, Fate, fate

_WITH_LINES = [
    ["p", "q"],
    ["a", ["b", {"c": ["d"]}]],
    {"l": ["m", "n"], "t": "two\nlines\n"},
    [{"a": 1, "b": [2, 3]}],
    "one\n\n  two",
    "one\ntwo\n",
]


class _Spread(Fate):
    """A life with templates that write texts and lists over several lines."""

    def template(self) -> str:
        return self.written(spread=self.chance.random() < 0.7)

    def a_value(self) -> object:
        return self.chance.choice(_WITH_LINES) if self.chance.random() < 0.6 else super().a_value()


def _twins(file: Path, seed: int) -> tuple[Fate, Fate]:
    one = fate(file, seed, _Spread)
    text = (one.life.text or "").replace("\r\n", "\n")
    text += "" if "\n" in text else "\n"
    one.life.text = one.shadow = text
    other = fate(file, seed, _Spread)
    other.life.text = other.shadow = text.replace("\n", "\r\n")
    return one, other


def _alike(file: Path, seed: int, steps: int = 4) -> None:
    one, other = twins = _twins(file, seed)
    for _ in range(steps):
        said = []
        for twin in twins:
            if twin.chance.random() < 0.5:
                twin.person()
            twin.change_template()
            template = twin.template()
            planned = twin.life.rolled_out(template)
            twin.story.append(f"=== template\n{template}")
            said.append(None if planned is None else (planned.action, planned.cause))
        assert said[0] == said[1], "\n".join(one.story)
        assert (one.life.text or "").replace("\n", "\r\n") == other.life.text, "\n".join(one.story)


@first_rows(15, "file", FILES, ids=lambda file: file.name)
def test_a_file_with_crlf_becomes_what_it_becomes_with_lf(file: Path) -> None:
    _alike(file, 0)


@pytest.mark.long
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_with_crlf_becomes_what_it_becomes_with_lf_over_many_lives(file: Path) -> None:
    for seed in range(1, 30):
        _alike(file, seed, steps=6)
