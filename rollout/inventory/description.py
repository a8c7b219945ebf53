"""The description of inventory.yaml: it validates the inventory, and editors complete it by the schema made from it."""

from __future__ import annotations

from typing import Any

from rollout.content.agents import rule as agents
from rollout.inventory.shapes import Anything, Flag, Fraction, ListOf, MapOf, Named, Number, Record, Text, json_schema
from rollout.model.delimiters import Delimiters
from rollout.model.inventory import FormatName, Mode, PolicyName, Secrets
from rollout.model.reviews import Deliver, ForgeKind

NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_SET = r"[A-Za-z0-9][A-Za-z0-9._/-]*"


VARS = MapOf(
    Anything(),
    names=r"[A-Za-z_][A-Za-z0-9_]*",
    doc="variables for the templates: a letter first, then letters and digits",
)

TEMPLATES = ListOf(
    Text(pattern=_SET, doc="a folder under templates/"),
    least=1,
    doc="template sets; a later one replaces a path of an earlier one",
)

CHECKOUT = Text(choices=("follow", "leave"), doc="whether to move the checkout to what was pushed, when that is safe")
BRANCH = Text(doc="the branch that rollout keeps in the desired state (default: main)")
REMOTE = Text(doc="the checkout's remote to use when there is no url (default: origin)")
GROUPS = ListOf(Text(pattern=NAME, doc="letters, digits, '.', '_' and '-'"), doc="groups this target belongs to")


NEEDS = ListOf(
    Text(pattern=NAME, doc="the name of a target"),
    doc="targets that must be as they should be before this one is written",
)

