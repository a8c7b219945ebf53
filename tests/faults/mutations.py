"""Takes one guard away at a time, in a copy of the program, and sees whether the experiments that watch it notice.

    python -m tests.faults.mutations [WORD ...]     all of them, or those whose guard has one of the words in it

A sweep that is content with a program that has lost a guard would prove nothing about the guard. A mutation names the
experiments that must notice, as narrowly as they can be named: then it takes seconds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.faults import kinds
from tests.faults.sweep import rooms

_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Mutation:
    """One guard: where it is, what stands there without it, and the experiments that must notice."""

    guard: str
    file: str  # the module's file by its name: it may be in any package of the program
    old: str
    new: str
    kind: str  # kinds of experiments, as --kinds takes them
    deed: str = "*"
    story: str = "*"
    where: str = "*"
    also: tuple[tuple[str, str, str], ...] = ()  # file, old and new of further places
    repeat: str = ""  # the one experiment that must notice, by its name: quickest

    def changes(self) -> tuple[tuple[str, str, str], ...]:
        return ((self.file, self.old, self.new), *self.also)


MUTATIONS = (
    Mutation("the exact lease of the push", "store/push.py",
             'f"--force-with-lease={store.remote.ref}:{base}"', '"--force"',
             "somebody else pushes", "another push", "push",
             also=(("store/push.py", "git_folder.bare(beside) is not None", "False"),)),
    Mutation("what the receiver is told the branch must be at", "receive_pack.py",
             "_request(update, _HERE)",
             "_request(Update(update.ref, (folder / update.ref).read_text().strip(), update.new, update.pack), _HERE)",
             "somebody else pushes", "another push", "push"),
    Mutation("the second look, under the lock", "follow.py",
             "        may_move.look(moving)\n        _move(moving)", "        _move(moving)",
             "a person acts in the checkout", "stage an edit*", "push"),
    Mutation("the exchange that keeps what it displaces", "swap_files.py",
             "atomic.swap(scratch, swap.number, folder, name)\n                self._displaced(scratch, swap)",
             "os.rename(swap.number, name, src_dir_fd=scratch, dst_dir_fd=folder)",
             "a person acts in the checkout", "edit in place", "push", "*.git/rollout/op-*"),
    Mutation("quiescence", "may_move.py", "    if busy:\n", "    if busy and False:\n",
             "a rollout inside*", "pull*"),
    Mutation("the index keeps its time", "swap_index.py",
             "            os.utime(made, ns=(about.st_atime_ns, about.st_mtime_ns))\n", "",
             "a write is cut short", "*", "push"),
    Mutation("a file has its name only when it is whole", "replace.py", 'PART = ".part"', 'PART = ""',
             "kill everything", "*", "push",
             "*.git/rollout/op-*"),
    Mutation("the ref tells, not how its writer ended", "follow.py",
             "if there != self.to.commit:  # the ref tells", "if True:  # the ref tells",
             "a git of ours stands still",
             repeat="a git of ours stands still | no push | left alone | "
             "after rename */live/api/.git/refs/heads/main #1"),
    Mutation("the mode of what comes out", "follow.py",
             "(out.content, out.mode, out.identity) != (\n            before.content,\n            before.mode,",
             "(out.content, out.identity) != (\n            before.content,",
             "a person puts odd things in the checkout", "chmod +x", "push", "*/live/api/conf.txt"),
    Mutation("quiescence, in whichever mount", "follow.py", "        if busy:\n", "        if busy and False:\n",
             "a rollout beside*", "pull*"),
    Mutation("the way without an exchange", "replace.py", "{errno.ENOSYS, errno.EINVAL, errno.ENOTSUP}",
             "{errno.ENOTSUP}", "no exchange (EINVAL), killed", "*", "push", "*/live/shared/*"),
    Mutation("whoever still has a replaced file open", "follow.py",
             "(writer := gitdir.open_in(out.identity))", "(writer := gitdir.open_in((0, 0)))",
             "a person puts odd things in the checkout", "written late, once the run has ended", "push",
             "*/live/api/conf.txt"),
    Mutation("a damaged ledger is put aside", "sqlite.py", "isinstance(error, sqlite3.OperationalError)", "True",
             "the state folder is damaged between runs", "state/ledger.db #1 is garbage", "push"),
    Mutation("what is written is on the disk before it has its name", "atomic.py",
             "        turns.sync(descriptor)\n        os.rename(part", "        os.rename(part",
             "the power goes (ext4)", "*", "push", "*/live/api/.git/rollout/*"),
    Mutation("no link is followed at a managed path", "look.py",
             "os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder",
             "os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder",
             "a person puts odd things in the checkout", "moved away and linked", "push",
             "*/live/api/conf.txt"),
    Mutation("a clone has its name only when it is whole", "update_checkout.py",
             'scratch = top.with_name(f"{top.name}{_CLONE}{os.getpid()}")', "scratch = top",
             "a first fetch is killed", "*", "clone", "*/live/api*"),
    Mutation("the look at what came out of a shared folder", "folder.py",
             "if atomic.as_file(out) == change.before:", "if True:", "a person acts in the folder", "*edit*", "push",
             "*/live/shared/*"),
    Mutation("the seal of a commit of ours on a branch", "ownership.py",
             "    return seal.fits(found[2], moved, branch)", "    return True",
             "a person acts in the checkout", "amend*"),
    Mutation("the seal of a commit of ours upstream", "store/history.py",
             "ours = len(parents) == 1 and (", "ours = bool(run and target) or (",
             "somebody else pushes", "amend*"),
    Mutation("the second look at a shared file that was replaced", "displaced.py",
             "if found is None or not proved(found):", "if found is None:",
             "a person acts in the folder", "edit a shared file",
             also=(("write.py", "if beside.look() == planned:", "if beside.look() is not None:"),)),
    Mutation("the ref tells, not how its writer ended", "move_refs.py",
             "        if there == self.moving.commit:\n            return True",
             "        if there == self.moving.commit:\n            return False",
             "kill one process", "*", "no push",
             "*.git/*refs/heads/*"),
    Mutation("the mode of what is displaced", "may_move.py",
             "not _file_mode(moving) or (entry[0] ==", "True or (entry[0] ==",
             "a person acts in the checkout", "*chmod*", "push"),
    Mutation("what recovery cannot prove is kept", "rescue.py",
             "    if proven and writer is None:", "    if writer is None:",
             "a person acts*", "edit in place", "push"),
)  # fmt: skip


def module(program: Path, name: str) -> Path:
    """Return the one module with a name, wherever in the program it is."""
    found = [file for file in program.rglob(Path(name).name) if str(file).endswith(f"/{name}")]
    if len(found) != 1:
        raise LookupError(f"{len(found)} modules are called {name}; mend the mutation")
    return found[0]


def changed(mutation: Mutation, program: Path) -> dict[Path, str]:
    """Return the texts of the modules without the guard; raise LookupError where it is not there any more."""
    texts: dict[Path, str] = {}
    for name, old, new in mutation.changes():
        file = module(program, name)
        text = texts.get(file) or file.read_text()
        if old not in text:
            raise LookupError(f"{mutation.guard}: {name} has changed, {old!r} is not in it; mend the mutation")
        texts[file] = text.replace(old, new)
    return texts


def caught(mutation: Mutation, place: Path, most: int = 60, seconds: float = 60) -> str | None:
    """Return the first violation the sweep found in the mutated program, or None."""
    shutil.copytree(_ROOT / "rollout", place / "rollout", dirs_exist_ok=True)
    shutil.copytree(_ROOT / "tests", place / "tests", dirs_exist_ok=True)
    for file, text in changed(mutation, place / "rollout").items():
        file.write_text(text)
    chosen = {"--kinds": mutation.kind, "--deed": mutation.deed, "--story": mutation.story, "--where": mutation.where,
              "--most": str(most), "--seconds": str(seconds)}  # fmt: skip
    if mutation.repeat:
        chosen = {"--repeat": mutation.repeat, "--times": "3", "--jobs": "1"}
    options = [word for option in chosen.items() for word in option]
    command = [sys.executable, "-m", "tests.faults.sweep", "--first", *options]
    environment = os.environ | {"PYTHONPATH": str(place)}
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)
    lines = [line for line in done.stderr.splitlines() if line.startswith("VIOLATION")]
    if done.returncode not in {0, 1} or (done.returncode == 1 and not lines):
        raise RuntimeError(f"{mutation.guard}: the sweep failed: {done.stderr[-900:]}")
    return lines[0] if lines else None


def main() -> int:
    for mutation in MUTATIONS:  # all of them first: one that does not fit must not be found out in half an hour
        changed(mutation, _ROOT / "rollout")
        kinds.chosen(kinds.KINDS, mutation.kind)
    missed = 0
    for mutation in MUTATIONS:
        if not any(word in mutation.guard for word in sys.argv[1:] or [""]):
            continue
        if all(kind.refusal() for kind in kinds.chosen(kinds.KINDS, mutation.kind)):
            print(f"skipped: without {mutation.guard}: its experiments cannot be made here", flush=True)
            continue
        started, place = time.monotonic(), rooms()
        try:
            found = caught(mutation, place)
        finally:
            shutil.rmtree(place, ignore_errors=True)
        missed += found is None
        verdict = f"{'caught' if found else 'MISSED'} in {time.monotonic() - started:.0f} s"
        print(f"{verdict}: without {mutation.guard}: {(found or '')[:300]}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
