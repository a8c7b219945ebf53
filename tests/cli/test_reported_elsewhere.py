"""What users of other tools reported of templates, modes and updates, tried on the program."""

from __future__ import annotations

import pytest

from tests.world import World


def _rolled_out(world: World, name: str, content: str | bytes, there: dict[str, str | bytes] | None = None) -> bytes:
    """Return what the first path of a template is in a checkout after a run."""
    world.template(f"project/{name}", content)
    top = world.repo("api", there)
    ran = world.run("apply", "-y")
    assert ran.code == 0, ran.out + ran.err
    return (top / name.removesuffix(".j2")).read_bytes()


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        # Ansible's template: nothing kept the line end behind {% endif %}, and the next line was glued on
        ("GSSAPI {% if who %}yes{% else %}no{% endif +%}\nNext {{ who }}\n", "GSSAPI yes\nNext world\n"),
        ("{% for n in [1, 2] %}\n  l{{ n }}\n  {% endfor %}\nend\n", "  l1\n  l2\nend\n"),
        # Ansible: the last line end was kept without a variable and lost with one
        ("a\n{{ who }}\n", "a\nworld\n"),
        ("a\n{{ who }}", "a\nworld"),
        ("a\n{{ who }}\n\n", "a\nworld\n\n"),
        # repo-file-sync: quotes came out as entities of HTML
        ("a: '{{ who }}' & <b> \"q\"\n", "a: 'world' & <b> \"q\"\n"),
        # win_template: CRLF became LF
        ("@echo off\r\nrem {{ who }}\r\n", "@echo off\r\nrem world\r\n"),
    ],
)
def test_a_template_comes_out_as_it_was_written(world: World, template: str, expected: str) -> None:
    assert _rolled_out(world, "x.txt.j2", template) == expected.encode()


def test_a_file_without_a_suffix_of_templates_is_copied_byte_for_byte(world: World) -> None:
    """modulesync: files without .erb were left out without a word."""
    assert _rolled_out(world, "logo.bin", b"\x00\xff{{ who }}\r\n") == b"\x00\xff{{ who }}\r\n"


def test_a_placeholder_in_a_file_that_is_not_rendered_names_the_way_out(world: World) -> None:
    """modulesync: whoever forgot the suffix got the placeholders into the repositories."""
    world.template("project/x.sh", "echo {{ who }}\n")
    world.bare_repo("api")
    planned = world.run("plan")
    assert planned.code == 1
    assert "name the template x.sh.j2" in " ".join(planned.out.split())


def test_a_template_lends_its_executable_bit(world: World) -> None:
    """modulesync and copier: scripts arrived without their executable bit, and a later change of it was lost."""
    world.template("project/x.sh", "#!/bin/sh\n", executable=True)
    top = world.repo("api")
    assert world.run("apply", "-y").code == 0
    assert (top / "x.sh").stat().st_mode & 0o111
    world.template("project/x.sh", "#!/bin/sh\n")
    assert world.run("apply", "-y").code == 0
    assert not (top / "x.sh").stat().st_mode & 0o111
    assert world.run("verify").code == 0


def test_what_exists_once_is_left_alone_and_nothing_lies_beside_it(world: World) -> None:
    """copier: files to be skipped were updated all the same, and .rej files were left beside them."""
    world.template("project/x.cfg", "v1\n")
    world.tail = "files: {x.cfg: {mode: once}}\n"
    top = world.repo("api")
    assert world.run("apply", "-y").code == 0
    world.elsewhere("api", {"x.cfg": "mine\n"})
    world.template("project/x.cfg", "v2\n")
    world.template("project/conf.txt.j2", "more {{ who }}\n")
    assert world.run("apply", "-y").code == 0
    assert world.at("api", "x.cfg") == "mine\n"
    assert sorted(path.name for path in top.iterdir()) == [".git", "README.md", "conf.txt", "x.cfg"]


def test_a_binary_file_is_updated_as_any_other(world: World) -> None:
    """cruft: a patch could not be applied to a binary file, and the update counted as done."""
    assert _rolled_out(world, "x.bin", b"\x00\x01old") == b"\x00\x01old"
    world.template("project/x.bin", b"\x00\x02new")
    assert world.run("apply", "-y").code == 0
    assert (world.root / "api" / "x.bin").read_bytes() == b"\x00\x02new"


def test_changes_that_overlap_are_told_and_nothing_of_them_is_written(world: World) -> None:
    """cruft: where a patch did not fit, changes were dropped, and the project said it was up to date."""
    world.template("project/conf.txt", "a\nb\nc\n")
    (world.root / "templates/project/conf.txt.j2").unlink()
    world.repo("api")
    assert world.run("apply", "-y").code == 0
    world.elsewhere("api", {"conf.txt": "a\nmine\nc\n"})
    world.template("project/conf.txt", "a\nours\nc\n")
    merged = world.run("apply", "-y", "--on-drift", "merge", "--json")
    assert (merged.code, merged.outcomes()) == (4, {"api": "blocked"})
    assert world.at("api", "conf.txt") == "a\nmine\nc\n"
    assert world.run("verify").code == 2


def test_a_file_that_is_to_go_goes(world: World) -> None:
    """pdk: what `.sync.yml` marked to be deleted was written again."""
    world.template("project/ci.yml", "a: 1\n")
    world.bare_repo("api")
    assert world.run("apply", "-y").code == 0
    world.tail = "files: {ci.yml: {mode: absent}}\n"
    assert world.run("apply", "-y").code == 0
    assert world.at("api", "ci.yml") is None
    assert world.run("plan", "--detailed-exitcode").code == 0


@pytest.mark.parametrize(
    "markers", ["['', '']", r'["\n# begin ID", "# end ID"]', "['# begin', '# end']", "['# ID', '# ID']"]
)
def test_markers_that_cannot_be_found_again_are_refused(world: World, markers: str) -> None:
    """blockinfile: with an empty marker, or one of several lines, each run wrote the block once more."""
    world.tail = f"files: {{conf.txt: {{mode: block, markers: {markers}}}}}\n"
    world.bare_repo("api")
    validated = world.run("validate")
    assert (validated.code, ".markers" in validated.err) == (64, True)


def test_a_file_whose_template_cannot_be_rendered_is_no_orphan(world: World) -> None:
    """Others deleted what a template that failed did not name any more; ours said that nobody names it."""
    world.bare_repo("api")
    assert world.run("apply", "-y").code == 0
    world.template("project/conf.txt.j2", "{{ missing }}\n")
    planned = world.run("plan")
    assert planned.code == 1
    assert "orphan" not in planned.out


def test_where_all_is_blocked_no_command_is_named_that_would_do_nothing(world: World) -> None:
    world.template("project/README.md/x.txt", "x\n")
    world.bare_repo("api")
    world.elsewhere("api", {"more.txt": "theirs\n"})
    planned = world.run("plan")
    assert (planned.code, "Next:" in planned.out) == (1, False)


def test_after_a_stale_push_apply_comes_next(world: World) -> None:
    world.repo("api")
    assert world.run("apply", "-y", "--no-push").code == 0
    world.elsewhere("api", {"conf.txt": "theirs\n"})
    pushed = world.run("push", "-y")
    assert (pushed.code, "Next: rollout apply" in pushed.out) == (3, True)
