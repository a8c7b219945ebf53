"""What a person may do in the middle of a run, as shell scripts; each leaves a token that must never disappear."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

TOKEN = "TOKEN-of-the-person"


@dataclass(frozen=True)
class Deed:
    """One thing a person does: a script run in the world's folder, and where it leaves traces."""

    name: str
    script: str
    place: str = "checkout"  # checkout, folder, upstream, review or source
    git: bool = False  # it changes index, stash or branches of the checkout, as is the person's right
    blocks: bool = False  # the managed file is the person's from now on: the run rightly does not converge there
    stays: str = ""  # a test that must hold in the end, if the deed was done

    def command(self, live: Path, top: str, scratch: Path) -> str:
        """Return the command line by which the deed is done, in the person's own environment."""
        script = self.at(top, self.script)
        scratch.write_text(f"cd {live}\n{_WORDS}\n{script}\n")
        return (
            f"env -i PATH=$PATH HOME={live}/home GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL={live}/home/.gitconfig "
            f"FAULT_MAIN=$FAULT_MAIN FAULT_STOPPED=$FAULT_STOPPED sh {scratch} >/dev/null 2>&1 </dev/null"
        )

    @staticmethod
    def at(top: str, script: str) -> str:
        """Return a script that speaks of api with the checkout that it is about."""
        return script.replace("api/", f"{top}/").replace("-C api", f"-C {top}").replace("cd api", f"cd {top}")


# A token is written where it must never be lost; `theirs` says that the commit at HEAD is one of the person's.
_WORDS = f"""note() {{ echo {TOKEN} && : > "$LIVE/did"; }}
theirs() {{ git rev-parse HEAD >> "$LIVE/theirs"; }}
word() {{ echo {TOKEN}; }}
said() {{ : > "$LIVE/did"; }}
LIVE=$PWD"""

_NEW = "api/docs/new.txt"

CHECKOUT = (
    Deed("edit in place", "test -f api/conf.txt && note >> api/conf.txt"),
    Deed("replace by rename", "note > api/.swp && mv api/.swp api/conf.txt"),
    Deed("edit and git add", "note >> api/conf.txt; git -C api add conf.txt", git=True),
    Deed("stage an edit, take it back in the file", "cp -p api/conf.txt aside && note >> api/conf.txt; "
         "git -C api add conf.txt && mv aside api/conf.txt", git=True),
    Deed("stage another file", "note >> api/other.txt; git -C api add other.txt", git=True),
    Deed("commit -am", "note >> api/other.txt; git -C api commit -q -am persons-own", git=True),
    Deed("edit and commit -am", "note >> api/conf.txt; git -C api commit -q -am persons-own", git=True),
    Deed("rm", "rm -f api/conf.txt"),
    Deed("create where ours will be", f"mkdir -p api/docs; note > {_NEW}"),
    Deed("mkdir where ours will be", f"rm -f {_NEW}; mkdir -p {_NEW}; note > {_NEW}/mine"),
    Deed("symlink the folder", "mkdir -p outside; rm -rf api/docs; ln -s ../outside api/docs"),
    Deed("chmod", "chmod 600 api/conf.txt && note > aside", stays="test $(stat -c %a api/conf.txt) = 600"),
    Deed("stash", "note >> api/other.txt; git -C api stash -q", git=True),
    Deed("switch branch", "git -C api switch -q -c feature; note > api/extra.txt", git=True),
    Deed("edit and switch", "note >> api/other.txt; git -C api switch -q -c feature", git=True),
    Deed("pull", "note >> api/other.txt; git -C api pull -q --rebase --autostash", git=True),
    Deed("gc", "note >> api/other.txt; git -C api gc -q --prune=now", git=True),
    Deed("remove our lock and commit", "rm -f api/.git/index.lock; note >> api/other.txt; "
         "git -C api commit -q -am persons-own", git=True),
    Deed("the ledger is deleted", "rm -f state/ledger.db"),
    Deed("the renderer is killed", "for p in $(cat /proc/$FAULT_MAIN/task/*/children); do "
         "grep -qz rollout.rendering.child_main /proc/$p/cmdline && kill -9 $p; done", place="program"),
)  # fmt: skip

# What is in a sparse checkout afterwards is in the work tree, if the branch has it.
_THERE = f"! git -C api cat-file -e HEAD:docs/new.txt 2>/dev/null || test -f {_NEW}"

