"""`rollout take` is named only where it can work; what a template cannot say is refused before anything is written."""

from __future__ import annotations

import pytest

from tests.first_rows import first_rows
from tests.world import World

WRAPPED = "write it there by hand, between {% raw %} and {% endraw %}"


def drifted(world: World, name: str, before: str, theirs: str, rule: str = "mode: whole") -> None:
    """Roll a template out to two repositories, and let somebody change the file in one."""
    world.tail = f"files: {{{name.removesuffix('.j2')}: {{{rule}}}}}\n"
    world.template(f"project/{name}", before)
    for repository in ("api", "web"):
        world.bare_repo(repository)
    assert world.run("apply", "--yes").code == 0
    world.elsewhere("api", {name.removesuffix(".j2"): theirs})


@first_rows(
    3,
    ("line", "mark"),
    [("{% raw %}", "{%"), ("{% if x %}", "{%"), ("{{ x }}", "{{"), ("{{ who }}", "{{"), ("a {# b #} c", "{#")],
)
def test_text_that_the_template_would_read_as_jinja_is_refused_with_its_line(
    world: World, line: str, mark: str
) -> None:
    drifted(world, "w.txt.j2", "hello {{ who }}\nend\n", f"hello world\nend\n{line}\n")
    ran = world.run("take", "api", "w.txt", "--yes")
    told = f"api: w.txt: cannot be taken back: line 3 has {mark!r}, which the template would read as Jinja; {WRAPPED}"
    assert (ran.code, ran.err.strip()) == (4, f"rollout: {told}")
    assert (world.root / "templates/project/w.txt.j2").read_text() == "hello {{ who }}\nend\n"


def test_the_line_is_that_of_the_file_also_below_a_part_of_others(world: World) -> None:
    file = "# Mine\n\n<!-- rollout:begin project -->\none\n<!-- rollout:end project -->\n"
    drifted(world, "w.md.j2", "one\n", file.replace("one\n", "one\n{{ x }}\n"), "mode: block")
    ran = world.run("take", "api", "w.md", "--yes")
    assert (ran.code, "line 5 has '{{'" in ran.err) == (4, True), ran.err


def test_jinja_that_the_template_keeps_as_text_is_taken(world: World) -> None:
    drifted(world, "w.txt.j2", "{% raw %}a\n{% endraw %}\n", "a {{ b }}\n")
    assert world.run("take", "api", "w.txt", "--yes").code == 4  # `unresolved` blocks what it would make
    world.tail = "files: {w.txt: {allow: [unresolved]}}\n"
    assert world.run("take", "api", "w.txt", "--yes").code == 0
    assert (world.root / "templates/project/w.txt.j2").read_text() == "{% raw %}a {{ b }}\n{% endraw %}\n"


def test_what_is_not_utf_8_is_refused_with_the_way_out(world: World) -> None:
    drifted(world, "w.txt.j2", "hello {{ who }}\n", "hello world\n")
    world.elsewhere("api", {"w.txt": b"caf\xe9\n"})
    ran = world.run("take", "api", "w.txt", "--yes")
    assert (ran.code, "is not UTF-8, and its template is rendered; save it as UTF-8" in ran.err) == (4, True), ran.err


@first_rows(
    4,
    ("theirs", "rule", "said"),
    [
        ("two {{ x }}\n", "mode: whole", "line 1:"),
        ("hidden \u200b\n", "mode: whole", "hidden character, U+200B"),
        ("password=AKIAABCDEFGHIJKLMNOP\n", "mode: whole", "an AWS access key"),
        ("one\ntwo\n", "max_lines: 1", "2 lines"),
        ("if\n", "check: 'bash -n {path}'", "check failed"),
        ("see [a](nowhere.md)\n", "mode: whole", "links to nowhere.md"),
    ],
)
def test_what_a_policy_would_block_is_refused_before_anything_is_written(
    world: World, theirs: str, rule: str, said: str
) -> None:
    drifted(world, "plain.md", "one\n", theirs, rule)
    ran = world.run("take", "api", "plain.md", "--yes")
    assert (ran.code, "rollout plan would block it then" in ran.err, said in ran.err) == (4, True, True), ran.err
    assert (world.root / "templates/project/plain.md").read_text() == "one\n"
    assert world.run("plan", "--json").states() == {"api": "drift", "web": "in-sync"}


