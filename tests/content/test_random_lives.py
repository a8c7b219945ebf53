"""Real-looking files live by chance: no line of a person goes unasked, and nothing of ours stays when it is dropped."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus import FOLDER
from tests.first_rows import first_rows
from tests.random_lives import FILES, lived, lived_with_quirks


@pytest.mark.parametrize("people", [pytest.param(False, marks=pytest.mark.long), True], ids=["alone", "people"])
@first_rows(15, "file", FILES, ids=lambda file: file.name)
def test_a_file_keeps_its_promises_whatever_happens_to_it(file: Path, people: bool) -> None:
    lived(file, 1, steps=4, people=people)


@pytest.mark.long
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_keeps_its_promises_over_many_lives(file: Path) -> None:
    for seed in range(2, 22):
        lived(file, seed, people=seed % 2 == 0)


@pytest.mark.parametrize("seed", [26, 40, 79, 80])
def test_brackets_that_a_template_filled_go_when_people_write_on_in_its_lines(seed: int) -> None:
    lived(FOLDER / "values.yaml", seed, steps=4 if seed > 26 else 6)


@first_rows(15, "file", FILES, ids=lambda file: file.name)
def test_a_file_with_the_quirks_of_people_keeps_its_promises(file: Path) -> None:
    for seed in range(2):
        lived_with_quirks(file, seed)


@pytest.mark.long
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_with_the_quirks_of_people_keeps_its_promises_over_many_lives(file: Path) -> None:
    for seed in range(2, 30):
        lived_with_quirks(file, seed, steps=6)