SPARSE = tuple(
    Deed(
        f"sparse-checkout {words}",
        f"git -C api sparse-checkout {words} && note >> api/other.txt",
        git=True,
        stays=_THERE,
    )
    for words in ("add docs", "set docs", "disable")
)

FOLDER = (
    Deed("edit a shared file", "test -f shared/a.txt && note >> shared/a.txt", "folder", blocks=True),
    Deed("replace a shared file", "note > shared/.swp && mv shared/.swp shared/a.txt", "folder", blocks=True),
    Deed("create a shared file", "mkdir -p shared/sub; note > shared/sub/b.txt", "folder", blocks=True),
    Deed("rm a shared file", "rm -f shared/a.txt", "folder", blocks=True),
)

_LATER = (
    "{{ exec 3>>{file}; was=$(stat -c %i {file}); : > writing; ( i=0; while [ $i -lt {polls} ] && {waits}; do "
    "sleep 0.01; i=$((i+1)); done; note >&3; rm -f writing ) & }}"
)


def _late(file: str, *, ended: bool) -> str:
    """Return a script that opens a file now and writes into it once it is replaced, or once the run has ended."""
    waits = "kill -0 $FAULT_MAIN" if ended else f'[ "$(stat -c %i {file} 2>/dev/null)" = $was ]'
    return f"test -f {file} && " + _LATER.format(file=file, waits=waits, polls=400 if ended else 100)


def _instead(make: str, file: str) -> str:
    return f"rm -rf {file}; mkdir -p $(dirname {file}); {make}"


# What a person puts where a file was, what they do to it without a change of its words, and what they write late.
ODD = (
    Deed("a folder in place of the file", _instead("mkdir api/conf.txt; note > api/conf.txt/mine", "api/conf.txt")),
    Deed("a symlink in place of the file", _instead("note > mine; ln -s ../mine api/conf.txt", "api/conf.txt"),
         stays="test -L api/conf.txt"),
    Deed("moved away and linked", "mv api/conf.txt mine && ln -s $LIVE/mine api/conf.txt && note > aside",
         stays="test -L api/conf.txt"),
    Deed("a pipe in place of the file", _instead("mkfifo api/conf.txt; note > api/mine", "api/conf.txt"),
         stays="test -p api/conf.txt"),
    Deed("a symlink where a new file will be", _instead(f"note > mine; ln -s ../../mine {_NEW}", _NEW),
         stays=f"test -L {_NEW}"),
    Deed("a pipe where a new file will be", _instead(f"mkfifo {_NEW}; note > api/mine", _NEW), stays=f"test -p {_NEW}"),
    Deed("a folder becomes a pipe", "rm -rf api/docs; mkfifo api/docs; note > api/mine", stays="test -p api/docs"),
    Deed("chmod +x", "chmod +x api/conf.txt && note > aside", stays="test -x api/conf.txt"),
    Deed("chmod -x", "chmod -x api/run.sh && note > aside", stays="! test -x api/run.sh"),
    Deed("other line ends", "sed -i 's/$/\\r/' api/conf.txt && note > aside",
         stays="grep -q $(printf '\\r') api/conf.txt"),
    Deed("a last line without its end", "printf %s \"$(cat api/conf.txt)\" > api/.swp && mv api/.swp api/conf.txt && "
         "note > aside", stays="test \"$(tail -c 1 api/conf.txt)\" = e"),
    Deed("written late, once it is replaced", _late("api/conf.txt", ended=False)),
    Deed("written late, once the run has ended", _late("api/conf.txt", ended=True)),
    Deed("emptied", ": > api/conf.txt && note > aside", stays="! test -s api/conf.txt"),
)  # fmt: skip

# The same to files whose names our rules refuse and a repository may have all the same.
REFUSED = tuple(
    Deed(f"{what} {name}", script.replace("NAME", f"api/{name}"), stays=stays.replace("NAME", f"api/{name}"))
    for name in ("aux.c", "name.", "con.txt")
    for what, script, stays in (
        ("edit", "test -f NAME && note >> NAME", ""),
        ("replace", "note > api/.swp && mv api/.swp NAME", ""),
        ("chmod +x", "test -f NAME && chmod +x NAME && note > aside", "test -x NAME"),
    )
)

