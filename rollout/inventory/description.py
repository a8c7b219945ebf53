"""The description of inventory.yaml: what validates it and what editors complete it by."""

from __future__ import annotations

from typing import Any

from rollout.content.documents.formats import NAMES
from rollout.inventory.shapes import Anything, Flag, Fraction, ListOf, MapOf, Named, Number, Record, Text, json_schema
from rollout.model.inventory import Mode
from rollout.model.reviews import Deliver, ForgeKind

NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
POLICIES = ("unicode", "unresolved", "conflict", "imports", "links", "front-matter", "hooks")
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

CHECKOUT = Text(choices=("follow", "leave"), doc="whether the checkout is moved to what was pushed, when that is safe")
BRANCH = Text(doc="the branch that is kept in the desired state (default: main)")
REMOTE = Text(doc="the remote of the checkout whose address is used when there is no url (default: origin)")
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
        doc="up to a day, on which it goes on",
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
_KIND = Text(choices=tuple(ForgeKind), doc="what the host runs (gitea: Forgejo, too)")
_FORGE = Record(
    {"kind": _KIND, "api": Text(doc="its HTTP interface with the version's path, such as https://HOST/api/v4")},
    required=("kind",),
    doc="a forge",
)
FORGE = Named(_KIND, _FORGE, doc="the forge, where the host does not tell it")
REVIEW = Record(
    {
        "branch": Text(doc="ID in the branch rollout/ID that carries a proposal (default: the inventory's folder)"),
        "title": Text(doc="a template for the title (default: the commit's subject)"),
        "body": Text(doc="a template for the text (default: the files with their causes, and how to opt out)"),
        "labels": ListOf(Text(), doc="labels that the review gets"),
        "reviewers": ListOf(Text(), doc="who is asked to review"),
        "teams": ListOf(Text(), doc="teams that are asked to review"),
        "assignees": ListOf(Text(), doc="whom the review is assigned to"),
        "draft": Flag(doc="open it as a draft"),
        "auto_merge": Flag(doc="have the forge merge it once it may"),
        "delete_branch": Flag(doc="delete the branch after merging or closing, while it is ours (default: true)"),
    },
    doc="what reviews are to be",
)

WAVE = Record(
    {
        "limit": ListOf(Text(doc="a name, a group or a glob"), least=1, alone=True, doc="its targets"),
        "gate": Text(doc="a command that exits with 0 when the next wave may begin; {run} is the run"),
        "within": Text(doc="how long one try of the gate may take, such as 90s, 30m or 2h (default: 10m)"),
    },
    required=("limit",),
    doc="targets that go together",
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
    },
    required=("path", "templates"),
    doc="one shared folder that is not in git",
)

FILE = Record(
    {
        "mode": Text(choices=tuple(mode.value for mode in Mode), doc="how the path is written (default: whole)"),
        "id": Text(doc="the name of the block (default: the template set's name)"),
        "delimiters": Text(choices=("jinja", "shell", "angle"), doc="which marks the template uses"),
        "check": Text(doc="a command that must accept the result; {path} is the rendered file"),
        "max_chars": Number(minimum=1, doc="more characters than this block the target"),
        "max_lines": Number(minimum=1, doc="more lines than this block the target"),
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
        "formatter": Text(doc="a command that gets the text on stdin; what it prints is written; {path} is its path"),
        "allow": ListOf(Text(choices=POLICIES), doc="policies that this file may break"),
        "placeholders": ListOf(Text(), doc="names that may stand in {{ }} or << >> in the file that is written"),
        "secrets": Text(
            choices=("block", "allow"),
            doc="whether a repository may get keys, and values of variables whose names look secret (default: block)",
        ),
        "format": Text(
            choices=NAMES, doc="what a merged file is written in, where its name does not say it (default: its suffix)"
        ),
        "match": MapOf(
            ListOf(
                Text(doc="a key of the entries"), least=1, alone=True, doc="the keys that make an entry the same one"
            ),
            doc="lists of a merged file (hooks.*[].hooks: * is any key, [] an entry of a list), and what identifies "
            "their entries",
        ),
    },
    doc="how a managed path is written",
)

