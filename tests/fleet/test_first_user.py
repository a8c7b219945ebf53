"""The first user's inventory and templates: every file is there, and no two documents disagree."""

import copy
import json
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jinja2 import DictLoader, StrictUndefined, UndefinedError
from jinja2.sandbox import SandboxedEnvironment
from ruamel.yaml import YAML

from tests.first_rows import first_rows

ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATES = ROOT / "templates"
SHELL_COMMENTS = {"comment_start_string": "<#", "comment_end_string": "#>"}

MACHINE_CONFIG = ".supervisor-specific/03-machine-config.md"
CONNECT = ".claude/helpers/connect.sh"
CONTINUITY_TEST = "docs/testing/session-continuity-test.md"
MIGRATION = "docs/MIGRATION-event-store-2026-02-03.md"
GUIDE = "docs/guides/ps-event-logging-guide.md"
QUICK_REFERENCE = "docs/QUICK-REF-event-logging.md"

SUPERVISORS = {
    "supervisor-service-s": ("supervisor-service", "MS"),
    "consilio-s": ("consilio", "PS"),
    "health-agent-s": ("health-agent", "PS"),
    "odin-s": ("odin", "PS"),
    "openhorizon-s": ("openhorizon", "PS"),
}
# What the report of the rollout by hand names: target, path, and whether it is a program.
SEED = [
    *((name, MACHINE_CONFIG, False) for name in SUPERVISORS),
    ("supervisor-service-s", ".supervisor-core/13-session-continuity.md", False),
    ("shared", ".claude/commands/subagents/implementation/implement-feature.md", False),
    ("shared", ".claude/commands/subagents/deployment/deploy-service-local.md", False),
    ("shared", ".claude/commands/subagents/bmad/implement-task.md", False),
    ("shared", ".claude/helpers/log-event.sh", True),
    ("shared", GUIDE, False),
    ("shared", "docs/testing/event-store-test.sh", True),
    ("shared", CONTINUITY_TEST, False),
    ("shared", QUICK_REFERENCE, False),
    ("shared", MIGRATION, False),
]
STANDARD_TYPES = [
    "spawn",
    "epic_start",
    "epic_completed",
    "commit",
    "deploy",
    "deploy_start",
    "deploy_complete",
    "error",
    "user_message",
    "assistant_start",
]
HOSTS = {
    "gcp-odin3-vm": ("odin3", "localhost:5434"),
    "odin3": ("odin3", "localhost:5434"),
    "odin3.internal.example": ("odin3", "localhost:5434"),
    "gcp-odin4-vm": ("odin4", "odin3:5434"),
    "odin4": ("odin4", "odin3:5434"),
    "ODIN4": ("odin4", "odin3:5434"),
    "samuel-laptop": ("laptop", "odin3:5434"),
    "laptop": ("laptop", "odin3:5434"),
}


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block of a document."""

    language: str
    info: str
    text: str


def inventory() -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load((ROOT / "inventory.yaml").read_text())
    return loaded


@cache
def environment(delimiters: str) -> SandboxedEnvironment:
    sources = {str(path.relative_to(TEMPLATES)): path.read_text() for path in TEMPLATES.rglob("*.j2")}
    made = SandboxedEnvironment(
        loader=DictLoader(sources),
        undefined=StrictUndefined,
        autoescape=False,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        **(SHELL_COMMENTS if delimiters == "shell" else {}),
    )
    made.globals.pop("lipsum")
    made.filters.pop("random")
    made.filters["quote"] = shlex.quote
    made.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    return made


def templates_of(target: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Path]:
    """Return managed path -> template, a later set over an earlier one."""
    found = {}
    for name in target.get("templates", defaults["templates"]):
        for path in sorted((TEMPLATES / name).rglob("*")):
            if path.is_file():
                found[str(path.relative_to(TEMPLATES / name)).removesuffix(".j2")] = path
    return found


def rule(said: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return what `files` says about a path."""
    settings: dict[str, Any] = {}
    for pattern, values in said["files"].items():
        if fnmatchcase(path, pattern) or ("/" not in pattern and fnmatchcase(path.rsplit("/", 1)[-1], pattern)):
            settings.update(values)
    return settings


