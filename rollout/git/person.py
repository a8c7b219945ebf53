"""The settings of the person's own git configuration that we honour."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from rollout.errors import GitError
from rollout.git import configuration
from rollout.git.access import ASK
from rollout.git.broken import broken
from rollout.git.environment import program, withheld
from rollout.git.run import Git, Result
from rollout.model.outcomes import Author, Identity

# Settings that make an address mean something else, or a remote show something else.
_REDIRECTING = re.compile(r"(url|transfer|uploadpack)\.|push\.pushoption=|protocol\..*allow=(?!always\Z)")

# What the environment may set like a file; from there nothing else is honoured, for it may name programs.
_NAMES = re.compile(r"(user|author|committer)\.(name|email)\Z")


class Person(Struct, frozen=True):
    """The person's own git settings that rollout honours, and how long they wait for a remote."""

    identity: Identity | None
    ssh_command: str = "ssh"
    autocrlf: str = "false"
    eol: str = "native"
    attributes_file: str | None = None
    fault: str | None = None
    patience: float = ASK
    redirected: bool = False  # an address may lead elsewhere, or may be forbidden
    conditional: bool = False  # the identity depends on the repository (includeIf)


def settings() -> Mapping[str, str]:
    """Read the global and system configuration, never a repository's; raise RolloutError if git cannot read it."""
    found = configuration.personal(program(), os.environ)
    if found is not None:
        return found
    listed = Git().attempt("config", "--null", "--list", "--includes")
    if listed.code:
        raise broken() or GitError(listed.words)
    return listed_settings(listed)


def environment() -> Mapping[str, str]:
    """Return the person's environment with what no git of ours is told."""
    return {**withheld, **os.environ}


def read_person() -> Person:
    """Return what we honour of the person's own settings."""
    given = settings()
    identity, fault = identity_of(given)
    return Person(
        identity,
        ssh_command=os.environ.get("GIT_SSH_COMMAND") or given.get("core.sshcommand") or "ssh",
        autocrlf={"input": "input"}.get(given.get("core.autocrlf", ""), _truth(given, "core.autocrlf")),
        eol=given.get("core.eol", "native").lower(),
        attributes_file=given.get("core.attributesfile"),
        fault=fault,
        redirected=any(_REDIRECTING.match(f"{key}={value}") for key, value in given.items()),
        conditional=any(key.startswith("includeif.") for key in given),
    )


def person_there(person: Person, runner: Git) -> Person:
    """Return the person with the identity that their own files give them in this repository (includeIf).

    The repository's own configuration is read only for the conditions: nothing in it is used.
    """
    listed = runner.run("config", "--null", "--list", "--show-scope", "--includes")
    identity, fault = identity_of(_personal_of(listed))
    return replace(person, identity=identity, fault=fault)


def person_elsewhere(person: Person, runner: Git) -> Person:
    """Return the person with the identity from the runner's options and their own files outside a repository."""
    identity, fault = identity_of(listed_settings(runner.run("config", "--null", "--list", "--includes")))
    return replace(person, identity=identity, fault=fault)


def conditional_includes() -> list[tuple[str, str, Path]]:
    """Return the conditions under which the person's files include others: condition, path, and the file it is in."""
    listed = Git().run("config", "--null", "--list", "--show-origin", "--includes")
    words = listed.out.decode("utf-8", "replace").split("\0")
    found = []
    for origin, entry in zip(words[::2], words[1::2], strict=False):
        key, _, path = entry.partition("\n")
        if key.startswith("includeif.") and key.endswith(".path") and origin.startswith("file:"):
            found.append((key[len("includeif.") : -len(".path")], path, Path(origin.removeprefix("file:"))))
    return found


def listed_settings(result: Result) -> dict[str, str]:
    return settings_in(result.out.decode("utf-8", "replace").split("\0"))


def _personal_of(result: Result) -> dict[str, str]:
    words = result.out.decode("utf-8", "replace").split("\0")
    scoped = zip(words[::2], words[1::2], strict=False)
    return settings_in(entry for scope, entry in scoped if scope in {"system", "global"})


def settings_in(entries: Iterable[str]) -> dict[str, str]:
    settings: dict[str, str] = {}
    for entry in entries:
        key, mark, value = entry.partition("\n")
        settings[key.lower()] = value if mark else "true"
    return settings


def identity_of(settings: Mapping[str, str]) -> tuple[Identity | None, str | None]:
    """Return who commits by the settings of files and by the environment, or why nobody can."""
    try:
        named = {key: value for key, value in configuration.given(environment()).items() if _NAMES.match(key)}
    except ValueError as error:
        return None, f"git cannot read {error}, so no commit can be made; correct it in the environment, or unset it"
    author, committer = (_one(kind, {**settings, **named}) for kind in ("author", "committer"))
    missing = [f"{kind} {part}" for kind, who in (("author", author), ("committer", committer)) for part in _lacks(who)]
    if missing:
        return None, (
            f"no git identity is configured (missing: {', '.join(missing)}), so no commit can be made: "
            'git config --global user.name "Your Name"; git config --global user.email you@example.org; '
            "or GIT_AUTHOR_NAME, GIT_AUTHOR_EMAIL, GIT_COMMITTER_NAME and GIT_COMMITTER_EMAIL in the environment"
        )
    signing = tuple(f"{key}={value}" for key, value in settings.items() if re.match(r"user\.signingkey\Z|gpg\.", key))
    return Identity(author, committer, sign=_truth(settings, "commit.gpgsign") == "true", signing=signing), None


def _one(kind: str, settings: Mapping[str, str]) -> Author:
    """Return the author or the committer, looked up in git's order; see git-commit(1)."""
    name = os.environ.get(f"GIT_{kind.upper()}_NAME") or settings.get(f"{kind}.name") or settings.get("user.name")
    email = os.environ.get(f"GIT_{kind.upper()}_EMAIL") or settings.get(f"{kind}.email") or settings.get("user.email")
    return Author(_ident(name or ""), _ident(email or os.environ.get("EMAIL", "")))


def _lacks(who: Author) -> Iterator[str]:
    if not who.name:
        yield "name"
    if not who.email:
        yield "email"


def _ident(text: str) -> str:
    """Drop the characters that an identity cannot hold, as git does."""
    return re.sub(r"[<>\n\x00]", "", text).strip(" .,:;\"'\\")


def _truth(settings: Mapping[str, str], key: str) -> str:
    return "true" if settings.get(key, "").lower() in {"true", "yes", "on", "1"} else "false"
