"""The reference of the environment: the options' variables from the commands, the others from here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from manual import commands
from manual.page import joined, table

_HEAD = """# Environment

`rollout` reads these variables. An option on the command line beats its variable, and one after the command's name beats one before it."""

_PLACES = {
    "ROLLOUT_STATE_DIR": "Where rollout keeps what it knows: its own copies of repositories, the ledger, backups, locks. Without it "
    "`$XDG_STATE_HOME/rollout`, else `~/.local/state/rollout`.",
    "XDG_STATE_HOME": "See `ROLLOUT_STATE_DIR`.",
    "GIT_CEILING_DIRECTORIES": "Folders above which no inventory is looked for, as git looks for no repository there.",
    "SUDO_UID": "Whose inventory in a folder above is taken, too, where rollout runs as root by sudo.",
    "PATH": "Where git, ssh, and the programs of `check` and `formatter` are found.",
}
_GIT = {
    "GIT_AUTHOR_NAME, GIT_AUTHOR_EMAIL": "Who the author of the commits is; they beat the git configuration.",
    "GIT_COMMITTER_NAME, GIT_COMMITTER_EMAIL": "Who the committer is.",
    "GIT_CONFIG_COUNT, GIT_CONFIG_KEY_0, GIT_CONFIG_VALUE_0, GIT_CONFIG_PARAMETERS": (
        "`user.name`, `user.email` and the same of `author` and `committer`, as CI sets them, and as "
        "`git -c user.name=Robot rollout apply` does; they beat the git configuration. Nothing else in them is honoured."
    ),
    "EMAIL": "The address, where nothing else says one.",
    "GIT_SSH_COMMAND, GIT_SSH, GIT_SSH_VARIANT": "How ssh is started, as git means them.",
    "GIT_CONFIG_GLOBAL": "Your git configuration, as git means it. A repository's own configuration is never asked.",
}
_TOKENS = {
    "GH_TOKEN, GITHUB_TOKEN": "GitHub.",
    "GITLAB_TOKEN": "GitLab.",
    "GITEA_TOKEN": "Gitea and Forgejo.",
    "BITBUCKET_TOKEN": "Bitbucket.",
    "AZURE_DEVOPS_EXT_PAT": "Azure DevOps.",
    "PAGURE_TOKEN": "Pagure.",
    "ROLLOUT_TOKEN_HOST": "The token for one host, which beats the others: `ROLLOUT_TOKEN_GIT_EXAMPLE_ORG` for git.example.org. Upper case, any "
    "other character is `_`; a port belongs to the name.",
    "GIT_SSL_CAINFO, SSL_CERT_FILE": "The certificates by which a forge's server is known.",
}
_TERMINAL = {
    "NO_COLOR": "Set to anything: no colours.",
    "FORCE_COLOR": "Set to anything: colours, also where no terminal reads them.",
    "TERM": "`dumb`: no colours and no progress line.",
    "GIT_EDITOR, VISUAL, EDITOR": "What opens a file when you answer `edit`; git's `core.editor` beats the last two.",
}
_EVENTS = {
    "ROLLOUT_DATABASE_URL": "The event store; it beats `events.database` of the inventory.",
    "ROLLOUT_EVENTS_VIA": "The command by which the event store is reached from another machine.",
    "ROLLOUT_SPOOL": "Where events wait until the database has them ([The spool](../event-spool.md)).",
    "ROLLOUT_HELPERS": "Where the helper scripts of the hooks are.",
    "INSTANCE_ID": "The session that events are logged for.",
    "PGPASSWORD, PGHOST, PGPORT, PGUSER, PGDATABASE, ...": "How PostgreSQL is reached, as its own programs read them.",
}
_TABLES: Mapping[str, Mapping[str, str]] = {
    "Places": _PLACES, "Git": _GIT, "Tokens of forges": _TOKENS, "The terminal": _TERMINAL, "The event store": _EVENTS,
}  # fmt: skip


def told() -> set[str]:
    """Return the names of all variables that the page tells of."""
    by_hand = {name for rows in _TABLES.values() for names in rows for name in names.split(", ")}
    return by_hand | {name.strip("`") for name, *_ in _of_options()}


def page() -> str:
    """Return the page: what programs and forges read, then one variable for each option."""
    parts = [_HEAD]
    for title, rows in _TABLES.items():
        shown = ((_names(names), meaning) for names, meaning in rows.items())
        parts += [f"## {title}", table(("variable", "meaning"), shown)]
    intro = (
        "An option that is there or not takes `1`, `true`, `yes` or `on`; `ROLLOUT_NO_DIFF=1` is `--no-diff`. An option that can be repeated takes several "
        "values with blanks between them, `ROLLOUT_TRAILER` one a line. A value of `ROLLOUT_VAR`, and a path of `ROLLOUT_ON_DRIFT`, may have blanks itself: "
        '`ROLLOUT_VAR="owner=Jane Doe team=core"` sets two.'
    )
    parts += ["## Options", intro, table(("variable", "option", "of"), _of_options())]
    return joined(parts)


def _names(names: str) -> str:
    return ", ".join(f"`{name}`" if name.isupper() else name for name in names.split(", "))


def _of_options() -> Iterator[tuple[str, str, str]]:
    """Yield each variable that an option reads, with the option and the commands that have it."""
    found: dict[tuple[str, str], list[str]] = {}
    for option in commands.common_options():
        found[option.variable or "", option.long] = ["every command"]
    for command in [*commands.commands(), *commands.event_commands()]:
        for option in command.options:
            if option.variable is not None and option.variable not in _EVENTS:
                found.setdefault((option.variable, option.long), []).append(
                    f"`{command.name.removeprefix('rollout ')}`"
                )
    yield from ((f"`{variable}`", f"`{option}`", ", ".join(of)) for (variable, option), of in sorted(found.items()))
