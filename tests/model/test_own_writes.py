"""Which of our writes goes back before an older one can: it can at once, and the way ends at the older one."""

from __future__ import annotations

from pathlib import PurePosixPath

from hypothesis import given, settings
from hypothesis import strategies as st

from rollout.model.own_writes import LaterWrites, RecordedWrite, lasting, later_writes

PATH = PurePosixPath("conf.txt")


class _File:
    """A file that only runs write."""

    def __init__(self) -> None:
        self.text = "0"
        self.writes: list[RecordedWrite] = []

    def write(self, text: str, *, gives_back: bool = False) -> None:
        self.writes.append(RecordedWrite(f"r{len(self.writes)}", self.text, text, gives_back))
        self.text = text

    def revert(self, run: str) -> LaterWrites | None:
        """Take a run back where that can be done or is done; else return what stands above it."""
        write = next(one for one in self.writes if one.run == run)
        if self.text == write.after:
            self.write(write.before or "", gives_back=True)
        elif self.text != write.before:
            found = later_writes(run, {PATH: self.writes}, {PATH: self.text})
            return None if found.taken_back else found
        return None


@settings(max_examples=200)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=12), st.integers(0, 20))
def test_the_way_back_to_a_run_leads_over_runs_that_can_be_taken_back(acts: list[tuple[bool, int]], which: int) -> None:
    file = _File()
    for is_revert, number in acts:
        if is_revert and file.writes:
            file.revert(file.writes[number % len(file.writes)].run)
        elif str(number) != file.text:
            file.write(str(number))
    runs = [write.run for write in file.writes] or ["none"]
    run, steps = runs[which % len(runs)], 0
    while file.writes and (above := file.revert(run)) is not None:
        assert file.revert(above.runs[PATH]) is None
        steps += 1
        assert steps <= len(runs)


def test_a_text_that_is_nobodys_write_is_named_after_no_run() -> None:
    writes = [RecordedWrite("r1", "0", "1"), RecordedWrite("r2", "1", "2")]
    assert later_writes("r1", {PATH: writes}, {PATH: "bo"}) == LaterWrites()
    assert later_writes("r9", {PATH: writes}, {PATH: "2"}) == LaterWrites({PATH: "r2"})
    assert later_writes("r1", {PATH: ()}, {}) == LaterWrites()


def test_a_revert_of_something_else_is_a_write_like_any_other() -> None:
    first, newer = RecordedWrite("r1", "0", "1"), RecordedWrite("r2", "bo", "1")
    back = RecordedWrite("r3", "1", "0", gives_back=True)
    again = RecordedWrite("r4", "0", "1", gives_back=True)
    assert lasting([first, newer, back]) == [first, newer, back]
    assert lasting([first, newer, back, again]) == [first, newer]