def test_a_value_that_blocks_another_target_is_refused(world: World) -> None:
    drifted(world, "a.txt.j2", "{{ who }}\n", "planet\n", "max_chars: 7")
    world.template("web/b.txt.j2", "{{ who }}s\n")
    world.tail = "files: {'[ab].txt': {max_chars: 7}}\n"
    world.entries["web"] = world.entries["web"].replace("}", ", templates: [web]}")
    ran = world.run("take", "api", "a.txt", "--set-all", "--yes")
    assert (ran.code, "rollout plan would block web then: b.txt: " in ran.err) == (4, True), ran.err


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("check: sh -c '! grep web.moon $0' {path}", "check failed"),
        ("formatter: awk '/web.moon/ {exit 3} {print}'", "formatter failed"),
    ],
)
def test_what_a_check_or_a_formatter_refuses_in_another_target_is_refused(world: World, rule: str, said: str) -> None:
    drifted(world, "a.txt.j2", "{{ target.name }}.earth\n", "api.moon\n", f'{rule.replace(": ", ": " + chr(34), 1)}"')
    ran = world.run("take", "api", "a.txt", "--yes")
    assert (ran.code, "rollout plan would block web then: a.txt: " in ran.err, said in ran.err) == (4, True, True), ran
    assert (world.root / "templates/project/a.txt.j2").read_text() == "{{ target.name }}.earth\n"


def test_a_check_of_the_whole_file_is_left_to_the_plan_and_that_is_said(world: World) -> None:
    block = "<!-- rollout:begin project -->\n{}<!-- rollout:end project -->\n"
    drifted(world, "a.md", "one\n", block.format("two\n"), "mode: block, check: 'grep e {path}'")
    ran = world.run("take", "api", "a.md", "--yes")
    assert (ran.code, "Its check judges whole files: rollout plan tries it on a.md of web." in ran.out) == (0, True)
    assert world.run("take", "api", "a.md", "--json", "--yes").code == 0


@pytest.mark.parametrize(
    ("rule", "template", "theirs", "named"),
    [
        ("mode: whole", "a: 1\n", "a: 2\n", True),
        ("mode: merge", "a: 1\n", "a: 2\n", False),
        ("mode: block", "a: 1\n", "b: 1\n", False),
    ],
)
def test_take_is_named_only_where_it_can_work(world: World, rule: str, template: str, theirs: str, named: bool) -> None:
    drifted(world, "m.yaml", template, theirs, rule)
    plan = world.run("plan", "--json")
    reason = plan.json["targets"][0]["reason"]
    assert ("rollout take api m.yaml" in reason) is named, reason
    assert (world.run("take", "api", "m.yaml", "--yes").code == 0) is named


def test_what_was_kept_is_decided_again_by_its_path_alone(world: World) -> None:
    """SPEC: what is kept stays until the template changes; a decision for all files is not about it."""
    drifted(world, "a.txt", "one\n", "mine\n")
    assert world.run("apply", "--yes", "--on-drift", "keep").code == 0
    assert world.run("apply", "--yes", "--on-drift", "overwrite").code == 0
    assert world.at("api", "a.txt") == "mine\n"
    assert world.run("apply", "--yes", "--on-drift", "a.txt=overwrite").code == 0
    assert world.at("api", "a.txt") == "one\n"
    assert "also one that was kept: PATH=DECISION" in " ".join(world.run("apply", "--help").out.split())


@pytest.mark.parametrize("how", ["unreachable", "blocked"])
def test_of_a_file_that_cannot_be_read_take_says_what_diff_says(world: World, how: str) -> None:
    top = world.repo("api")
    assert world.run("apply", "--yes").code == 0
    world.elsewhere("api", {"conf.txt": "hallo world\n"})
    if how == "unreachable":
        (world.root / "api.git").rename(world.root / "elsewhere.git")
    else:
        (top / ".git").rename(top / "elsewhere")
    taken, differs = world.run("take", "api", "conf.txt", "--yes"), world.run("diff", "api", "conf.txt")
    assert (taken.code, taken.out, taken.err) == (1, "", differs.err)
    assert differs.err.startswith(f"rollout: api: {how}: ")


@pytest.mark.parametrize("says", ["enabled: false", "ignore: [conf.txt]"])
def test_of_a_file_that_its_target_leaves_out_nothing_is_taken(world: World, says: str) -> None:
    world.bare_repo("api")
    world.head = "version: 1\nvars: {who: world}\ntarget_may: [enabled, ignore]\n"
    assert world.run("apply", "--yes").code == 0
    world.elsewhere("api", {"conf.txt": "hallo world\n", ".rollout.yaml": f"{says}\n"})
    taken = world.run("take", "api", "conf.txt", "--yes")
    assert (taken.code, taken.err) == (0, "")
    assert "there is nothing to take: it is left alone (.rollout.yaml" in taken.out
