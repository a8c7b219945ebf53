"""Takes one guard away at a time, in a copy of the program, and sees whether the experiments that watch it notice.

    python -m tests.faults.mutations [WORD ...]     all of them, or those whose guard has one of the words in it

A sweep that is content with a program that has lost a guard would prove nothing about the guard. A mutation names the
experiments that must notice, as narrowly as they can be named: then it takes seconds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.faults import kinds
from tests.faults.sweep import rooms

_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Mutation:
    """One guard: where it is, what stands there without it, and the experiments or the test that must notice."""

    guard: str
    file: str  # the module's file by its name, where the text stands in more than one
    old: str
    new: str
    kind: str = ""  # kinds of experiments, as --kinds takes them
    deed: str = "*"
    story: str = "*"
    where: str = "*"
    also: tuple[tuple[str, str, str], ...] = ()  # file, old and new of further places
    repeat: str = ""  # the one experiment that must notice, by its name: quickest
    test: str = ""  # the test that must notice, where what goes wrong takes an instant that no experiment hits

    def changes(self) -> tuple[tuple[str, str, str], ...]:
        return ((self.file, self.old, self.new), *self.also)


_MOVING = "tests/checkout/test_moving.py::"
_SHARED = "tests/targets/test_shared_files_replaced.py::"
_POWER = "tests/faults/test_powercut.py::"
_NAMED = "tests/faults/test_named_faults.py::"
_HOLDS = "tests/planning/test_holds.py::"
_GITHUB = "tests/forges/test_github.py::"

MUTATIONS = (
    # --- what is printed
    Mutation("nobody agrees to what they were not shown", "screen.py",
             "if streams.lost(sys.stdout) or streams.lost(sys.stderr):", "if False:",
             test="tests/cli/test_unwritable_streams.py::test_who_has_not_seen_what_is_asked_agrees_to_nothing"),
    Mutation("a closed stream never becomes a file that is opened next", "cli/terminal/streams.py",
             "closed = [_open(number) for number in range(3)]", "closed = [False] * 3",
             test="tests/cli/test_unwritable_streams.py::test_what_it_starts_has_all_streams"),
    # --- upstream
    Mutation("the exact lease of the push", "store/push.py",
             'f"--force-with-lease={held.ref}:{held.old or \'\'}"', '"--force"',
             "somebody else pushes", "another push", "push",
             also=(("store/push.py", "git_folder.bare(beside) is not None", "False"),)),
    Mutation("what the receiver is told the branch must be at", "receive_pack.py",
             "_request(update, _HERE)",
             "_request(Update(update.ref, (folder / update.ref).read_text().strip() if (folder / update.ref).exists()"
             " else update.old, update.new, update.pack), _HERE)",
             "somebody else pushes", "another push", "push"),
    # --- whose commit it is
    Mutation("the seal of a commit of ours on a branch", "ownership.py",
             "    return seal.fits(found.content, moved, branch)", "    return True",
             "a person rewrites our commits", "amend*"),
    Mutation("the seal of a commit of ours upstream", "store/history.py",
             "ours = len(parents) == 1 and (", "ours = bool(run and target) or (",
             "a colleague rewrites our commits", "a colleague amends with an edit of a managed file"),
    # --- when a checkout may move
    Mutation("the second look, under the lock", "follow.py",
             "        may_move.look(moving)\n        _move(moving)", "        _move(moving)",
             repeat="a person acts in the checkout | push | stage an edit, take it back in the file | "
             "before link */live/api/.git/index.lock #1"),
    Mutation("commits of a person's own keep a branch where it is", "may_move.py",
             "    if where.persons:\n        raise Hindered(OwnCommits(len(where.persons)))\n", "",
             "a person acts in the checkout", "commit -am", "ours overtaken",
             also=(("follow.py", "            _only_ours_above(runner, to, local)\n", "            pass\n"),)),
    Mutation("quiescence", "may_move.py",
             "    while busy := _at_work(repo):\n", "    while busy := _at_work(repo) and []:\n",
             "a rollout inside*", "pull*"),
    Mutation("quiescence, in whichever mount", "machine/processes.py",
             "if any(_is_below(place, here) for place in dict.fromkeys(_places(folder))) or _holds(folder, files):",
             "if any(os.path.realpath(place).startswith(str(top)) for place in _places(folder)):",
             "a rollout beside*", "pull*"),
    # --- its files
    Mutation("the exchange that keeps what it displaces", "swap_files.py",
             "exchange(scratch, swap.number, folder, name)\n"
             "                self._displaced(scratch, swap)",
             "os.rename(swap.number, name, src_dir_fd=scratch, dst_dir_fd=folder)",
             "a person acts in the checkout", "edit in place", "push", "*.git/rollout/op-*"),
    Mutation("the mode of what comes out", "swap_files.py",
             "out != replace(before, links=out.links)", "out != replace(before, links=out.links, mode=out.mode)",
             "a person puts odd things in the checkout", "chmod*", "push", "*/live/api/*"),
    Mutation("the mode of what is displaced", "may_move.py",
             "not modes or (entry[0] ==", "True or (entry[0] ==",
             "a person puts odd things in the checkout", "chmod*", "push",
             also=(("edits.py", "and (not file_mode or", "and (True or"),)),
    Mutation("no link is followed at a managed path", "look.py",
             "os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder",
             "os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder",
             "a person puts odd things in the checkout", "moved away and linked", "push", "*/live/api/conf.txt"),
    Mutation("a pipe in a shared file's place holds nobody up", "write.py",
             "os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=beside.folder",
             "os.O_RDONLY | os.O_NOFOLLOW, dir_fd=beside.folder",
             "a person puts odd things in the folder", "a pipe*", "upstream moved", "*/live/state/folders/*"),
    Mutation("a file has its name only when it is whole", "replace.py", 'PART = ".part"', 'PART = ""',
             "kill everything", "*", "push", "*.git/rollout/op-*"),
    Mutation("what is written is on the disk before it has its name", "replace.py",
             "        waiting.sync(descriptor)\n        os.rename(part", "        os.rename(part",
             "the power goes (ext4)", "*", "push", "*/live/api/.git/rollout/*"),
    Mutation("a file system without an exchange is known for one", "renames.py",
             "{errno.ENOSYS, errno.EINVAL, errno.ENOTSUP}", "{errno.ENOTSUP}",
             "no exchange (EINVAL), killed", "*", "push", "*/live/shared/*"),
    # --- its index and its branch
    Mutation("the index keeps its time", "swap_index.py",
             "            os.utime(made, ns=(about.st_atime_ns, about.st_mtime_ns))\n", "",
             "a write is cut short", "*", "push"),
    Mutation("the ref tells, not how its writer ended", "move_refs.py",
             "        if there == self.moving.commit:\n            return True",
             "        if there == self.moving.commit:\n            return False",
             repeat="a git of ours stands still | no push | left alone | "
             "after rename */live/api/.git/refs/heads/main #1"),
    # --- what a killed run left
    Mutation("what recovery cannot prove is kept", "give_back.py",
             "    if proven and writer is None:", "    if writer is None:",
             repeat="a person acts, then kill | push | edit in place | before exchange */live/api/conf.txt #1 | "
             "killed 1 calls later"),
    Mutation("whoever still has a replaced file open", "give_back.py",
             "    writer = busy.get(out.identity) if isinstance(out, OnDisk) else None\n", "    writer = None\n",
             "a person puts odd things in the checkout", "written late, once the run has ended", "push",
             "*/live/api/conf.txt"),
    Mutation("a file counts as let go only if the kernel says so", "open_files.py",
             "        return same and _is_open_for_writing(descriptor) is False\n", "        return same\n",
             test="tests/machine/test_open_files.py"),
    Mutation("who has a displaced file open is asked before it is looked at", "give_back.py",
             "    if identity is None or processes.writers([identity]):\n        return False\n"
             "    out = look.look_at(scratch, number)\n",
             "    out = look.look_at(scratch, number)\n    if identity is None or processes.writers([identity]):\n"
             "        return False\n",
             test=f"{_MOVING}test_what_is_written_into_a_displaced_file_while_we_ask_who_has_it_open_is_kept"),
    Mutation("a lock that is held is alive", "index_lock.py",
             "    if _is_locked(token):\n        return True\n    boot", "    boot",
             test=f"{_MOVING}test_a_lock_that_is_held_is_never_stale_whatever_it_says"),
    Mutation("a lock is judged by the kernel and not by the host's name", "index_lock.py",
             "    if _is_locked(token):\n        return True\n    boot",
             '    if _is_locked(token) or said.host != os.uname().nodename:\n        return True\n    boot',
             "kill, then the machine has another name", "*", "push", "*/live/api/*"),
    Mutation("a lock of before the machine started is dead", "index_lock.py",
             "said.boot != boot", "False",
             test=f"{_MOVING}test_a_lock_is_judged_by_the_kernel_under_which_it_was_taken"),
    Mutation("a folder without its name is its run's while it is held", "unnamed_folder.py",
             "return runs(folder.name.rpartition(\".\")[2]) if locked is None else not locked",
             "return runs(folder.name.rpartition(\".\")[2])", test="tests/machine/test_unnamed_folder.py"),
    # --- clones
    Mutation("a clone has its name only when it is whole", "unnamed_folder.py",
             'folder = place.with_name(f"{place.name}{mark}{os.getpid()}")', "folder = place",
             "a first fetch is killed", "*", "clone", "*/live/api*"),
    Mutation("a clone is on the disk before it has its name", "update_checkout.py", "files.sync_all(scratch)", "pass",
             test=f"{_POWER}test_after_a_power_cut_a_checkout_that_was_cloned_is_there_whole"),
    # --- our own store and state
    Mutation("a damaged ledger is put aside", "sqlite.py", "isinstance(error, sqlite3.OperationalError)", "True",
             "the state folder is damaged between runs", "state/ledger.db #1 is garbage", "push"),
    Mutation("a commit that waits is on the disk", "store/pending.py",
             "    if pinned(store) == commit:\n        refs.put(", "    if False:\n        refs.put(",
             test=f"{_POWER}test_after_a_power_cut_a_commit_that_waits_is_there"),
    Mutation("a store that is not whole is made anew", "mend.py",
             "not layout.is_whole(store) or ", "",
             "kill, then the state folder is damaged", "*HEAD*", "first fetch"),
    Mutation("a past that was not fetched whole is not all of it", "fetch.py",
             "raise GitError(f\"its history could not", "str(f\"its history could not",
             test="tests/faults/test_named_faults.py::"
             "test_a_past_that_could_not_be_fetched_whole_is_fetched_again_and_not_taken_for_all"),
    # --- shared folders
    Mutation("the second look at a shared file that was replaced", "displaced.py",
             "if found is None or not proved(found):", "if found is None:",
             "a person acts in the folder", "edit a shared file",
             also=(("write.py", "if beside.look() == planned:", "if beside.look() is not None:"),)),
    Mutation("who has a shared file open is asked before it is looked at", "displaced.py",
             "        writer = self._writer()  # first, as above\n        found = self.look()\n",
             "        found = self.look()\n        writer = self._writer()\n",
             test=f"{_SHARED}test_what_is_written_into_what_a_killed_run_displaced_while_we_ask_about_it_is_kept"),
    Mutation("a shared file that is removed is taken out in one step", "write.py",
             "beside.renames.take(beside.folder, change.path.name, beside.folder, beside.scratch)",
             "beside.renames.put_new(beside.folder, change.path.name, beside.folder, beside.scratch)",
             test=f"{_SHARED}test_a_file_is_taken_out_in_one_step_also_where_nothing_can_be_exchanged"),
    Mutation("names beside a shared file do not grow with its name", "displaced.py",
             'return f".rollout-{_digest(name)}-{os.urandom(4).hex()}"',
             'return f".{name}.rollout-{os.urandom(4).hex()}"',
             test=f"{_SHARED}test_a_name_as_long_as_there_can_be_is_written_and_an_old_record_of_one_heals"),
    Mutation("a shared folder that is replaced meanwhile is told", "displaced.py",
             "            if os.path.sameopenfile(self.folder, now):\n", "            if True:\n",
             test=f"{_SHARED}test_a_folder_that_is_replaced_meanwhile_is_told_with_where_it_is_now"),
    # --- outcomes
    Mutation("what is pushed is pushed although it cannot be noted here", "targets/branch/publish.py",
             "    except (GitError, OSError) as error:\n        return [f\"could not record the push",
             "    except NotImplementedError as error:\n        return [f\"could not record the push",
             test="tests/store/test_store.py::test_what_is_pushed_is_pushed_although_it_cannot_be_noted_here"),
    Mutation("a page to log in at is no repository", "upstream.py",
             "    if _HTTP.match(remote.url) and not _speaks_git(remote):\n", "    if False:\n",
             test="tests/remote/test_http.py::test_a_page_to_log_in_at_is_no_repository_without_the_branch"),
    Mutation("a dead run is cleared up before templates are judged", "carry_out.py",
             "        looks.sweep(at.state)\n", "        load.faultless(at.loaded)\n        looks.sweep(at.state)\n",
             test="tests/faults/test_kill.py::test_our_lock_is_gone_after_the_next_run_although_a_template_is_wrong"),
    Mutation("where the tracking ref was is noted", "checkout/notes.py",
             "[[branch, start, commit, tracking]]", "[[branch, start, commit, None]]",
             test=f"{_MOVING}test_a_tracking_ref_that_a_kill_left_behind_follows_with_the_next_run"),
    Mutation("a new file outside a sparse checkout is left out", "follow.py",
             "        out |= outside(repo, runner, moves, scratch)\n", "",
             test=f"{_MOVING}test_a_new_file_outside_a_sparse_checkout_comes_into_the_index_alone"),
    Mutation("a person's file outside a sparse checkout is no absent one", "moving/outside.py",
             "for path in out if look.look(repo.top, path) is None", "for path in out",
             test=f"{_MOVING}test_a_persons_file_outside_a_sparse_checkout_stays_where_a_new_one_would_be"),
    Mutation("what a sparse checkout leaves out is asked again under the lock", "swap_index.py",
             "        self._leaves_out_the_same()\n\n", "\n",
             test=f"{_MOVING}test_what_a_sparse_checkout_leaves_out_is_what_it_leaves_out_in_the_end"),
    Mutation("what comes into the index alone is noted", "swap_files.py",
             "        self._note_left_out()\n\n", "\n",
             test=f"{_MOVING}test_a_new_file_outside_a_sparse_checkout_comes_after_a_kill_too"),
    Mutation("what a sparse checkout leaves out keeps its mark", "swap_index.py",
             "        self._leave_out(runner)\n", "",
             test="tests/targets/test_odd_repositories.py::"
             "test_what_a_sparse_checkout_leaves_out_is_no_difference_and_follows"),
    Mutation("a git folder on another file system is known for one", "standing.py",
             "return os.stat(repo.git_dir).st_dev == os.stat(repo.top).st_dev", "return True",
             test=f"{_MOVING}test_a_git_folder_on_another_file_system_is_told_before_and_after"),
    Mutation("an impossible date is not believed", "objects/messages.py",
             "return said if said < _LATEST else 0", "return said",
             test="tests/objects/test_messages.py"),
    Mutation("the identity of the environment counts", "git/person.py",
             'name = os.environ.get(f"GIT_{kind.upper()}_NAME") or settings', "name = settings",
             test="tests/targets/test_identity.py::test_the_identity_of_the_environment_is_used"),
    # --- reviews
    Mutation("the lease on the branch of a review", "receive_pack.py",
             "_request(update, _HERE)",
             "_request(Update(update.ref, (folder / update.ref).read_text().strip() if (folder / update.ref).exists()"
             " else update.old, update.new, update.pack), _HERE)",
             "a review: a person acts on it", "a colleague commits*", "review again"),
    Mutation("the lease under which the branch of a review is deleted", "store/push.py",
             'f"--force-with-lease={held.ref}:{held.old or \'\'}"', '"--force"',
             "a review: a person acts on it", "a colleague commits*", "review overtaken"),
    Mutation("a review is known again by the commit on its branch", "planning/proposals.py",
             "    if standing.taken_over:\n", "    if False:\n",
             test="tests/forges/test_life_of_a_proposal.py::"
             "test_a_proposal_that_a_person_took_over_is_never_overwritten"),
    Mutation("a review is looked for before one is opened", "forges/asking.py",
             "    there = _open(found)\n    if there is not None:", "    there = None\n    if there is not None:",
             test=f"{_GITHUB}test_the_pull_request_follows_what_changes"),
    Mutation("a review is closed only if it has the commit that we know of", "forges/asking.py",
             "        if moved(there, head):", "        if False:",
             test=f"{_GITHUB}test_a_review_with_a_commit_that_came_after_our_look_is_not_closed"),
    Mutation("the last look before review close and review merge", "fleet/reviews.py",
             "if order.act is not Act.COMMENT and not _is_as_seen(asked, place, one):", "if False:",
             test=f"{_GITHUB}test_review_does_nothing_to_a_commit_that_it_has_not_looked_at"),
    Mutation("a review that a person ends meanwhile is not opened again", "forges/asking.py",
             "if known is not None and known.state is ReviewState.OPEN and any(", "if known is None and any(",
             test=f"{_GITHUB}test_a_review_that_is_closed_while_it_is_updated_is_not_opened_again"),
    Mutation("a review that could not be closed is tried again", "targets/branch/propose.py",
             "replace(standing, done=not (done.left or branch.again))", "replace(standing, done=True)",
             test=f"{_GITHUB}test_a_review_that_could_not_be_closed_keeps_its_branch_and_is_closed_by_the_next_run",
             also=(("targets/branch/propose.py", "Cleared() if standing.ref or done.left else",
                    "Cleared() if standing.ref else"),)),
    # --- decisions
    Mutation("what was decided to be kept is noted", "store/keeping.py",
             "    if not keeps:\n        return\n    memo", "    if keeps or not keeps:\n        return\n    memo",
             test=f"{_NAMED}test_a_run_that_says_that_a_file_is_kept_has_noted_it_on_the_disk"),
    Mutation("what was decided is on the disk before it is told", "store/keeping.py",
             "    store.memory.write_at_once()\n    waiting", "    waiting",
             test=f"{_NAMED}test_a_run_that_says_that_a_file_is_kept_has_noted_it_on_the_disk"),
    Mutation("what was decided about a shared file holds, whatever was asked since", "targets/folder/record.py",
             "kept=self.kept, held=self.held, agreed", "agreed",
             test="tests/targets/test_branch_and_folder.py"),
    Mutation("a target on hold is not written", "planning/writable.py",
             "    if step.frozen:\n        return _outcome(", "    if False:\n        return _outcome(",
             test=f"{_HOLDS}test_a_target_that_the_inventory_holds_is_left_alone"),
    # --- templates and the inventory
    Mutation("a template is changed only over what was read", "targets/folder/sources.py",
             "            writer.write(changes)\n",
             "            for one in changes:\n                (root / one.path).write_bytes(one.after.content)\n",
             test=f"{_NAMED}test_a_template_that_is_edited_while_a_change_is_taken_stays_as_it_was_edited"),
    Mutation("what is being written is no template", "rendering/templates.py", r" | \.rollout-.*", "",
             test="tests/targets/test_odd_places.py"),
    Mutation("what a killed take left is cleared away before templates are read", "fleet/load.py",
             "    return [note for top in tops for note in sources.clear(state, top)]", "    return []",
             test=f"{_NAMED}test_a_killed_take_leaves_its_template_whole_and_nothing_that_is_taken_for_one"),
    Mutation("nothing is taken back while its review is open", "targets/branch/propose.py",
             "    if not done.left:  # what", "    if True:  # what",
             test="tests/forges/test_reverted.py::"
             "test_nothing_is_taken_back_while_its_review_cannot_be_closed"),
    # --- what is inside a file
    Mutation("a value that had become others' own comes back", "content/documents/ours/fold_writes.py",
             "        elif self._became_theirs(", "        elif False and self._became_theirs(",
             test="tests/content/documents/test_values_given_up.py"),
    Mutation("what others wrote around our part is asked for", "content/modes/whole.py",
             "    if (at.written.share and not at.written.alone) or _around_our_block(at.item, at.written.file):",
             "    if False:",
             test="tests/content/test_changed_modes.py::"
             "test_what_others_wrote_around_our_part_is_asked_for_before_the_file_is_written_whole"),
    Mutation("a file that once left to others is not ours", "content/modes/once.py",
             "    return None\n\n\n__all__", "    return TakenOver(_actual)\n\n\n__all__",
             test="tests/content/test_changed_modes.py::"
             "test_a_file_that_once_left_to_others_is_asked_for_whatever_else_a_run_wrote"),
    Mutation("only a file that was written whole goes with what it says of others' text", "content/modes/share.py",
             "    return written.alone and not", "    return not",
             test="tests/content/test_absent.py::test_a_shared_file_that_becomes_absent_keeps_what_others_wrote"),
    Mutation("what absent left to others is not deleted by a second run", "content/modes/share.py",
             "    if at.written.share is FileShare.NONE:", "    if False:",
             test="tests/content/test_changed_modes.py::test_lines_that_absent_left_to_others_are_never_deleted_later"),
    Mutation("what absent left to others does not count as ours", "store/last_written.py",
             "takewhile(lambda touch: touch.share is not FileShare.NONE, mine)", "takewhile(lambda touch: True, mine)",
             test="tests/store/test_past_writes.py::test_what_a_write_left_to_others_is_not_ours_any_more"),
    Mutation("what others had is not ours where a template says it again", "model/own_writes.py",
             "(whole and _others_never_had_it(writes))", "whole",
             test="tests/content/test_whole_to_block.py::"
             "test_what_others_had_and_a_template_said_again_does_not_become_the_block"),
    Mutation("what others made of a commit of ours in writing history anew is theirs", "store/gone.py",
             "touches[0].after == there", "True",
             test="tests/targets/test_rewritten_upstream.py::"
             "test_a_text_that_others_wrote_in_a_rewrite_stays_theirs"),
    Mutation("what others brought back after a newer write of ours is theirs", "store/gone.py",
             "if not runs <= {touch.run for touch in mine}:", "if False:",
             test="tests/store/test_gone.py::test_what_others_brought_back_after_a_newer_write_is_theirs"),
    Mutation("what was ours in a commit of others is ours where upstream has that commit", "store/gone.py",
             "touch.at is None or not upstream.reaches(touch.at)", "touch.at is None",
             test="tests/store/test_gone.py::"
             "test_a_commit_of_others_that_upstream_has_no_more_makes_nothing_ours"),
    Mutation("a note that ended comes back where upstream has its commit", "store/noted.py",
             "while ended is not None and not reaches(ended.note.commit):", "while False:",
             test="tests/targets/test_equal_files.py::"
             "test_equal_bytes_of_another_commit_are_theirs_when_our_write_is_taken_back"),
    Mutation("what others deleted while a commit of ours waited is theirs", "store/gone.py",
             "return here if here == offered else", "return here if here else",
             test="tests/store/test_gone.py::"
             "test_a_deletion_that_we_offered_arrived_with_all_the_rest_or_not_at_all"),
    Mutation("a proposal from before our newest write makes nothing ours", "store/gone.py",
             "(last is None or last.after == one.before or follows(last))", "True",
             test="tests/store/test_gone.py::test_a_proposal_from_before_our_newest_write_makes_nothing_ours"),
    Mutation("a run is undone that was named, and no other", "ledger/ledger.py",
             'self._ask("one_run", run=name)', 'self._ask("one_run", run=name.replace("%", ""))',
             test="tests/cli/test_names_meant.py::"
             "test_what_stands_for_any_text_elsewhere_names_no_run_to_give_back"),
    Mutation("what a revert gave back on a branch is whose it was", "store/history.py",
             "return self.share is FileShare.GIVEN_BACK", "return False",
             test="tests/planning/test_given_back.py::"
             "test_a_file_that_was_taken_over_by_mistake_is_its_persons_again"),
    Mutation("what others changed since a revert is asked for where it is released", "planning/keeping.py",
             "if not (decisions.release and back and noted == item.asks):", "if not decisions.release:",
             test="tests/planning/test_given_back.py::"
             "test_what_is_released_is_written_over_again_but_not_what_others_changed_since"),
    Mutation("what a revert gave back in a folder is whose it was", "targets/folder/record.py",
             "= self._given_back(announced) if announced.share is FileShare.GIVEN_BACK else", "=",
             test="tests/planning/test_given_back.py::"
             "test_a_file_that_was_taken_over_by_mistake_is_its_persons_again"),
    Mutation("nobody gains by a file that comes back with another owner or group", "machine/replace.py",
             "mode, lacking = before.safe(mode, now), before.lacking(now)", "lacking = before.lacking(now)",
             test="tests/planning/test_given_back.py::"
             "test_what_cannot_be_given_back_is_said_and_nobody_gains_by_it"),
    Mutation("an empty folder that rollout did not make stays", "made_folders.py",
             "            if str(above) not in made:\n                break\n", "",
             test="tests/planning/test_given_back.py::test_folders_that_a_run_made_go_with_its_revert"),
    Mutation("names of files are UTF-8 in every locale", "file_names.py",
             'elif sys.getfilesystemencoding() != "utf-8":', "elif False:",
             test="tests/cli/test_locales.py::test_a_name_is_the_same_in_every_locale"),
    Mutation("lines of others in a text that was written whole are not written over", "content/modes/block_sight.py",
             "return (text + b\"\\n\", (0, len(text) + 1)) if text else None", "return None",
             test="tests/content/test_whole_to_block.py::"
             "test_where_it_is_not_clear_what_is_left_of_a_whole_file_no_block_is_written"),
    Mutation("a commit of ours says which files it wrote in part", "objects/messages.py",
             "for change in made if change.share]", "for change in made if False]",
             test="tests/content/test_changed_modes.py::"
             "test_what_others_wrote_is_asked_for_after_our_part_was_taken_out"),
    Mutation("the record of a folder says which files we wrote in part", "targets/folder/write.py",
             "            share=change.share,", "            share=None,",
             test="tests/content/test_changed_modes.py::"
             "test_what_others_wrote_is_asked_for_after_our_part_was_taken_out"),
    Mutation("an entry of others stays when match leaves the rule", "content/documents/earlier_match.py",
             "    if not earlier:", "    if True:",
             test="tests/content/test_changed_rules.py::"
             "test_an_entry_of_others_stays_when_match_leaves_the_rule"),
    Mutation("an entry of others into which we wrote is not ours", "content/documents/ours/finer.py",
             "    if not theirs:\n", "    if True:\n",
             test="tests/content/test_changed_rules.py::test_entries_of_others_without_a_name_stay_too"),
    Mutation("a header under which others wrote stays", "content/documents/uniting/united.py",
             "bool(parts) and all(headers)", "bool(parts)",
             test="tests/content/documents/test_toml_headers.py::test_a_header_under_which_others_wrote_stays"),
    Mutation("an entry that got the name of one of ours is not ours", "content/documents/ours/finer.py",
             " or _says(entry.value, self.theirs, place, match)", "",
             test="tests/content/test_changed_rules.py::"
             "test_an_entry_of_others_is_not_ours_because_it_got_what_named_one_of_ours"),
    Mutation("a list of others is not ours where an INI file reads it as one text", "content/documents/ours/finer.py",
             "    return meaning(last) != meaning(had) != meaning(after)", "    return False",
             test="tests/content/test_changed_rules.py::"
             "test_what_others_wrote_into_a_list_stays_when_its_file_is_read_as_ini"),
    Mutation("an entry that got another key of match is not ours with what others wrote",
             "content/documents/ours/finer.py",
             "if not _wrote(ours, here, one)}", "if False}",
             test="tests/content/test_changed_rules.py::"
             "test_what_a_person_wrote_into_an_entry_is_asked_for_where_match_names_it_by_another_key"),
    Mutation("what came while an entry of ours went with a key of others is ours",
             "content/documents/ours/finer.py",
             "        if here in ours.added:", "        if False:",
             test="tests/content/documents/test_entries_taken_away.py::"
             "test_what_rollout_writes_while_it_takes_an_entry_away_goes_again_when_it_leaves_the_template"),
    Mutation("an entry of others whose number changed is theirs", "content/documents/ours/finer.py",
             "_named(place[-1], entry) in self.staying or ", "",
             test="tests/content/documents/test_entries_taken_away.py::"
             "test_an_entry_of_a_person_with_the_same_name_stays_and_nothing_of_ours_does"),
    Mutation("a key in brackets is no entry of a list", "content/documents/match.py",
             "(one is ENTRY and isinstance(step, ListEntry))", "one is ENTRY",
             test="tests/content/documents/test_keys_in_brackets.py::"
             "test_a_list_below_a_key_is_not_the_one_in_an_entry"),
    Mutation("a key in brackets is recorded as a key", "content/documents/key_path.py",
             'return f"\\\\{step}" if _looks_like_an_entry(step) else step', "return step",
             test="tests/content/documents/test_keys_in_brackets.py::"
             "test_a_value_that_was_as_it_should_be_and_changed_stays_known"),
    Mutation("lines of others stay where the format of their file is not known", "content/modes/share.py",
             "    if others is not None:", "    if False:",
             test="tests/content/test_changed_rules.py::"
             "test_absent_without_the_format_takes_back_only_our_lines"),
    Mutation("blank lines of others stay where our key goes", "content/documents/ours/lines_above.py",
             "len(lines) - min(count, len(lines))", "0",
             test="tests/content/documents/test_created_documents.py::"
             "test_blank_lines_of_others_stay_where_a_key_goes"),
    Mutation("comments of others that stood there before are no markers of ours", "content/earlier_markers.py",
             "for line in gone}:", "for line in gone[:0]}:",
             test="tests/content/documents/test_comments_in_values.py::test_two_that_are_alike_are_no_markers_of_a_block"),
    Mutation("a block that says a key again stays where others changed it", "content/modes/said_again.py",
             "    return was == now", "    return True",
             test="tests/content/test_changed_modes.py::"
             "test_a_block_that_says_a_key_again_and_that_others_changed_stays"),
    Mutation("a write that replaced lines of others is not undone by lines", "content/modes/our_lines.py",
             "        if foreign - now:", "        if False:",
             test="tests/content/test_changed_rules.py::"
             "test_absent_asks_and_names_the_format_where_it_is_not_clear_which_lines_are_ours"),
    Mutation("others' part stays where ours cannot be taken out of a document", "content/modes/share.py",
             "    if without is not None and not all_ours:", "    if False:",
             test="tests/content/test_absent.py::"
             "test_what_others_wrote_stays_where_our_keys_cannot_be_taken_out_of_it"),
    Mutation("a table that others took their part out of goes with our keys", "content/documents/ours/past.py",
             "if filled and place not in", "if False and place not in",
             test="tests/content/documents/test_toml_implied.py::"
             "test_what_others_took_their_part_out_of_is_written_anew_and_goes"),
    Mutation("keys that others had stay when their file becomes absent", "content/modes/share.py",
             "    if at.written.keys_only and not at.written.ours:", "    if False:",
             test="tests/content/test_absent.py::test_keys_that_others_had_stay_when_their_file_becomes_absent"),
    Mutation("a comment of a person stays where one of ours says the same", "content/documents/foreign_comments.py",
             "    if all(often[text] <= count for", "    if True or all(often[text] <= count for",
             test="tests/content/documents/test_comments_above_keys.py::"
             "test_the_head_of_a_file_is_ours_only_where_we_created_it"),
    Mutation("a comment of a person above a key of ours stays alone", "content/documents/comment_above.py",
             "head.ends_with(last) and (last or not head.lines):", "head.ends_with(last):",
             test="tests/content/documents/test_comments_above_keys.py::test_a_comment_that_moved_to_another_key_stays_there"),
    Mutation("a comment of a person behind a value of ours stays", "content/documents/comment_behind.py",
             "if found in foreign or", "if",
             test="tests/content/documents/test_comments_behind_values.py::test_a_comment_of_a_person_stays"),
    Mutation("lines that only name a block are not its earlier markers", "content/earlier_markers.py",
             "    return form if _only_blocks(lines, replace(spot, custom=form)) else None", "    return form",
             test="tests/content/test_changed_markers.py::"
             "test_lines_that_name_the_block_in_a_file_of_another_mode_are_text"),
    Mutation("a block of others is not overwritten when ours gets its id", "content/modes/block_sight.py",
             "    our_blocks.refuse_others(at.actual.content, ours or (), spot)", "    pass",
             test="tests/content/test_changed_markers.py::"
             "test_a_block_of_others_is_not_overwritten_when_ours_gets_its_id"),
    Mutation("an id that others gave our block is not turned back without a question", "content/blocks.py",
             "or ([] if known else alike)", "or alike",
             test="tests/content/test_changed_markers.py::test_another_id_that_a_person_gave_it_is_asked_about"),
    Mutation("a block of others is not ours where ours is not known", "content/blocks.py",
             " if written is None or name in written]", "]",
             test="tests/content/test_changed_markers.py::"
             "test_a_block_of_others_is_not_ours_where_the_markers_of_ours_are_not_known"),
    Mutation("lines of others beside a changed text without markers are not ours", "content/unmarked.py",
             "    return not text or (len(text) == last - first and all(map(_alike, old[first:last], text)))",
             "    return True", test="tests/content/test_unmarked_blocks.py::"
             "test_where_it_is_not_clear_which_lines_are_ours_nothing_is_overwritten"),
    Mutation("a changed text whose place is not clear is not written over", "planning/drift.py",
             "fault = strategy(at.item.mode).unclear(at)", "fault = None",
             test="tests/content/test_unmarked_blocks.py::"
             "test_where_it_is_not_clear_which_lines_are_ours_nothing_is_overwritten"),
    Mutation("absent leaves a changed text whose place is not clear", "content/modes/absent.py",
             "    return rest(at).unclear", "    return None",
             test="tests/content/test_absent.py::"
             "test_lines_of_others_in_a_text_that_was_taken_over_stay_until_markers_say_whose_they_are"),
    Mutation("a text that was taken over and that others changed does not go unasked", "content/modes/share.py",
             "replace(found, drifted=True)\n    return", "found\n    return",
             test="tests/content/test_absent.py::"
             "test_a_text_that_was_taken_over_as_a_block_and_changed_since_is_drift"),
    Mutation("a file is not all ours where others wrote beside what was overwritten", "planning/shares.py",
             "after == made_anew", "True",
             test="tests/content/test_changed_modes.py::"
             "test_a_file_is_not_all_ours_where_others_wrote_beside_what_was_overwritten"),
    Mutation("markers of a template's own are drift where others took them out", "content/modes/our_blocks.py",
             "*texts(item.body, spot)}", "}",
             test="tests/content/test_changed_modes.py::"
             "test_markers_that_a_template_holds_itself_are_drift_where_others_took_them_out"),
    Mutation("a saved plan does not overwrite a changed text whose place is not clear", "planning/drift.py",
             "after = wanted if fault is None else at.actual", "after = wanted",
             test="tests/content/test_whole_to_block.py::"
             "test_where_nothing_can_be_written_nothing_is_shown_and_only_keep_is_offered"),
    Mutation("drift in a block without markers is seen where its set was renamed", "content/modes/block_sight.py",
             "return found.values() if not self.there and", "return () if not self.there and",
             test="tests/content/test_unmarked_blocks.py::"
             "test_what_a_person_changed_in_it_is_drift_where_its_set_was_renamed"),
    Mutation("a block is known again without its markers where its set was renamed", "content/modes/block_sight.py",
             "return [found[name]] if name is not None and", "return [] if name is not None and",
             test="tests/content/test_blocks_without_their_markers.py::"
             "test_what_a_person_changed_in_it_is_drift_and_overwritten_where_it_stands"),
    Mutation("a block that went with its markers is appended", "content/modes/our_blocks.py",
             "if unmarked.is_gone(*before, content):", "if False:",
             test="tests/content/test_blocks_without_their_markers.py::"
             "test_a_block_that_went_with_its_markers_is_appended_if_that_is_wanted"),
    Mutation("keys that name the same word are no markers", "content/marker_words.py",
             "not keys and differing(ends) in {0, 1}", "True",
             test="tests/content/test_changed_markers.py::"
             "test_keys_that_name_the_same_word_are_no_markers_where_the_format_is_not_known_any_more"),
    Mutation("an entry of others is no marker of an earlier block", "content/earlier_markers.py",
             " and not _is_content(spot, last)", "",
             test="tests/content/test_changed_markers.py::test_an_entry_that_names_the_set_is_no_marker"),
    Mutation("a key that both sides added is a conflict", "content/modes/merge.py",
             "    if line is not None:", "    if False:",
             test="tests/content/documents/test_accepted_merges.py::"
             "test_a_key_that_both_sides_added_is_a_conflict_and_never_stands_twice"),
    Mutation("an entry of ours with a key of others in it is asked for", "content/modes/merge.py",
             " or bool(_torn(at, actual))", "",
             test="tests/content/documents/test_entries_that_leave.py::"
             "test_it_waits_too_where_rollout_wrote_beside_the_persons_key_since"),
    Mutation("an entry of ours with a key of others in it is not merged away", "content/modes/merge.py",
             "    if _torn(at, actual):", "    if False:",
             test="tests/content/documents/test_entries_that_leave.py::"
             "test_it_waits_too_where_rollout_wrote_beside_the_persons_key_since"),
    Mutation("a key that both changed is no one's to decide", "content/documents/by_key.py",
             "if changes.meet() or", "if",
             test="tests/content/documents/test_merged_by_key.py::test_a_key_that_both_changed_is_a_conflict"),
    Mutation("a key in what a person took out is a conflict", "content/documents/by_key.py",
             " or _other_holders(sides, changes, kind)", "",
             test="tests/content/documents/test_accepted_merges.py::"
             "test_a_key_that_both_sides_added_is_a_conflict_and_never_stands_twice"),
    Mutation("the rest of a document that was taken over is asked for", "content/modes/whole.py",
             "    if at.written is None or at.written.keys_only:", "    if at.written is None:",
             test="tests/content/documents/test_taken_over_documents.py::"
             "test_the_rest_of_a_document_stays_others_in_every_mode"),
    Mutation("a file whose lines end with a CR alone is refused", "content/documents/merged_file.py",
             "_LONE_CR.search(content)", "None",
             test="tests/content/documents/test_lone_cr.py::"
             "test_a_line_that_ends_with_a_cr_alone_is_refused_with_the_way_out"),
    Mutation("what a decision writes is judged", "targets/checked.py",
             "for item in desired.managed if changes else ():", "for item in ():",
             test="tests/targets/test_written_by_decisions.py::test_a_merge_keeps_to_the_rules_of_its_file"),
    # --- reverts
    Mutation("a revert that was stopped brings the checkout along", "targets/branch/past.py",
             "follow=_lags(found.step, at, where, tip)", "follow=False",
             test=f"{_HOLDS}test_a_revert_that_was_stopped_after_its_push_moves_the_checkout_when_it_is_run_again"),
    Mutation("a revert after another one is on hold", "store/history.py",
             "before=now, after=before,", "before=last.after, after=last.before,",
             test="tests/cli/test_reverted_in_order.py::test_the_second_of_two_reverts_is_on_hold_too"),
    Mutation("a revert leaves alone what others changed since", "planning/undo.py",
             "if path in there and path not in stays", "if path not in stays",
             test="tests/cli/test_reverted_in_part.py::test_a_file_that_somebody_changed_is_left_alone_and_named"),
    Mutation("a revert puts nothing in the place of what it leaves alone", "planning/undo.py",
             "return bool(back) and apart", "return bool(back)",
             test="tests/cli/test_reverted_in_part.py::"
             "test_a_file_is_not_put_back_where_a_file_of_others_is_in_the_way"),
)  # fmt: skip


def sources(program: Path) -> dict[Path, str]:
    """Return the texts of all modules of a program."""
    return {file: file.read_text() for file in sorted(program.rglob("*.py"))}


def module(program: Mapping[Path, str], name: str, text: str) -> Path:
    """Return the one module that a text stands in, wherever in the program it is; its name helps where two have it."""
    having = [file for file, source in program.items() if text in source]
    named = [file for file in having if file.name == name]
    for found in (named, having):
        if len(found) == 1:
            return found[0]
    raise LookupError(f"{text!r} stands in {len(having)} modules; mend the mutation")


def changed(mutation: Mutation, program: Mapping[Path, str]) -> dict[Path, str]:
    """Return the texts of the modules without the guard; raise LookupError if it is not there any more."""
    texts: dict[Path, str] = {}
    for name, old, new in mutation.changes():
        try:
            file = module(program, name, old)
        except LookupError as error:
            raise LookupError(f"{mutation.guard}: {error}") from error
        texts[file] = texts.get(file, program[file]).replace(old, new)
    return texts


def caught(mutation: Mutation, place: Path, most: int = 60, seconds: float = 60) -> str | None:
    """Return the first violation that was found in the mutated program, or None."""
    for name in ("rollout", "tests", "templates"):
        shutil.copytree(_ROOT / name, place / name, dirs_exist_ok=True)
    for name in ("inventory.yaml", "inventory.schema.json", "pyproject.toml"):
        shutil.copy(_ROOT / name, place)
    for file, text in changed(mutation, sources(place / "rollout")).items():
        file.write_text(text)
    return _failed_test(mutation, place) if mutation.test else _violation(mutation, place, most, seconds)


def _run(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(place)}
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=place, env=environment, capture_output=True, text=True, check=False
    )


def _failed_test(mutation: Mutation, place: Path) -> str | None:
    done = _run(place, "pytest", "-q", "-x", "-p", "no:randomly", mutation.test)
    if done.returncode not in {0, 1}:
        raise RuntimeError(f"{mutation.guard}: the test could not be run: {done.stdout[-900:]}{done.stderr[-300:]}")
    return next((line for line in done.stdout.splitlines() if line.startswith("FAILED")), None)


def _violation(mutation: Mutation, place: Path, most: int, seconds: float) -> str | None:
    chosen = {"--kinds": mutation.kind, "--deed": mutation.deed, "--story": mutation.story, "--where": mutation.where,
              "--most": str(most), "--seconds": str(seconds)}  # fmt: skip
    if mutation.repeat:
        chosen = {"--repeat": mutation.repeat, "--times": "3", "--jobs": "1"}
    done = _run(place, "tests.faults.sweep", "--first", *(word for option in chosen.items() for word in option))
    lines = [line for line in done.stderr.splitlines() if line.startswith("VIOLATION")]
    if done.returncode not in {0, 1} or (done.returncode == 1 and not lines):
        raise RuntimeError(f"{mutation.guard}: the sweep failed: {done.stderr[-900:]}")
    return lines[0] if lines else None


def _cannot_be_made(mutation: Mutation) -> bool:
    watching = kinds.chosen(kinds.KINDS, mutation.kind) if mutation.kind else ()
    return bool(watching) and all(kind.refusal() for kind in watching)


def main() -> int:
    program = sources(_ROOT / "rollout")
    for mutation in MUTATIONS:  # all of them first: one that does not fit must not be found out in half an hour
        changed(mutation, program)
        _cannot_be_made(mutation)
    missed = 0
    for mutation in MUTATIONS:
        if not any(word in mutation.guard for word in sys.argv[1:] or [""]):
            continue
        if _cannot_be_made(mutation):
            print(f"skipped: without {mutation.guard}: its experiments cannot be made here", flush=True)
            continue
        started, place = time.monotonic(), rooms()
        try:
            found = caught(mutation, place)
        finally:
            shutil.rmtree(place, ignore_errors=True)
        missed += found is None
        verdict = f"{'caught' if found else 'MISSED'} in {time.monotonic() - started:.0f} s"
        print(f"{verdict}: without {mutation.guard}: {(found or '')[:300]}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
