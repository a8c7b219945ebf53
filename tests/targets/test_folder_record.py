"""The record of a shared folder: what an older version wrote is read, and what nobody can read costs one file alone."""

from __future__ import annotations

import json
from pathlib import Path

from msgspec.structs import replace

from rollout.model.files import File, TakenOver, fingerprint
from rollout.model.own_writes import FileShare
from rollout.targets.folder import record
from rollout.targets.folder.record import Announced, FileRecord


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    announced = Announced("100644:b", "100644:a", "run-2", ".rollout-1", mode=0o644)
    written = {
        "a.md": FileRecord(print="100644:a", run="run-1", ours=(("-", "100644:a"),), announced=announced),
        "b.json": FileRecord(kept="asked", agreed=((("hooks", "0"), "true"),)),
    }
    record.write(tmp_path / "r.json", written)
    assert record.read(tmp_path / "r.json") == record.read_whole(tmp_path / "r.json") == written


def test_a_record_of_an_older_version_is_read(tmp_path: Path) -> None:
    older = {
        "announced": {"print": "100644:b", "before": "100644:a", "run": "r", "merged": None, "scratch": ".x"},
        "print": "100644:a", "run": None, "merged": None, "ours": [["-", "100644:a"]], "theirs": ["100644:c"],
    }  # fmt: skip
    (tmp_path / "r.json").write_text(json.dumps({"a.md": older}))
    entry = record.read(tmp_path / "r.json")["a.md"]
    assert (entry.print, entry.ours, entry.announced) == (
        "100644:a", (("-", "100644:a"),), Announced("100644:b", "100644:a", "r", ".x")
    )  # fmt: skip
    assert set(entry.prints()) >= {"100644:a", "100644:b", "100644:c", "-"}


def test_what_nobody_can_read_costs_one_file_alone(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(json.dumps({"a.md": {"print": 7}, "b.md": {"print": "-"}, "c.md": []}))
    assert record.read(tmp_path / "r.json") == {"b.md": FileRecord(print="-")}
    assert record.read_whole(tmp_path / "r.json") is None


def test_of_very_many_writes_the_oldest_are_forgotten() -> None:
    entry = FileRecord()
    for number in range(51):
        announced = Announced(f"100644:{number + 1}", f"100644:{number}", "run", ".x")
        dropped, entry = entry.forgotten(announced), entry.written(announced)
    assert (dropped[:2], len(entry.ours), entry.ours[0][0]) == (("100644:0", "100644:1"), 50, "100644:1")
    assert len(entry.earlier) == 10


def test_an_accepted_merge_remembers_what_was_there_before_it() -> None:
    merged = Announced("100644:m", "100644:theirs", "run", ".x", merged="digest")
    entry = FileRecord(print="100644:ours", kept="asked").written(merged)
    assert (entry.merge_base, entry.theirs, entry.merged, entry.kept) == (
        "100644:ours", ("100644:theirs",), "digest", None
    )  # fmt: skip


def test_what_a_write_left_to_others_is_not_ours_any_more() -> None:
    entry = FileRecord(print="100644:b", ours=(("100644:a", "100644:b"),))
    left = entry.written(Announced("100644:c", "100644:b", "run", ".x", share=FileShare.NONE))
    assert (left.present, left.share, len(left.ours)) == ((), FileShare.NONE, 2)
    again = left.written(Announced("100644:e", "100644:d", "run", ".x", share=FileShare.PART))
    assert (again.present, again.share) == ((("100644:d", "100644:e"),), FileShare.PART)


def test_what_is_taken_over_is_remembered_with_what_was_decided_and_written_before() -> None:
    entry = FileRecord(print="100644:b", ours=(("100644:a", "100644:b"),), held="asked")
    left = entry.written(Announced("100644:a", "100644:b", "run", ".x", held="asked", share=FileShare.NONE))
    taken = replace(left, kept="asked").taken_over(TakenOver(File(b"c"), keys_only=True))
    said = (fingerprint(File(b"c")), True, "asked", "asked")
    assert (taken.print, taken.keys_only, taken.kept, taken.held) == said
    assert (taken.present, taken.ours, taken.earlier) == ((), left.ours, left.earlier)


def test_after_a_revert_the_run_is_the_one_that_wrote_what_is_there() -> None:
    entry = FileRecord()
    for number in (1, 2, 3):
        entry = entry.written(Announced(f"100644:{number}", f"100644:{number - 1}", f"run-{number}", ".x"))
    back = entry.written(Announced("100644:2", "100644:3", "run-4", ".x", share=FileShare.GIVEN_BACK))
    again = back.written(Announced("100644:3", "100644:2", "run-5", ".x", share=FileShare.GIVEN_BACK))
    assert (entry.run, back.run, again.run) == ("run-3", "run-2", "run-3")
