"""Takes one guard away at a time, in a copy of the program, and sees whether the fault sweep notices.

    python -m tests.faults.mutations

A sweep that is content with a program that has lost a guard would prove nothing about the guard.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.faults.sweep import rooms

_ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Mutation:
    """One guard: where it is, what stands there without it, and the experiments that must notice."""

    guard: str
    file: str
    old: str
    new: str
    kind: str
    deed: str = "*"
    story: str = "*"
    where: str = "*"
    also: tuple[tuple[str, str, str], ...] = ()  # file, old and new of further places


MUTATIONS = (
    Mutation("the exact lease of the push", "workshop.py",
             'f"--force-with-lease={self.remote.ref}:{base}"', '"--force"',
             "somebody else pushes", "another push", "push",
             also=(("workshop.py", "gitdir.bare(beside) is not None", "False"),)),
    Mutation("what the receiver is told the branch must be at", "handover.py",
             "_request(ref, old, new, _HERE)", "_request(ref, (folder / ref).read_text().strip(), new, _HERE)",
             "somebody else pushes", "another push", "push"),
    Mutation("the second look, under the lock", "follow.py",
             "            act.look()\n            act.run()", "            act.run()",
             "a person acts in the checkout", "stage an edit*", "push"),
    Mutation("the exchange that keeps what it displaces", "follow.py",
             "atomic.exchange(scratch, number, folder, name)\n                swap.kept = number",
             "os.rename(number, name, src_dir_fd=scratch, dst_dir_fd=folder)",
             "a person acts in the checkout", "edit in place", "push", "*.git/rollout/op-*",
             (("follow.py", '        """Look at what came out: it must be the very file that was looked at."""\n',
               "        return\n"),)),
    Mutation("quiescence", "follow.py", "        if busy:\n", "        if busy and False:\n",
             "a rollout inside*", "pull*"),
    Mutation("the index keeps its time", "follow.py",
             "            os.utime(made, ns=(about.st_atime_ns, about.st_mtime_ns))\n", "",
             "a write is cut short", "*", "push"),
    Mutation("a file has its name only when it is whole", "atomic.py", 'PART = ".part"', 'PART = ""',
             "kill everything", "*", "push",
             "*.git/rollout/op-*"),
    Mutation("the ref tells, not how its writer ended", "follow.py",
             "if self.repo.ref(branch) != self.to.commit:", "if True:", "kill one process", "*", "no push",
             "*.git/*refs/heads/*"),
)  # fmt: skip


def caught(mutation: Mutation, place: Path, most: int = 400, seconds: float = 240) -> str | None:
    """Return the first violation the sweep found in the mutated program, or None."""
    shutil.copytree(_ROOT / "rollout", place / "rollout", dirs_exist_ok=True)
    shutil.copytree(_ROOT / "tests", place / "tests", dirs_exist_ok=True)
    for name, old, new in ((mutation.file, mutation.old, mutation.new), *mutation.also):
        file = place / "rollout" / name
        text = file.read_text()
        assert old in text, f"{mutation.guard}: {name} has changed; mend the mutation"
        file.write_text(text.replace(old, new))
    chosen = {"--kind": mutation.kind, "--deed": mutation.deed, "--story": mutation.story, "--where": mutation.where,
              "--most": str(most), "--seconds": str(seconds), "--every": "1"}  # fmt: skip
    options = [word for option in chosen.items() for word in option]
    command = [sys.executable, "-m", "tests.faults.sweep", "--first", *options]
    environment = os.environ | {"PYTHONPATH": str(place)}
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)
    lines = [line for line in done.stderr.splitlines() if line.startswith("VIOLATION")]
    return lines[0] if lines else None


def main() -> int:
    missed = 0
    for mutation in MUTATIONS:
        if not any(word in mutation.guard for word in sys.argv[1:] or [""]):
            continue
        place = rooms()
        try:
            found = caught(mutation, place)
        finally:
            shutil.rmtree(place, ignore_errors=True)
        missed += found is None
        print(f"{'caught' if found else 'MISSED'}: without {mutation.guard}: {(found or '')[:300]}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
