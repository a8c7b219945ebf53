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
    place: str = "checkout"  # checkout, folder or upstream
    git: bool = False  # it changes index, stash or branches of the checkout, as is the person's right
    blocks: bool = False  # the managed file is the person's from now on: the run rightly does not converge there

    def command(self, live: Path, top: str, scratch: Path) -> str:
        """Return the command line by which the deed is done, in the person's own environment."""
        script = self.script.replace("api/", f"{top}/").replace("-C api", f"-C {top}")
        scratch.write_text(f"cd {live}\nnote() {{ echo {TOKEN} && : > {live}/did; }}\n{script}\n")
        return (
            f"env -i PATH=$PATH HOME={live}/home GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL={live}/home/.gitconfig "
            f"FAULT_MAIN=$FAULT_MAIN sh {scratch} >/dev/null 2>&1 </dev/null"
        )


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
    Deed("chmod", "chmod 600 api/conf.txt"),
    Deed("stash", "note >> api/other.txt; git -C api stash -q", git=True),
    Deed("switch branch", "git -C api switch -q -c feature; note > api/extra.txt", git=True),
    Deed("edit and switch", "note >> api/other.txt; git -C api switch -q -c feature", git=True),
    Deed("pull", "note >> api/other.txt; git -C api pull -q --rebase --autostash", git=True),
    Deed("gc", "note >> api/other.txt; git -C api gc -q --prune=now", git=True),
    Deed("remove our lock and commit", "rm -f api/.git/index.lock; note >> api/other.txt; "
         "git -C api commit -q -am persons-own", git=True),
    Deed("the ledger is deleted", "rm -f state/ledger.db"),
    Deed("the renderer is killed", "for p in $(cat /proc/$FAULT_MAIN/task/*/children); do "
         "grep -qz rollout.render_child /proc/$p/cmdline && kill -9 $p; done", place="program"),
)  # fmt: skip

FOLDER = (
    Deed("edit a shared file", "test -f shared/a.txt && note >> shared/a.txt", "folder", blocks=True),
    Deed("replace a shared file", "note > shared/.swp && mv shared/.swp shared/a.txt", "folder", blocks=True),
    Deed("create a shared file", "mkdir -p shared/sub; note > shared/sub/b.txt", "folder", blocks=True),
    Deed("rm a shared file", "rm -f shared/a.txt", "folder", blocks=True),
)

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
