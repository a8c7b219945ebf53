"""Hostile inventories, templates and plan files: refused in bounded time and memory, and nothing is read or run."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from tests import programs
from tests.first_rows import first_rows
from tests.world import Ran, World

HEAD = "version: 1\ndefaults: {templates: [project]}\nrepos: {api: {url: api.git}}\n"

LAUGHS = "".join(f"  l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 12))


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "vars: {a: " + "[" * 50_000 + "]" * 50_000 + "}\n",
        HEAD + "vars: {a: " + "{b: " * 50_000 + "}" * 50_000 + "}\n",
        HEAD + "vars:\n" + "".join(" " * n + f"k{n}:\n" for n in range(1, 3000)),
        HEAD + "vars:\n  l0: &l0 [x, x, x, x, x, x, x, x, x]\n" + LAUGHS,
        HEAD + "vars: &a {b: *a}\n",
        HEAD + "vars: {a: !!python/object/apply:os.system ['touch canary']}\n",
        HEAD + "vars: {a: !evil x}\n",
        HEAD + 'vars: {a: "x\\0y"}\n',
        HEAD + "vars: {a: .inf}\n",
        HEAD + "vars: {a: .nan}\n",
        HEAD + "vars: {? [a] : b}\n",
        HEAD + "vars: {a: " + "9" * 5000 + "}\n",
        HEAD + "---\nversion: 1\n",
        HEAD + "vars: {a: *nobody}\n",
        HEAD + "\x00",
        HEAD + "vars: {a: 2001-99-99}\nunknown: x\n",
        "\ufeff" + HEAD + "unknown: x\n",
        "%YAML 9.9\n---\n" + HEAD,
        "- " * 100_000,
        "\t" + HEAD,
    ],
    ids=["deep list", "deep map", "deep block", "laughs", "self", "python tag", "tag", "nul", "inf", "nan", "key",
         "digits", "documents", "alias", "raw nul", "date", "bom", "version", "dashes", "tab"],
)  # fmt: skip
def test_a_hostile_inventory_is_refused_quickly(world: World, text: str) -> None:
    world.remote("api")
    (world.root / "inventory.yaml").write_text(text)
    started = time.process_time()
    ran = world.run("plan", write=False)
    assert time.process_time() - started < 10
    assert ran.code == 64, ran.err[-500:]
    assert "inventory.yaml:" in ran.err
    assert "Traceback" not in ran.err
    assert len(ran.err) < 20_000
    assert not (world.root / "canary").exists()


def test_an_inventory_without_an_end_is_refused(world: World) -> None:
    world.inventory()
    refused = world.run("-i", "/dev/zero", "plan", write=False)
    assert refused.code == 64
    assert "/dev/zero: is a device, and not a plain file" in refused.err


def test_an_inventory_beyond_any_use_is_refused(world: World) -> None:
    with (world.root / "huge.yaml").open("wb") as huge:
        huge.truncate((32 << 20) + 1)
    refused = world.run("-i", "huge.yaml", "plan", write=False)
    assert (refused.code, "larger than 32 MiB" in refused.err) == (64, True)


def test_words_that_yaml_reads_as_something_else_are_told(world: World) -> None:
    world.remote("api")
    world.entries["api"] = "{url: api.git, branch: 1.10}"
    refused = world.run("plan")
    assert refused.code == 64
    assert "put it in quotes" in refused.err


# --- templates


def rendered(world: World, template: str) -> Ran:
    """Plan with one hostile template in one of two targets."""
    world.remote("api")
    world.remote("web")
    world.template("hostile/evil.txt.j2", template)
    world.entries = {"api": "{url: api.git, templates: [hostile]}", "web": "{url: web.git}"}
    ran = world.run("plan", "--json")
    assert ran.states() == {"api": "blocked", "web": "pending"}, ran.err
    assert "Traceback" not in ran.err
    assert "root:" not in ran.out
    return ran


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ self.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ ''|attr('__class__') }}",
        "{{ '{0.__class__.__init__.__globals__}'.format(self) }}",
        "{{ ('%s' % self)|attr('format') }}{{ namespace.__init__ }}",
        "{{ joiner.__call__.__func__.__globals__ }}",
        "{{ target.update({'name': 'x'}) }}",
        "{{ target.__setitem__('name', 'x') }}",
        "{% set x = target.groups.append('y') %}{{ x }}",
        "{{ 'x'.format_map(target) }}{{ ''.__format__ }}{{ undefined_thing }}",
        "{% import 'os' as os %}",
        "{% set n = 'project/' ~ 'gone' %}{% include n %}",
    ],
)
def test_a_template_cannot_leave_its_sandbox(world: World, template: str) -> None:
    ran = None
    try:
        ran = rendered(world, template)
    except (KeyError, ValueError):
        ran = world.run("plan")  # refused as a bad template, before anything was looked at
        assert ran.code == 64
    assert "rollout/render" not in ran.out


@first_rows(
    3,
    "template",
    [
        "{{ 'x' * 10 ** 10 }}",
        "{{ '%9999999999d' % 1 }}",
        "{{ 'x'.center(10 ** 10) }}",
        "{% set x = namespace(v='x' * 1000) %}{% for i in range(60) %}{% set x.v = x.v ~ x.v %}{% endfor %}{{ x.v }}",
        "{{ range(99999)|list|string * 10000 }}",
        "{% for i in range(99999) %}{{ 'x' * 1000 }}{% endfor %}",
    ],
)
def test_a_template_that_wants_all_memory_gets_none(world: World, template: str) -> None:
    ran = rendered(world, template)
    assert "template limit" in ran.out or "16 MiB" in ran.out or "Error" in ran.out


def test_a_template_that_hits_the_limit_costs_it_twice_for_many_targets(world: World) -> None:
    world.template("project/conf.txt.j2", "{{ who }}{{ 'x' * 10 ** 10 }}")
    world.remote("api")
    for number in range(12):
        world.entries[f"r{number}"] = f"{{url: api.git, branch: b{number}, vars: {{who: w{number}}}}}"
    with programs.started() as begun:
        plan = world.run("plan", "--json")
    assert plan.states() == {f"r{number}": "blocked" for number in range(12)}
    assert (
        sum("rollout.rendering.child_main" in words for words in begun) <= 3
    )  # two that are ended, and one for what is asked first


@pytest.mark.parametrize("place", ["file", "folder", "set", "pipe"])
def test_what_is_no_plain_file_among_the_templates_is_refused(world: World, place: str) -> None:
    world.bare_repo("api")
    if place == "file":
        (world.root / "templates/project/passwd").symlink_to("/etc/passwd")
    elif place == "folder":
        (world.root / "templates/project/etc").symlink_to("/etc")
    elif place == "set":
        (world.root / "templates/linked").symlink_to("/etc")
    else:
        os.mkfifo(world.root / "templates/project/pipe")
    refused = world.run("plan")
    assert refused.code == 64
    assert "is not a plain file" in refused.err


def test_the_renderer_takes_no_module_from_the_folder_it_runs_in(world: World, tmp_path: Path) -> None:
    world.bare_repo("api")
    world.write(".", {"jinja2.py": "raise SystemExit('pwned')\n", "rollout/__init__.py": "", "json.py": "x\n"})
    plan = world.run("plan", "--json")
    assert plan.states() == {"api": "pending"}


# --- plan files


def test_a_plan_file_with_any_bit_flipped_is_refused_or_writes_the_same(world: World) -> None:
    world.bare_repo("api")
    assert world.run("plan", "--out", "p.json").code == 0
    whole = (world.root / "p.json").read_bytes()
    draw = random.Random(20260203)
    from rollout.errors import Refused
    from rollout.model.plan_file import read_plan

    good = read_plan(whole, "p.json")
    for _ in range(400):
        flipped = bytearray(whole)
        flipped[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        try:
            assert read_plan(bytes(flipped), "p.json") == good
        except Refused:
            continue


# --- what people read


def test_nothing_that_others_wrote_steers_the_terminal(world: World) -> None:
    evil = "\x1b]0;pwned\x07\x1b[2J\u202egnp.exe\x9b31m"
    world.repo("api", {"conf.txt": f"old {evil}\n"})
    world.elsewhere("api", {f"n{evil}": "x\n"}, f"subject {evil}")
    world.template("project/new.txt.j2", "{{ who }}\n")
    world.head = f'version: 1\nvars: {{who: "{evil.encode("unicode_escape").decode()}"}}\n'
    world.tail = "files: {new.txt: {allow: [unicode]}}\n"
    for command in (
        ("plan", "--color", "always"),
        ("diff",),
        ("apply", "--yes", "--adopt", "-v"),
        ("explain", "api", "new.txt"),
        ("status",),
        ("status", "--format", "markdown"),
        ("history",),
        ("report",),
        ("plan", "--json"),
        ("explain", "api", "new.txt", "--json"),
    ):
        ran = world.run(*command)
        said = (ran.out + ran.err).replace("\x1b[0m", "")
        for code in ("1", "2", "31", "32", "33", "35", "36"):
            said = said.replace(f"\x1b[{code}m", "")
        odd = {c for c in said if (not c.isprintable() and c not in "\n\t") or c == "\u202e"}
        assert odd == set(), (command, said)
