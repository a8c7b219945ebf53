"""A document that is larger takes longer to read, and not more than in proportion."""

from __future__ import annotations

import time
from pathlib import PurePosixPath

import pytest

from rollout.content.documents import formats
from rollout.model.inventory import FormatName

_FEW, _MANY, _MOST = 500, 10_000, 3  # how many keys, and how much more than in proportion is noise


@pytest.mark.parametrize(
    ("kind", "each"),
    [
        (FormatName.TOML, "[k{0}]\nv = {0} # c\n\n"),
        (FormatName.TOML, "[[k]]\nv = {0}\n"),
        (FormatName.TOML, "k{0} = {0}\n"),
        (FormatName.TOML, "t.k{0}.v = {0}\n"),
        (FormatName.INI, "[k{0}]\nv = {0}\n\n"),
        (FormatName.YAML, "k{0}:\n  v: {0}  # c\n\n"),
    ],
)
def test_reading_takes_as_long_as_the_document_is(kind: FormatName, each: str) -> None:
    few, many = (_seconds(kind, "".join(map(each.format, range(count)))) for count in (_FEW, _MANY))
    assert many < few * _MANY / _FEW * _MOST


def _seconds(kind: FormatName, text: str) -> float:
    """Return how long the processor takes to read a document, at best."""
    form, taken = formats.named(kind, PurePosixPath("x")), []
    for number in range(3):
        start = time.process_time()
        form.read(text + "\n" * number)  # a text that was read is not read again
        taken.append(time.process_time() - start)
    return min(taken)
