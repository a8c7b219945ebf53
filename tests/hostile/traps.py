"""Everything a repository can carry that makes git run a command, each tied to a canary that tells which one ran."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.world import World

HOOKS = (
    "applypatch-msg", "commit-msg", "fsmonitor-watchman", "post-applypatch", "post-checkout", "post-commit",
    "post-index-change", "post-merge", "post-receive", "post-rewrite", "post-update", "pre-applypatch",
    "pre-auto-gc", "pre-commit", "pre-merge-commit", "pre-push", "pre-rebase", "pre-receive", "prepare-commit-msg",
    "proc-receive", "push-to-checkout", "reference-transaction", "sendemail-validate", "update",
)  # fmt: skip

# Settings whose value is a command (with {} for it), or opens a door to one.
COMMANDS = (
    ("core.fsmonitor", "{}"),
    ("core.sshCommand", "{}"),
    ("core.askPass", "{}"),
    ("core.gitProxy", "{}"),
    ("core.pager", "{}"),
    ("core.editor", "{}"),
    ("core.alternateRefsCommand", "{}"),
    ("sequence.editor", "{}"),
    ("pager.log", "{}"),
    ("pager.config", "{}"),
    ("credential.helper", "!{}"),
    ("credential.http://127.0.0.1.helper", "!{}"),
    ("diff.external", "{}"),
    ("diff.trap.textconv", "{}"),
    ("diff.trap.command", "{}"),
    ("merge.trap.driver", "{}"),
    ("filter.trap.clean", "{}"),
    ("filter.trap.smudge", "{}"),
    ("filter.trap.process", "{}"),
    ("gpg.program", "{}"),
    ("gpg.ssh.program", "{}"),
    ("gpg.x509.program", "{}"),
    ("gpg.ssh.defaultKeyCommand", "{}"),
    ("alias.log", "!{}"),
    ("alias.fetch", "!{}"),
    ("alias.push", "!{}"),
    ("trailer.Rollout-Run.command", "{}"),
    ("trailer.Rollout-Run.cmd", "{}"),
    ("remote.origin.uploadpack", "{}"),
    ("remote.origin.receivepack", "{}"),
    ("remote.origin.vcs", "ext"),
    ("uploadpack.packObjectsHook", "{}"),
    ("hook.trap.command", "{}"),
    ("hook.trap.event", "reference-transaction"),
    ("sendpack.sideband", "true"),
    ("protocol.ext.allow", "always"),
    ("commit.gpgSign", "true"),
    ("log.showSignature", "true"),
    ("i18n.logOutputEncoding", "UTF-16"),
    ("color.ui", "always"),
    ("log.decorate", "full"),
    ("format.pretty", "raw"),
)


@dataclass(frozen=True)
class Canary:
    """A command that leaves its name in a folder; nothing in the folder means that nothing ran."""

    folder: Path

    def command(self, name: str) -> str:
        script = self.folder / "scripts" / name
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(f"#!/bin/sh\ntouch '{self.folder}/sang-{name}'\nexit 0\n")
        script.chmod(0o755)
        return str(script)

    @property
    def sang(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("sang-*"))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def configure(world: World, file: Path, settings: Sequence[tuple[str, str]]) -> None:
    """Add settings to a configuration, all at once, and let git read that it has them."""
    with file.open("a") as end:
        for name, value in settings:
            section, _, rest = name.partition(".")
            within, dot, key = rest.rpartition(".")
            end.write(f"[{section} {_quoted(within)}]\n" if dot else f"[{section}]\n")
            end.write(f"\t{key} = {_quoted(value)}\n")
    read = world.git(world.root, "config", "--file", str(file), "--no-includes", "--list", "--null").split("\0")
    known = {name.lower(): value for name, _, value in (setting.partition("\n") for setting in read)}
    assert {name: known.get(name.lower()) for name, _ in settings} == dict(settings)


def set_traps(world: World, top: Path, canary: Canary) -> None:
    """Arm a checkout with every trap; its attributes put all but the managed file under the trapped filter."""
    git_dir = top / ".git"
    other_hooks = git_dir / "other-hooks"
    for folder in (git_dir / "hooks", other_hooks):
        folder.mkdir(exist_ok=True)
        for name in HOOKS:
            script = folder / name
            script.write_text(Path(canary.command(f"hook-{folder.name}-{name}")).read_text())
            script.chmod(0o755)
    settings = [
        (name, value.format(canary.command(f"{number:02}-{name.replace('/', '_')}")))
        for number, (name, value) in enumerate(COMMANDS)
    ]
    included = git_dir / "included"
    configure(world, included, settings)
    more = [
        ("core.hooksPath", str(other_hooks)),
        ("include.path", str(included)),
        ("includeIf.gitdir:/.path", str(included)),
    ]
    configure(world, git_dir / "config", [*settings, *more])
    (git_dir / "info").mkdir(exist_ok=True)
    (git_dir / "info/attributes").write_text("* diff=trap merge=trap\n*.bin filter=trap\n")


def everything(folder: Path) -> Mapping[str, object]:
    """Return what is below a folder, links unfollowed, with modes."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        about = path.lstat()
        kept = path.is_file() and not path.is_symlink()
        found[str(path.relative_to(folder))] = (about.st_mode, path.read_bytes() if kept else None)
    return found