ODD_FOLDER = (
    Deed("a folder in place of the shared file",
         _instead("mkdir shared/a.txt; note > shared/a.txt/mine", "shared/a.txt"), "folder", blocks=True),
    Deed("a symlink in place of the shared file", _instead("note > mine; ln -s ../mine shared/a.txt", "shared/a.txt"),
         "folder", blocks=True, stays="test -L shared/a.txt"),
    Deed("a pipe in place of the shared file", _instead("mkfifo shared/a.txt; note > mine", "shared/a.txt"), "folder",
         blocks=True, stays="test -p shared/a.txt"),
    Deed("a folder where a shared file will be", _instead("mkdir shared/sub/b.txt; note > shared/sub/b.txt/mine",
         "shared/sub/b.txt"), "folder", blocks=True),
    Deed("chmod +x of a shared file", "chmod +x shared/a.txt && note > aside", "folder", blocks=True,
         stays="test -x shared/a.txt"),
    Deed("chmod 600 of a shared file", "chmod 600 shared/a.txt && note > aside", "folder", blocks=True,
         stays="test $(stat -c %a shared/a.txt) = 600"),
    Deed("other line ends in a shared file", "sed -i 's/$/\\r/' shared/a.txt && note > aside", "folder", blocks=True,
         stays="grep -q $(printf '\\r') shared/a.txt"),
    Deed("a shared file written late, once it is replaced", _late("shared/a.txt", ended=False), "folder", blocks=True),
    Deed("a shared file written late, once the run has ended", _late("shared/a.txt", ended=True), "folder",
         blocks=True),
)  # fmt: skip

_REWORDED = 'git log -1 --format=%B | sed "1s/^/$(word) /" | git commit -q --amend -F - && said'
_NO_EDITOR = "GIT_EDITOR=true GIT_SEQUENCE_EDITOR=true git -c rebase.autoStash=true"
_MINE = "note > mine.txt && git add mine.txt"
_SQUASHED = (
    f"{_MINE} && git commit -q -m own && words=$(git log -1 --format=%B HEAD~1) && git reset -q --soft HEAD~2 && "
    'git commit -q -m "$words"'
)
_PICKED = f"git reset -q --hard HEAD~1 && git cherry-pick -n ORIG_HEAD && {_MINE} && git commit -q -C ORIG_HEAD"
_REVERTED = f"git revert -n HEAD && {_MINE} && git commit -q -m persons-revert"


def _stashed(script: str) -> str:
    return f"git stash -q && {{ {script} && theirs; git stash pop -q; }}"


# What people do to our own commits: HEAD of the checkout is a commit of ours as a rule.
OWN = tuple(
    Deed(name, f"cd api && {script}" + ("" if "theirs" in script else " && theirs"), git=True)
    for name, script in (
        ("amend with an edit", "note >> other.txt && git commit -q --amend --no-edit -a"),
        ("amend with an edit of a managed file", "note >> conf.txt && git commit -q --amend --no-edit conf.txt"),
        ("amend with a new file", f"{_MINE} && git commit -q --amend --no-edit"),
        ("amend with git rm", "git rm -q team.txt && git commit -q --amend --no-edit"),
        ("amend with git rm of a managed file", "git rm -q -f run.sh && git commit -q --amend --no-edit"),
        ("reword", _REWORDED),
        ("reword without our trailers", 'git commit -q --amend -m "mine now $(word)" && said'),
        ("fixup", f"{_MINE} && git commit -q --fixup=HEAD && {_NO_EDITOR} rebase -q -i --autosquash HEAD~2"),
        ("squash", _SQUASHED),
        ("cherry-pick onto a commit of their own", _stashed(f"git reset -q --hard HEAD~1 && {_MINE} && "
         "git commit -q -m persons-own && { git cherry-pick ORIG_HEAD || { git cherry-pick --abort; false; }; }")),
        ("cherry-pick with an edit", _stashed(_PICKED)),
        ("revert", _stashed("git revert --no-edit HEAD")),
        ("revert with an edit", _stashed(_REVERTED)),
        ("commit on top", f"{_MINE} && git commit -q -m persons-own"),
        ("git rm on top", 'git rm -q -f team.txt && git commit -q -m "persons-own $(word)" && said'),
        ("reset and commit again", f"git reset -q --soft HEAD~1 && {_MINE} && git commit -q -C ORIG_HEAD"),
    )
)  # fmt: skip