def rendered(name: str, said: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Return managed path -> text for one target."""
    said = said or inventory()
    kind = "repo" if name in said["repos"] else "folder"
    target = said["repos" if kind == "repo" else "folders"][name]
    variables = dict(said["vars"])
    for group in target.get("groups", ()):
        variables |= said["groups"][group].get("vars", {})
    variables |= target.get("vars", {})
    variables["machines"] = said["machines"]
    variables["target"] = {
        "name": name,
        "kind": kind,
        "branch": said["defaults"]["branch"] if kind == "repo" else None,
        "groups": target.get("groups", []),
    }
    texts = {}
    for path, template in templates_of(target, said["defaults"]).items():
        if path == "CLAUDE.md":
            continue  # it is put together from the files of others: tests/fleet/test_supervisors.py
        if template.suffix == ".j2":
            engine = environment(rule(said, path).get("delimiters", "jinja"))
            texts[path] = engine.get_template(str(template.relative_to(TEMPLATES))).render(variables, path=path)
        else:
            texts[path] = template.read_text()
    return texts


@cache
def everything() -> dict[tuple[str, str], str]:
    """Return (target, path) -> text for all targets."""
    said = inventory()
    names = [*said["repos"], *said["folders"]]
    return {(name, path): text for name in names for path, text in rendered(name, said).items()}


def documents() -> dict[tuple[str, str], str]:
    return {place: text for place, text in everything().items() if place[1].endswith(".md")}


def blocks(text: str) -> Iterator[Block]:
    for info, body in re.findall(r"^```([^\n]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        language, _, rest = info.partition(" ")
        yield Block(language, rest, body)


def run_blocks(languages: tuple[str, ...]) -> list[tuple[str, Block]]:
    """Return the blocks that will be executed, with the place of each."""
    return [
        (f"{target}:{path}", block)
        for (target, path), text in documents().items()
        for block in blocks(text)
        if block.language in languages and not block.info.startswith("no-run")
    ]


def connecting() -> str:
    """Return the script that finds out where it is and connects, with a psql that tells where it would go."""
    return rendered("shared")[CONNECT] + "[ $? = 0 ] && psql || exit\n"


def known_hosts() -> str:
    """Return the block of the continuity test that proves the detection, and connects."""
    (found,) = [b.text for b in blocks(rendered("shared")[CONTINUITY_TEST]) if "psql" in b.text and "HOSTS" in b.text]
    return found


def on_host(host: str, script: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a script in bash on a machine that calls itself `host` and whose psql tells where it would go."""
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    for name, body in {"hostname": f"echo {host}", "psql": 'echo "$PGHOST:$PGPORT $PGUSER $PGDATABASE"'}.items():
        (programs / name).write_text(f"#!/bin/sh\n{body}\n")
        (programs / name).chmod(0o755)
    path = f"{programs}:/usr/bin:/bin"
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True, env={"PATH": path, **env})


@pytest.mark.parametrize(("target", "path", "executable"), SEED)
def test_every_file_of_the_seed_is_rolled_out_with_its_mode(target: str, path: str, executable: bool) -> None:
    said = inventory()
    template = templates_of((said["repos"] | said["folders"])[target], said["defaults"])[path]
    assert bool(template.stat().st_mode & 0o111) == executable
    assert rendered(target)[path].strip()


@pytest.mark.parametrize("target", SUPERVISORS)
def test_each_machine_configuration_carries_its_project_type_and_all_machines(target: str) -> None:
    project, instance_type = SUPERVISORS[target]
    text = rendered(target)[MACHINE_CONFIG]
    assert f"`{project}` ({instance_type})" in text
    assert f"INSTANCE_ID={project}-{instance_type}-" in text
    assert f"source /home/samuel/sv/{CONNECT}" in text
    assert re.findall(r"^\| (odin3|odin4|laptop) \| .* \| (\S+) \|$", text, re.MULTILINE) == [
        ("odin3", "localhost:5434"),
        ("odin4", "odin3:5434"),
        ("laptop", "odin3:5434"),
    ]


@first_rows(4, "host", HOSTS)
def test_a_host_is_taken_for_its_machine_and_its_database(host: str, tmp_path: Path) -> None:
    machine, database = HOSTS[host]
    told = f"{database} supervisor supervisor_service\n"
    for script in (connecting(), known_hosts()):
        done = on_host(host, script + "\nmachine_of $(hostname)", tmp_path)
        assert (done.returncode, done.stdout, done.stderr) == (0, f"{told}{machine}\n", "")
    done = on_host(host, connecting() + 'echo "$HOST_MACHINE"', tmp_path)
    assert done.stdout == f"{told}{machine}\n"


@pytest.mark.parametrize("host", ["build-server-7", "odin5", "gcp-odin-vm", "3odin", "localhost"])
def test_an_unknown_host_is_said_and_nothing_is_guessed(host: str, tmp_path: Path) -> None:
    done = on_host(host, rendered("shared")[CONNECT] + 'echo "$? ${PGHOST-none} $HOST_MACHINE"', tmp_path)
    assert done.stdout == f"1 none {host}\n"
    assert f"unknown host '{host}'" in done.stderr