BUDGET = Record(
    {
        "name": Text(pattern=NAME, doc="how the plan calls it"),
        "files": ListOf(Text(), least=1, doc="paths, or patterns as in .gitignore, of what is loaded together"),
        "follow": Text(choices=("imports",), doc="count what these files import with @path, too"),
        "max_chars": Number(minimum=1, doc="more characters than this block the target"),
        "max_tokens": Number(minimum=1, doc="more tokens than this, estimated as bytes / 4, block the target"),
        "warn": Fraction(doc="the part of the limit from which the plan warns (default: 0.9)"),
    },
    required=("name", "files"),
    doc="how much may be loaded",
)

FORBIDDEN = Record(
    {
        "text": Text(doc="what no file may say"),
        "pattern": Text(doc="the same as a regular expression of Python"),
        "except": ListOf(Text(), doc="paths, or patterns as in .gitignore, that may say it"),
        "targets": ListOf(Text(), doc="names, groups or globs of the targets that it is about (default: all)"),
        "why": Text(doc="what to tell with each line that is found"),
        "block": Flag(doc="block the target; without it the plan warns, and verify fails"),
    },
    doc="what no file of a target may say any more",
)

CAPTURE = Record(
    {
        "min_rate": Fraction(
            doc="the part of what happened that must be stored, else `events health` fails (default: 0.99)"
        ),
        "epic_branch": Text(doc="the branches of epics, as a pattern of the shell (default: feature/epic-*)"),
        "deploy": ListOf(
            Text(),
            doc="commands that deploy, as patterns of the shell, with or without more arguments "
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
            doc="how long nothing may be heard of a session on another machine until it is taken for ended, "
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
                "deliver": DELIVER,
                "forge": FORGE,
            },
            doc="what every repository has unless it says otherwise",
        ),
        "groups": MapOf(
            Record({"vars": VARS, "deliver": DELIVER, "forge": FORGE}, doc="one group"),
            names=NAME,
            doc="groups by name",
            nullable=True,
        ),
        "repos": MapOf(REPO, names=NAME, doc="repositories by name: letters, digits, '.', '_' and '-'", nullable=True),
        "folders": MapOf(FOLDER, names=NAME, doc="shared folders by name"),
        "files": MapOf(FILE, doc="managed paths, or patterns as in .gitignore, that need more than a plain copy"),
        "budgets": ListOf(BUDGET, doc="how much of a target's files may be loaded together"),
        "target_may": ListOf(
            Text(choices=("enabled", "ignore", "vars")),
            doc="what the .rollout.yaml in a target's branch may say (default: nobody looks for one)",
        ),
        "waves": ListOf(WAVE, doc="which targets go first; the next go when all of these are upstream"),
        "max_open": Number(minimum=1, doc="so many reviews may be open at once"),
        "per_hour": Number(minimum=1, doc="so many reviews may be opened in an hour"),
        "discover": ListOf(
            Text(doc="github:ORG, gitlab:GROUP, gitea:ORG or command:CMD"),
            doc="where repositories are looked for that the inventory does not name",
        ),
        "review": REVIEW,
        "forges": MapOf(_FORGE, names=r"[A-Za-z0-9.-]+(:[0-9]+)?", doc="forges by HOST or HOST:PORT"),
        "forbid": ListOf(FORBIDDEN, doc="what no file of a target may say any more, managed or not"),
        "ledger": Text(
            doc="where runs are recorded: postgresql://... or a file (default: ledger.db in the state directory)"
        ),
        "events": EVENTS,
    },
    required=("version",),
    doc="The inventory of rollout: which repositories and folders are kept in which state.",
)


def inventory_schema() -> dict[str, Any]:
    """Return the JSON schema that ships as inventory.schema.json."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "rollout inventory",
        **json_schema(INVENTORY),
    }
