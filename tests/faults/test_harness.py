"""The harness itself: names of calls and experiments, mutations that fit, and the table in the document."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from tests.faults import kinds, mutations, points, table
from tests.faults.kind import Kind
from tests.faults.mutations import MUTATIONS, Mutation
from tests.faults.points import Point
from tests.faults.shim import Call

_ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("/tmp/x/live/api/.git/rollout/op-4711-815/0.part", "*/live/api/.git/rollout/op-*/0.part"),
        ("/tmp/x/live/api/.git/objects/ab/tmp_obj_Ab3dEf", "*/live/api/.git/objects/??/tmp_obj_*"),
        ("/tmp/x/live/state/workshops/tmp-x-live-api-git-df6b9c1bf66e/HEAD", "*/live/state/workshops/*api-git-*/HEAD"),
        ("/tmp/x/live/shared/.a.txt.rollout-0123abcd", "*/live/shared/.a.txt.rollout-*"),
        ("t-df6b9c1bf66e929be0d9/live/api/conf.txt", "*/live/api/conf.txt"),
    ],
)
def test_what_differs_from_run_to_run_is_a_star_in_the_name_of_a_call(path: str, pattern: str) -> None:
    assert points.like(path) == pattern


def _calls() -> list[Call]:
    paths = ["state/ledger.db", "api/.git/index", "api/.git/rollout/op-4711-1001/0", "api/.git/rollout/op-4711-1002/0"]
    return [Call(number, 1, "rename", f"/w/live/{path}", 0.0) for number, path in enumerate(paths, 1)]


def test_calls_on_paths_that_are_alike_are_numbered() -> None:
    named = [str(point) for _, point in points.of(_calls())]
    assert named[2:] == [f"before rename */live/api/.git/rollout/op-*/0 #{number}" for number in (1, 2)]


@pytest.mark.parametrize("kind", kinds.KINDS, ids=lambda kind: kind.name)
def test_an_experiment_is_made_again_from_its_name(kind: Kind) -> None:
    paths = ("state/folders/shared-0.lock", "shared/a.txt", "api.git/HEAD", "api/x", "templates/project/conf.txt.j2")
    shared = [Call(9, 2, name, f"/w/live/{path}", 0.0) for name in ("write", "rename", "POST") for path in paths]
    named = list(points.of([*_calls(), *shared, Call(9, 2, "execve", "git update-ref x", 0.0)]))
    every = dict.fromkeys(kind.stories, named)
    made = list(islice(kind.experiments(every, "*", "*", Random(1)), 50))
    assert made
    for experiment in made:
        assert kinds.parsed(str(experiment)) == experiment


@pytest.mark.parametrize("name", ["", "kill everything", "kill everything | push | - | before #1",
                                  "kill everything | nowhere | - | before rename */x #1"])  # fmt: skip
def test_what_is_no_name_of_an_experiment_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no"):
        kinds.parsed(name)


def test_a_point_is_its_name() -> None:
    point = Point("exchange", "*/live/api/a file.txt", 12, after=True)
    assert points.parsed(str(point)) == point


@pytest.fixture(scope="module")
def program() -> Mapping[Path, str]:
    return mutations.sources(_ROOT / "rollout")


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.guard)
def test_a_mutation_fits_the_program(program: Mapping[Path, str], mutation: Mutation) -> None:
    changed = mutations.changed(mutation, program)
    assert all(program[file] != text for file, text in changed.items())
    assert [bool(mutation.kind), bool(mutation.repeat), bool(mutation.test)].count(True) == 1
    if mutation.kind:
        assert kinds.chosen(kinds.KINDS, mutation.kind)
    if mutation.repeat:
        assert str(kinds.parsed(mutation.repeat)) == mutation.repeat


def test_a_mutation_that_does_not_fit_fails_loudly(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/one.py").write_text("a = 1\n")
    fits = Mutation("a guard", "one.py", "a = 1", "a = 2", "*")
    there = mutations.sources(tmp_path)
    assert mutations.changed(fits, there) == {tmp_path / "deep/one.py": "a = 2\n"}
    with pytest.raises(LookupError, match="mend the mutation"):
        mutations.changed(Mutation("a guard", "one.py", "b = 1", "", "*"), there)
    with pytest.raises(LookupError, match="stands in 0 modules"):
        mutations.changed(Mutation("a guard", "two.py", "c = 1", "", "*"), there)


def test_the_table_goes_between_its_marks_and_the_document_has_them() -> None:
    row = table.Row("kill everything", 3, 2, 1, 0, 1.5, {"-9": 3})
    result = table.Result("2026-02-03", 2, 2, 120.0, [row], {"the power goes (xfs)": "needs mkfs.xfs"}, [])
    document = (_ROOT / "docs/experiments.md").read_text()
    made = table.put(document, result)
    assert "| kill everything | 3 | 2 | 1 | 0 |" in made
    assert "| the power goes (xfs) | skipped: needs mkfs.xfs | | | |" in made
    assert "2026-02-03, 2 at a time on 2 cores: 3 experiments" in made
    assert table.put(made, result) == made
    outside = re.sub(r"(?s)<!-- experiments: begin -->.*<!-- experiments: end -->", "", made)
    assert outside == re.sub(r"(?s)<!-- experiments: begin -->.*<!-- experiments: end -->", "", document)
    with pytest.raises(ValueError, match="no place for the table"):
        table.put("nothing\n", result)
