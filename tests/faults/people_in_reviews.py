"""What people do to a review, to templates and to the inventory in the middle of a run."""

from __future__ import annotations

from tests.faults.people import Deed
from tests.faults.stories import TOPIC

_BRANCH = f"rollout/{TOPIC}"
_THERE = f"cd pusher && git fetch -q && git checkout -q -f -B theirs origin/{_BRANCH} &&"
_PUSH = f"git push -q {{}} origin theirs:{_BRANCH} && git rev-parse HEAD >> ../theirs-upstream && said"

# `FORGE act` is replaced by the words that do it on the forge's page.
REVIEW = (
    Deed("a colleague commits on the review", f"{_THERE} note >> conf.txt && git commit -q -am persons-own && "
         f"{_PUSH.format('')}", "review"),
    Deed("a colleague adds a file to the review", f"{_THERE} note > mine.txt && git add mine.txt && "
         f"git commit -q -m persons-own && {_PUSH.format('')}", "review"),
    Deed("a colleague amends our commit in the review", f"{_THERE} note >> conf.txt && "
         f"git commit -q --amend --no-edit -a && {_PUSH.format('--force')}", "review"),
    Deed("a colleague rebases the review with an edit", f"{_THERE} git reset -q --soft HEAD~1 && note >> run.sh && "
         f"git commit -q -am persons-own && {_PUSH.format('--force')}", "review"),
    Deed("the review is brought up to date", "cd pusher && git fetch -q && git checkout -q -f -B up origin/main && "
         "note >> team.txt && git commit -q -am pushed-by-another && git push -q origin up:main && "
         f"git checkout -q -B theirs origin/{_BRANCH} && git merge -q --no-edit origin/main && "
         f"git push -q origin theirs:{_BRANCH}", "review"),
    Deed("the review is closed", "FORGE close && note > aside", "review"),
    Deed("the review is merged", "FORGE merge && note > aside", "review"),
    Deed("the branch is deleted", "FORGE delete && note > aside", "review"),
    Deed("another push", "cd pusher && git fetch -q && git checkout -q -f -B up origin/main && note >> team.txt && "
         "git commit -q -am pushed-by-another && git push -q origin up:main", "review"),
)  # fmt: skip

_CONF = "templates/project/conf.txt.j2"
SOURCES = (
    Deed("edit the template", f"note >> {_CONF}", "source"),
    Deed("replace the template", f"{{ cat {_CONF}; note; }} > mine && mv mine {_CONF}", "source"),
    Deed("edit another template", "note >> templates/project/run.sh", "source"),
    Deed("edit the inventory", 'echo "# $(note)" >> inventory.yaml', "source"),
    Deed("replace the inventory", '{ cat inventory.yaml; echo "# $(note)"; } > mine && mv mine inventory.yaml',
         "source"),
    Deed("chmod 640 the template", f"chmod 640 {_CONF} && note > aside", "source",
         stays=f"test $(stat -c %a {_CONF}) = 640"),
)  # fmt: skip