_UPSTREAM = "cd pusher && git fetch -q && git reset -q --hard origin/main &&"
_PUSHED = "&& git push -q --force && git rev-parse HEAD >> ../theirs-upstream"

# What they wrote into a managed file is drift, and stays until somebody decides about it.
_EDIT_STAYS = f"! test -e theirs-upstream || git -C api.git show main:conf.txt | grep -q {TOKEN}"

# The same by a colleague, pushed.
OWN_UPSTREAM = tuple(
    Deed(
        name,
        f"{_UPSTREAM} {script} {_PUSHED}",
        "upstream",
        blocks=True,
        stays=_EDIT_STAYS if "conf.txt" in script else "",
    )
    for name, script in (
        ("a colleague amends with an edit", "note >> other.txt && git commit -q --amend --no-edit -a"),
        ("a colleague amends with an edit of a managed file", "note >> conf.txt && git commit -q --amend --no-edit -a"),
        ("a colleague amends with git rm", f"git rm -q team.txt && {_MINE} && git commit -q --amend --no-edit"),
        ("a colleague rewords", _REWORDED),
        ("a colleague squashes", _SQUASHED),
        ("a colleague cherry-picks with an edit", _PICKED),
        ("a colleague reverts", "git revert --no-edit HEAD > /dev/null"),
        ("a colleague reverts with an edit", _REVERTED),
        ("a colleague removes a managed file", f"git rm -q run.sh && {_MINE} && git commit -q -m persons-own"),
    )
)

# What is done while a process of the run stands still; left alone, the run loses patience with it.
SIGNALS = (
    Deed("left alone", ":", "signal"),
    Deed("interrupted twice", "kill -INT $FAULT_MAIN; sleep 0.15; kill -INT $FAULT_MAIN", "signal"),
    Deed("terminated twice", "kill -TERM $FAULT_MAIN; sleep 0.15; kill -TERM $FAULT_MAIN", "signal"),
    Deed("interrupted once", "kill -INT $FAULT_MAIN", "signal"),
    Deed("interrupted, and it goes on", "kill -INT $FAULT_MAIN; sleep 0.3; kill -CONT $FAULT_STOPPED", "signal"),
    Deed("interrupted twice, and it goes on", "kill -INT $FAULT_MAIN; sleep 0.1; kill -INT $FAULT_MAIN; sleep 0.1; "
         "kill -CONT $FAULT_STOPPED", "signal"),
)  # fmt: skip

_WAYS = (("emptied", ": > {0}"), ("cut in half", 'truncate -s $(($(stat -c %s {0}) / 2)) {0}'),
         ("garbage", "printf 'garbage\\0\\377{{]' > {0}"), ("a folder", "rm -f {0} && mkdir {0}"),
         ("removed", "rm -f {0}"))  # fmt: skip


def damage(pattern: str, number: int = 1) -> tuple[Deed, ...]:
    """Return the ways in which the n-th file like a pattern, below the world's folder, is damaged."""
    return tuple(
        Deed(f"{pattern} #{number} is {how}", f'f=$(ls -1d {pattern} | sed -n {number}p); test -f "$f" && '
             f"{{ {script.format(chr(34) + '$f' + chr(34))}; printf %s \"$f\" > did; }}", "state")
        for how, script in _WAYS
    )  # fmt: skip


def folder_gone(pattern: str) -> Deed:
    return Deed(f"{pattern} is removed whole", f"ls -d {pattern} && rm -rf {pattern} && : > did", "state")


# After these nothing tells what rollout wrote in the shared folder, nor what it left there.
FORGETS = {deed.name for deed in (folder_gone("state"), folder_gone("state/folders"), *damage("state/folders/*.json"))}

# What a person's own git command must survive when a whole rollout happens at any call of it.
COMMANDS = (
    Deed("pull --rebase --autostash", "git pull -q --rebase --autostash"),
    Deed("stash and pop", "git stash -q && git stash pop -q"),
    Deed("commit -a", "git commit -q -am persons-own"),
    Deed("switch and back", "git switch -q side && git switch -q main"),
)

UPSTREAM = (
    Deed("another push", "cd pusher && git pull -q --rebase && note >> team.txt && "
         "git commit -q -am pushed-by-another && git push -q", "upstream"),
    Deed("another push of a managed file", "cd pusher && git pull -q --rebase && note >> conf.txt && "
         "git commit -q -am pushed-by-another && git push -q", "upstream", blocks=True),
)  # fmt: skip
