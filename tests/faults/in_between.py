"""What must hold at every instant, also before the next run mends the rest."""

from __future__ import annotations

from tests.faults.experiment import Ended, Experiment
from tests.faults.picture import Picture
from tests.faults.room import Room
from tests.faults.shim import Mode
from tests.faults.stories import MANAGED, Story


def reverted(room: Room, story: Story, before: Picture) -> list[str]:
    """Say where index or work tree take our content back although the branch has it: at no instant may they."""
    if not (room.live / story.top / ".git/HEAD").exists() or story.clones:
        return []
    listed = room.git(story.top, "ls-tree", "-r", "-z", "HEAD").split("\0")
    head = {line.split("\t", 1)[1]: line.split("\t", 1)[0].split(" ")[2] for line in listed if line}
    listed = room.git(story.top, "ls-files", "-s", "-t", "-z").split("\0")
    index = {line.split("\t", 1)[1]: line.split("\t", 1)[0].split(" ") for line in listed if line}
    found = []
    for path in MANAGED:
        old = before.index.get(path, "").split(" ")[2:3]
        if path not in head or [head[path]] == old:
            continue
        if [index[path][2]] == old if path in index else not old:
            found.append(f"staged revert of {path}")
        if path in index and index[path][0] == "S":
            continue  # a sparse checkout leaves it out
        file = room.live / story.top / path
        was = before.files.get(path)
        if (was is None and not file.exists()) or (was is not None and file.is_file() and file.read_bytes() == was[0]):
            found.append(f"the work tree takes {path} back")
    return found


def expected_trace(ended: Ended) -> bool:
    """A process killed while Python was starting or ending says what it likes."""
    return ended.code < 0


def left_in_use(room: Room, experiment: Experiment, ended: Ended) -> list[str]:
    """A run that ended by itself must have let go of the person's index, whatever went wrong."""
    if ended.code < 0 or experiment.fault.mode is Mode.KILL_GROUP or experiment.fault.then:
        return []
    return [
        f"still held after the run: {lock.relative_to(room.live)}"
        for top in ("api", "solo")
        for lock in (room.live / top / ".git").glob("*.lock")
    ]
