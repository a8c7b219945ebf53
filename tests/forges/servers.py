"""Bare repositories that take a push as the forges do: git's own proc-receive hook and push options do the talking."""

import json
import sys
from pathlib import Path
from typing import Any

from tests.world import World

_PACKETS = f"""#!{sys.executable} -IS
import json, re, subprocess, sys
i, o = sys.stdin.buffer, sys.stdout.buffer
def read():
    n = int(i.read(4), 16)
    return None if n == 0 else i.read(n - 4).rstrip(b"\\n").decode()
def lines():
    while (line := read()) is not None:
        yield line
def say(*told):
    for line in told:
        o.write(b"%04x" % (len(line.encode()) + 4) + line.encode())
    o.write(b"0000")
    o.flush()
def git(*words):
    return subprocess.run(("git",) + words, capture_output=True, text=True).stdout.strip()
def known():
    try:
        return json.load(open("reviews.json"))
    except FileNotFoundError:
        return {{}}
def keep(found):
    json.dump(found, open("reviews.json", "w"))
def tell(text):
    print(text, file=sys.stderr, flush=True)
list(lines())
say("version=1\\0push-options")
commands = list(lines())
options = dict(line.partition("=")[::2] for line in lines())
"""

AGIT = (
    _PACKETS
    + """
for command in commands:
    old, new, ref = command.split(" ")
    reviews, topic = known(), options["topic"]
    number = next((n for n, r in reviews.items() if r["topic"] == topic and r["state"] == "open"), None)
    if number is None:
        number = str(len(reviews) + 1)
        reviews[number] = {"topic": topic, "state": "open", "base": ref.removeprefix("refs/for/"), "pushes": 0}
    git("update-ref", f"refs/pull/{number}/head", new)
    reviews[number].update({k: v for k, v in options.items() if k in ("title", "description")})
    reviews[number]["pushes"] += 1
    keep(reviews)
    tell(f"Visit the existing pull request:\\n  https://forge.example/team/api/pulls/{number}")
    say(f"ok {ref}", f"option refname refs/pull/{number}/head", f"option new-oid {new}", "option forced-update")
"""
)

_GERRIT = (
    _PACKETS
    + """
for command in commands:
    old, new, ref = command.split(" ")
    reviews, text = known(), git("log", "-1", "--format=%B", new)
    key = re.search(r"^Change-Id: (I[0-9a-f]{40})$", text, re.M)
    if key is None:
        say(f"ng {ref} missing Change-Id in message footer")
        continue
    number = next((n for n, r in reviews.items() if r["key"] == key[1]), str(1200 + len(reviews) + 1))
    url = f"https://review.example/c/api/+/{number}"
    review = reviews.setdefault(number, {"key": key[1], "state": "open", "sets": [], "ref": ref})
    if review["state"] != "open":
        say(f"ng {ref} change {url} closed")
    elif new in review["sets"]:
        say(f"ng {ref} no new changes")
    else:
        review["sets"].append(new)
        git("update-ref", f"refs/changes/{int(number) % 100:02}/{number}/{len(review['sets'])}", new)
        keep(reviews)
        tell(f"SUCCESS\\n  {url} {text.splitlines()[0]} [NEW]")
        say(f"ok {ref}")
"""
)

_GITLAB = f"""#!{sys.executable} -IS
import json, os, sys
count = int(os.environ.get("GIT_PUSH_OPTION_COUNT", 0))
options = [os.environ[f"GIT_PUSH_OPTION_{{n}}"] for n in range(count)]
try:
    reviews = json.load(open("reviews.json"))
except FileNotFoundError:
    reviews = {{}}
for line in sys.stdin:
    old, new, ref = line.split()
    branch = ref.removeprefix("refs/heads/")
    if "merge_request.create" in options and set(new) != {{"0"}}:
        number = next((n for n, r in reviews.items() if r["branch"] == branch and r["state"] == "open"), None)
        number = number or str(len(reviews) + 1)
        pushes = reviews.get(number, {{}}).get("pushes", 0) + 1
        reviews[number] = {{"branch": branch, "state": "open", "pushes": pushes, "options": options}}
        print("\\nView merge request for " + branch + ":")
        print(f"  https://gitlab.example/team/api/-/merge_requests/{{number}}\\n")
json.dump(reviews, open("reviews.json", "w"))
"""

_HOOKS = {
    "gitea": ("proc-receive", AGIT),
    "gerrit": ("proc-receive", _GERRIT),
    "gitlab": ("post-receive", _GITLAB),
}


def as_forge(world: World, name: str, kind: str) -> Path:
    """Have a bare repository of the world take pushes as a forge does."""
    bare = world.root / f"{name}.git"
    hook, text = _HOOKS[kind]
    with (bare / "config").open("a") as settings:
        settings.write("[receive]\n\tadvertisePushOptions = true\n")
        settings.write("\tprocReceiveRefs = refs/for\n" if hook == "proc-receive" else "")
    (bare / "hooks").mkdir(exist_ok=True)
    (bare / "hooks" / hook).write_text(text)
    (bare / "hooks" / hook).chmod(0o755)
    return bare


def say_no_address(world: World, name: str = "api") -> None:
    """Have a server that makes pull requests of a push tell their refs alone."""
    hook = world.root / f"{name}.git" / "hooks" / "proc-receive"
    hook.write_text(hook.read_text().replace("tell(f", "str(f"))


def reviews(world: World, name: str = "api") -> dict[str, dict[str, Any]]:
    """Return what the forge has of reviews."""
    found: dict[str, dict[str, Any]] = json.loads((world.root / f"{name}.git" / "reviews.json").read_text())
    return found


def close(world: World, number: str, name: str = "api") -> None:
    """Close a review as a person does it."""
    found = reviews(world, name)
    found[number]["state"] = "closed"
    (world.root / f"{name}.git" / "reviews.json").write_text(json.dumps(found))