def test_a_host_that_two_machines_claim_is_said(tmp_path: Path) -> None:
    done = on_host("odin3-odin4", rendered("shared")[CONNECT] + 'echo "${PGHOST-none}"', tmp_path)
    assert done.stdout == "none\n"
    assert "claimed by several machines: odin3 odin4" in done.stderr


def test_an_exact_name_counts_before_a_pattern(tmp_path: Path) -> None:
    said = inventory()
    said["machines"]["odin4"]["hostnames"].append("old-odin3")
    script = rendered("shared", said)[CONNECT]
    assert on_host("old-odin3", script + "machine_of $(hostname)", tmp_path).stdout == "odin4\n"


def test_a_connection_that_is_set_already_wins(tmp_path: Path) -> None:
    done = on_host("build-server-7", connecting(), tmp_path, PGHOST="db.example", PGPORT="6000", PGUSER="eva")
    assert (done.returncode, done.stdout) == (0, "db.example:6000 eva supervisor_service\n")


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("in *odin4*)", "in odin4*)"),
        ("odin3) export PGHOST", "*) export PGHOST"),
        ("PGPORT:-5434", "PGPORT:-5433"),
        ("PGHOST:-localhost", "PGHOST:-odin4"),
    ],
)
def test_a_detection_that_takes_a_known_host_wrongly_fails(right: str, wrong: str, tmp_path: Path) -> None:
    assert right in known_hosts()
    done = on_host("odin3", known_hosts().replace(right, wrong), tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert " instead of " in done.stderr


def test_only_the_migration_document_shows_how_the_wrong_table_was_written() -> None:
    showing = {
        path for (_, path), text in everything().items() if re.search(r"insert\s+into\s+command_log", text, re.I)
    }
    assert showing == {MIGRATION}


@pytest.mark.parametrize("path", [GUIDE, QUICK_REFERENCE, MIGRATION])
def test_every_standard_type_is_described(path: str) -> None:
    text = rendered("shared")[path]
    assert [kind for kind in STANDARD_TYPES if f"| `{kind}` |" not in text] == []


def test_the_standard_types_are_the_ten_of_the_seed() -> None:
    assert [kind["name"] for kind in inventory()["vars"]["event_types"]] == STANDARD_TYPES


def test_the_inventory_describes_types_as_the_event_store_knows_them() -> None:
    variables = inventory()["vars"]
    known = {kind["name"]: kind for kind in json.loads((ROOT / "rollout/events/event_types.json").read_text())}
    for kind in variables["event_types"] + variables["further_event_types"]:
        assert kind == {part: known[kind["name"]][part] for part in ("name", "when", "example")}
    assert {name for name, kind in known.items() if kind.get("standard")} == {*STANDARD_TYPES}
    others = {(kind["canonical"], name) for name, kind in known.items() if "canonical" in kind}
    assert {(name, other) for name, more in variables["event_type_aliases"].items() for other in more} == others


def test_documents_log_and_ask_for_described_types_only() -> None:
    variables = inventory()["vars"]
    described = {kind["name"] for kind in variables["event_types"] + variables["further_event_types"]}
    calls = [
        (place, shlex.split(line))
        for place, block in run_blocks(("bash", "sh"))
        for line in block.text.splitlines()
        if line.startswith("log_event")
    ]
    assert {words[1] for _, words in calls} <= described
    asked = [re.findall(r"event_type = '(\w+)'", block.text) for _, block in run_blocks(("bash", "sh", "sql"))]
    assert {kind for kinds in asked for kind in kinds} <= described
    for place, (_, _, data, *_) in calls:
        if not data.startswith("$("):
            assert isinstance(json.loads(data), dict), place


@pytest.mark.parametrize("path", [GUIDE, QUICK_REFERENCE])
def test_the_documents_show_every_event_that_a_resume_takes_an_agents_word_for(path: str) -> None:
    text = everything()["shared", path]
    shown = {shlex.split(line)[1] for line in text.splitlines() if line.startswith("log_event ")}
    assert {"goal", "decision", "attempt_failed", "blocked", "unblocked"} <= shown


def test_the_documents_name_the_patterns_that_the_hooks_go_by() -> None:
    for path in (GUIDE, QUICK_REFERENCE):
        text = everything()["shared", path]
        assert all(f"`{pattern}`" in text for pattern in ("feature/epic-*", "make deploy", "docker compose up*"))
    assert "rollout events health" in everything()["shared", GUIDE]
    assert "templates: [project, codex]" in everything()["shared", GUIDE]


def test_a_type_that_nobody_described_cannot_be_written_into_a_document() -> None:
    said = inventory()
    said["vars"]["event_types"] = [kind for kind in said["vars"]["event_types"] if kind["name"] != "commit"]
    with pytest.raises(UndefinedError):
        rendered("shared", said)


@pytest.mark.parametrize(("place", "block"), [pytest.param(p, b, id=p) for p, b in run_blocks(("bash", "sh"))])
def test_bash_blocks_are_bash(place: str, block: Block) -> None:
    done = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_blocks_that_are_not_run_say_why() -> None:
    for place, text in documents().items():
        for block in blocks(text):
            assert block.language, place
            assert not block.info or re.fullmatch(r"no-run: \S.*", block.info), (place, block.info)


def test_blocks_that_log_source_the_helper_themselves() -> None:
    for place, block in run_blocks(("bash", "sh")):
        if "log_event" in block.text:
            assert "source /home/samuel/sv/.claude/helpers/log-event.sh\n" in block.text, place


def test_documents_name_only_files_that_are_rolled_out() -> None:
    known = {path for _, path in everything()}
    for place, text in documents().items():
        for path in re.findall(r"/home/samuel/sv/([\w./-]+\w)|`(\.(?:claude|supervisor)[\w./-]*/[\w./-]+\w)`", text):
            assert "".join(path) in known, place


def test_the_migration_document_names_every_file_that_is_rolled_out() -> None:
    said = inventory()
    written = {(path, "/home/samuel/sv" if name in said["folders"] else name) for name, path in everything()}
    written |= {("CLAUDE.md", name) for name in SUPERVISORS}
    table = documents()["shared", MIGRATION].partition("## 2. What changed where")[2].partition("\n## ")[0]
    named = set(re.findall(r"^\| `([^`]+)` \| `?([^|`]+?)`? \|", table, re.MULTILINE))
    everywhere = {
        (path, name) for path, where in named if where == "every supervisor repository" for name in SUPERVISORS
    }
    assert {pair for pair in named if "every" not in pair[1]} | everywhere == written


def changed(*keys: str, to: Any) -> dict[str, Any]:
    said = copy.deepcopy(inventory())
    place = said
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = to
    return said


@pytest.mark.parametrize(
    ("said", "old"),
    [
        (changed("vars", "shared_root", to="/srv/sv"), "/home/samuel/sv"),
        (changed("vars", "pg_database", to="events"), "supervisor_service"),
        (changed("vars", "pg_user", to="eva"), "user `supervisor`"),
        (changed("machines", "odin3", "hostnames", to=["*odin9*"]), "*odin3*"),
    ],
    ids=["shared_root", "pg_database", "pg_user", "hostnames"],
)
def test_what_the_inventory_says_is_written_nowhere_else(said: dict[str, Any], old: str) -> None:
    for name in [*said["repos"], *said["folders"]]:
        for path, text in rendered(name, said).items():
            assert old not in text, (name, path)


def test_no_two_documents_disagree_on_hosts_and_ports() -> None:
    said = inventory()
    for number, machine in enumerate(said["machines"].values()):
        machine["vars"] = {"pg_host": f"db{number}.example", "pg_port": 7001 + number}
    right = {name: f"{m['vars']['pg_host']}:{m['vars']['pg_port']}" for name, m in said["machines"].items()}
    for name in [*said["repos"], *said["folders"]]:
        for path, text in rendered(name, said).items():
            assert "5434" not in text, (name, path)
            tables = re.findall(r"^\| `?(odin3|odin4|laptop)`? \|.*?\| `?(\S+?:\d+)`?[ ,]", text, re.MULTILINE)
            arms = re.findall(r"(\w+)\) export PGHOST=\"\$\{PGHOST:-(.*?)\}\" PGPORT=\"\$\{PGPORT:-(\d+)\}\"", text)
            found = {*tables, *((machine, f"{host}:{port}") for machine, host, port in arms)}
            assert found <= {*right.items()}, (name, path)


@pytest.mark.parametrize("place", everything(), ids=":".join)
def test_instructions_keep_to_their_budget(place: tuple[str, str]) -> None:
    text = everything()[place]
    assert len(text) <= rule(inventory(), place[1]).get("max_chars", len(text))
    assert text.endswith("\n")
    text = text.replace("{{EPIC_ID}}", "")  # the tool that hands out the file fills it in
    marks = r"\{%|\{\{|<#" if place[1].endswith(".sh") else r"\{[{%#]|[%#]\}"  # a shell expansion may end in %}
    assert not re.search(rf"{marks}|\n\n\n| \n", text.replace("${#", "")), "left over from a template"