HOLD = Named(
    Flag(),
    Record(
        {"until": Text(pattern=r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", doc="a day, such as 2026-03-01")},
        required=("until",),
        doc="until a day, on which rollout writes it again",
    ),
    doc="leave it as it is: nothing is written, pushed or proposed",
)

ON_MACHINES = ListOf(
    Text(pattern=NAME, doc="the name of a machine"),
    least=1,
    doc="the machines that have this checkout or folder (default: all); on others a folder is left out, and so is a "
    "checkout that is not there",
)


DELIVER = Text(
    choices=tuple(Deliver),
    doc="push a change to the branch, or propose it in a review (default: push)",
)
_KIND = Text(choices=tuple(ForgeKind), doc="what the host runs (use gitea for Forgejo)")
_FORGE = Record(
    {
        "kind": _KIND,
        "api": Text(doc="the address of its HTTP interface, with the path of the version, such as https://HOST/api/v4"),
    },
    required=("kind",),
    doc="a forge",
)
FORGE = Named(_KIND, _FORGE, doc="the forge, if the host name does not tell it")
REVIEW = Record(
    {
        "branch": Text(
            doc="the ID of the branch rollout/ID that holds a proposal (default: the name of the inventory's folder)"
        ),
        "title": Text(doc="a template for the title (default: the commit's subject)"),
        "body": Text(doc="a template for the text (default: the files with their causes, and how to opt out)"),
        "labels": ListOf(Text(), doc="labels for the review"),
        "reviewers": ListOf(Text(), doc="people to ask for a review"),
        "teams": ListOf(Text(), doc="teams to ask for a review"),
        "assignees": ListOf(Text(), doc="people to assign the review to"),
        "draft": Flag(doc="open it as a draft"),
        "auto_merge": Flag(doc="let the forge merge it as soon as its rules allow"),
        "delete_branch": Flag(
            doc="delete the branch after the review is merged or closed, if it is still ours (default: true)"
        ),
    },
    doc="what reviews look like",
)

AGENTS = ListOf(
    Text(choices=agents.NAMES, doc="a coding agent"),
    doc="the agents for which the rules of its template sets, rules/NAME.md, are written, each in its own files; none "
    "of them with an empty list",
)

WAVE = Record(
    {
        "limit": ListOf(Text(doc="a name, a group or a glob"), least=1, alone=True, doc="its targets"),
        "gate": Text(doc="a command that exits with 0 when the next wave may begin; {run} is the run"),
        "within": Text(doc="how long the gate may take to answer, such as 90s, 30m or 2h (default: 10m)"),
    },
    required=("limit",),
    doc="targets that are written together",
)

MACHINE = Record(
    {
        "hostnames": ListOf(Text(), doc="host names or globs; exact names win over globs"),
        "default": Flag(doc="used, with a warning, when no machine claims the host name"),
        "vars": VARS,
    },
    doc="one machine",
)

REPO = Record(
    {
        "path": Text(doc="the checkout, relative to root; without it rollout works from its own bare cache of url"),
        "url": Text(
            doc="where the repository is fetched from and pushed to; cloned to path when the checkout is missing"
        ),
        "branch": BRANCH,
        "remote": REMOTE,
        "groups": GROUPS,
        "templates": TEMPLATES,
        "vars": VARS,
        "checkout": CHECKOUT,
        "needs": NEEDS,
        "hold": HOLD,
        "machines": ON_MACHINES,
        "agents": AGENTS,
        "deliver": DELIVER,
        "review": REVIEW,
        "forge": FORGE,
    },
    doc="one repository",
)

FOLDER = Record(
    {
        "path": Text(doc="the folder, relative to root"),
        "templates": TEMPLATES,
        "groups": GROUPS,
        "vars": VARS,
        "needs": NEEDS,
        "hold": HOLD,
        "machines": ON_MACHINES,
        "agents": AGENTS,
    },
    required=("path", "templates"),
    doc="one shared folder that is not in git",
)

FILE = Record(
    {
        "mode": Text(choices=tuple(Mode), doc="how the path is written (default: whole)"),
        "id": Text(doc="the name of the block (default: the template set's name)"),
        "delimiters": Text(choices=tuple(Delimiters), doc="the delimiters that the template uses"),
        "check": Text(doc="a command, run without a shell, that must exit with 0; {path} is the file as it will be"),
        "max_chars": Number(minimum=1, doc="a longer file, in characters, blocks the target"),
        "max_lines": Number(minimum=1, doc="a longer file, in lines, blocks the target"),
        "markers": ListOf(
            Text(),
            least=2,
            doc="the two lines of a block, with ID in them, where no comment form is known for the file",
        ),
        "replaces": ListOf(
            Text(),
            least=1,
            alone=True,
            doc='on adoption the block takes the place of this section, such as "## Event logging"; of several, the '
            "block stands where the first of them stood",
        ),
        "formatter": Text(
            doc="a command, run without a shell, that reads the text on stdin and prints the text to write; {path} is "
            "the path of the file"
        ),
        "allow": ListOf(Text(choices=tuple(PolicyName)), doc="policies that this file may break"),
        "placeholders": ListOf(Text(), doc="names that may stay in {{ }} or << >> in the written file"),
        "secrets": Text(
            choices=tuple(Secrets),
            doc="whether a repository may get keys, and values of variables whose names look secret (default: block)",
        ),
        "format": Text(
            choices=tuple(FormatName),
            doc="the format of a merged file, if its name does not tell it; jsonc is JSON with comments",
        ),
        "match": MapOf(
            ListOf(Text(doc="a key of the entries"), least=1, alone=True, doc="the keys that identify an entry"),
            doc="lists of a merged file (hooks.*[].hooks: * is any key, [] an entry of a list), and what identifies "
            "their entries",
        ),
    },
    doc="how a managed path is written",
)

BUDGET = Record(
    {
        "name": Text(pattern=NAME, doc="its name in the plan"),
        "files": ListOf(Text(), least=1, doc="paths, or patterns as in .gitignore, of what is loaded together"),
        "follow": Text(choices=("imports",), doc="also count what these files import with @path"),
        "max_chars": Number(minimum=1, doc="a longer file, in characters, blocks the target"),
        "max_tokens": Number(minimum=1, doc="more tokens, estimated as bytes / 4, block the target"),
        "warn": Fraction(doc="the fraction of the limit at which the plan warns (default: 0.9)"),
    },
    required=("name", "files"),
    doc="how much text may be loaded together",
)

FORBIDDEN = Record(
    {
        "text": Text(doc="text that no file may contain"),
        "pattern": Text(doc="the same, as a Python regular expression"),
        "except": ListOf(Text(), doc="paths, or patterns as in .gitignore, that may contain it"),
        "targets": ListOf(Text(), doc="names, groups or globs of the targets it applies to (default: all)"),
        "why": Text(doc="a reason to show with each line that is found"),
        "block": Flag(doc="block the target; without it the plan warns, and verify fails"),
    },
    doc="text that no file of a target may contain any more",
)

CAPTURE = Record(
    {
        "min_rate": Fraction(
            doc="the fraction of events that must be stored, or `events health` fails (default: 0.99)"
        ),
        "epic_branch": Text(doc="the branches of epics, as a shell pattern (default: feature/epic-*)"),
        "deploy": ListOf(
            Text(),
            doc="commands that deploy, as shell patterns; more arguments may follow "
            '(default: make deploy, "docker compose up*")',
        ),
    },
    doc="what hooks log without an agent's memory; templates see it as event_settings.capture",
)

EVENTS = Record(
    {
        "database": Text(doc="the event store: postgresql://..."),
        "stale_after": Text(
            pattern=r"[1-9][0-9]{0,4}[mhd]",
            doc="how long a session on another machine may be silent before it counts as ended, "
            "such as 90m or 2h (default: 2h)",
        ),
        "capture": CAPTURE,
    },
    doc="the event store",
)

INVENTORY = Record(
    {
        "version": Number(only=1, doc="the version of this format"),
        "root": Text(doc="where relative paths start (default: the folder of the inventory)"),
        "vars": VARS,
        "machines": MapOf(MACHINE, names=NAME, doc="machines by name", nullable=True),
        "defaults": Record(
            {
                "branch": BRANCH,
                "remote": REMOTE,
                "templates": TEMPLATES,
                "checkout": CHECKOUT,
                "agents": AGENTS,
                "deliver": DELIVER,
                "forge": FORGE,
            },
            doc="what every repository has unless its own entry says otherwise",
        ),
        "groups": MapOf(
            Record({"vars": VARS, "agents": AGENTS, "deliver": DELIVER, "forge": FORGE}, doc="one group"),
            names=NAME,
            doc="groups by name",
            nullable=True,
        ),
        "repos": MapOf(REPO, names=NAME, doc="repositories by name: letters, digits, '.', '_' and '-'", nullable=True),
        "folders": MapOf(FOLDER, names=NAME, doc="shared folders by name"),
        "files": MapOf(FILE, doc="managed paths, or patterns as in .gitignore, that need more than a plain copy"),
        "budgets": ListOf(BUDGET, doc="limits on how much of a target's files may be loaded together"),
        "target_may": ListOf(
            Text(choices=("enabled", "ignore", "vars")),
            doc="which keys the .rollout.yaml of a target's branch may set (default: none)",
        ),
        "waves": ListOf(
            WAVE, doc="the order of targets: a wave begins when all targets of the one before are upstream"
        ),
        "max_open": Number(minimum=1, doc="the most reviews that may be open at once"),
        "per_hour": Number(minimum=1, doc="the most reviews that may be opened in an hour"),
        "discover": ListOf(
            Text(doc="github:ORG, gitlab:GROUP, gitea:ORG or command:CMD"),
            doc="where to look for repositories that the inventory does not name",
        ),
        "review": REVIEW,
        "forges": MapOf(_FORGE, names=r"[A-Za-z0-9.-]+(:[0-9]+)?", doc="forges by HOST or HOST:PORT"),
        "forbid": ListOf(FORBIDDEN, doc="text that no file of a target may contain any more, managed or not"),
        "ledger": Text(
            pattern=r"(postgres|postgresql|sqlite)://.+|(?!\w+://).+",
            doc="where runs are recorded: postgresql://... or a file (default: ledger.db in the state directory)",
        ),
        "events": EVENTS,
    },
    required=("version",),
    doc="The inventory of rollout: the repositories and folders, and the state to keep them in.",
)


def inventory_schema() -> dict[str, Any]:
    """Return the JSON schema that ships as inventory.schema.json."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "rollout inventory",
        **json_schema(INVENTORY),
    }
